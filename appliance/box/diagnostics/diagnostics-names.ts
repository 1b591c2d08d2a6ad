// Names of machines of the member that a text about this box may hold: its own, and those of its settings.
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { allSettings } from '../../../agent/settings/table.ts'
import { valuesOf } from '../console/settings-text.ts'
import { boxPathsBelow } from '../paths.ts'

export function namesOfBox(root: string): string[] {
  const { member } = boxPathsBelow(root)
  const values = existsSync(member) ? valuesOf(readFileSync(member, 'utf8')) : {}
  const stated = allSettings
    .filter(({ holdsNames }) => holdsNames === true)
    .flatMap(({ name }) => (values[name] ?? '').replace(/^\w+:\/\//, '').split(/[\s,:/@]+/))
  const own = [hostname(), ...stated].flatMap(name => [name, name.split('.')[0]])
  // addresses are taken out as addresses
  return own.filter(name => /[A-Za-z]/.test(name))
}
