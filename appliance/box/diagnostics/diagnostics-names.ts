// Names of machines of the member that a text about this box may hold: its own, and those of its settings.
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { secretsOf } from '../../../agent/lib/redact.ts'
import { allSettings } from '../../../agent/settings/table.ts'
import { valuesOf } from '../console/settings-text.ts'
import { boxPathsBelow } from '../paths.ts'

function valuesOfBox(root: string): ReturnType<typeof valuesOf> {
  const { member } = boxPathsBelow(root)
  return existsSync(member) ? valuesOf(readFileSync(member, 'utf8')) : {}
}

/** Secrets among its settings, in each form that a text may hold them in. */
export const secretsOfBox = (root: string): string[] => secretsOf(valuesOfBox(root)['uplink.proxy'] ?? '')

export function namesOfBox(root: string): string[] {
  const values = valuesOfBox(root)
  const stated = allSettings
    .filter(({ holdsNames }) => holdsNames === true)
    .flatMap(({ name }) => (values[name] ?? '').replace(/^\w+:\/\//, '').split(/[\s,:/@]+/))
  const own = [hostname(), ...stated].flatMap(name => [name, name.split('.')[0]])
  // addresses are taken out as addresses
  return own.filter(name => /[A-Za-z]/.test(name))
}
