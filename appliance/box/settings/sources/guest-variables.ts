// Variables that VMware hands to a guest, read and set with vmware-rpctool of open-vm-tools. It tells a variable that is not set
// and a machine that is not VMware's with the same exit code, and only the words differ.

import type { RunTool } from '../../tools.ts'
import { ENVIRONMENT_MAX_CHARACTERS } from './ovf-environment.ts'

export type Variable = { readonly kind: 'value'; readonly value: string } | { readonly kind: 'none' } | { readonly kind: 'absent' }

export async function getVariable(run: RunTool, name: string): Promise<Variable> {
  const result = await run('vmware-rpctool', [`info-get ${name}`], { maxBytes: 4 * ENVIRONMENT_MAX_CHARACTERS, timeoutMs: 5000 })
  if (result.kind !== 'done') return { kind: 'absent' }
  const value = result.out.toString('utf8').trim()
  if (result.code === 0) return value === '' ? { kind: 'none' } : { kind: 'value', value }
  return /no value found/i.test(`${value} ${result.error}`) ? { kind: 'none' } : { kind: 'absent' }
}

/** Sets a variable and reads it again; whether it now holds `value`. */
export async function setVariable(run: RunTool, name: string, value: string): Promise<boolean> {
  await run('vmware-rpctool', [`info-set ${name} ${value}`], { timeoutMs: 5000 })
  const now = await getVariable(run, name)
  return value === '' ? now.kind === 'none' : now.kind === 'value' && now.value === value.trim()
}
