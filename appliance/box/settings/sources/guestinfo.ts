// Single variables of a VMware guest, for deployments with govc, Terraform or PowerCLI: `guestinfo.cyberalarm.member.networks`,
// or without `cyberalarm.`. The tool cannot list variables, so each setting is asked for by its name, and a misspelt one is not
// seen.

import type { RunTool } from '../../tools.ts'
import { memberNames } from '../box-settings.ts'
import { getVariable, setVariable } from './guest-variables.ts'
import { type Reading, refusal, type SettingsSource } from './source.ts'

const prefixes = ['guestinfo.cyberalarm.', 'guestinfo.']

export function guestinfoSource(run: RunTool): SettingsSource {
  const read = async (): Promise<Reading> => {
    const lines: string[] = []
    const codes: string[] = []
    for (const name of memberNames) {
      for (const prefix of prefixes) {
        const variable = await getVariable(run, prefix + name)
        if (variable.kind === 'absent') return { kind: 'absent' }
        if (variable.kind === 'none') continue
        // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break in a value would be another setting
        if (/[\u0000-\u001f\u007f]/.test(variable.value)) return refusal(`${prefix}${name}: its value holds control characters`)
        lines.push(`${name} = ${variable.value}\n`)
        if (name === 'enrolment.code') codes.push(prefix + name)
        break
      }
    }
    if (lines.length === 0) return { kind: 'empty' }
    return { kind: 'text', text: lines.join(''), file: 'guestinfo', wipe: () => wipe(run, codes) }
  }
  return { name: 'guestinfo', read }
}

async function wipe(run: RunTool, names: readonly string[]): Promise<string> {
  for (const name of names)
    if (!(await setVariable(run, name, ''))) return `the code could not be wiped from ${name}: remove it from the machine's settings`
  return ''
}
