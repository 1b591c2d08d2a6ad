// What a member may set on a box: the agent's settings and those of the box itself, read by the same code with the same
// errors. One text is judged as a whole: a gateway that no address can reach is a fault of the file.
import { Failure } from '../../../agent/errors.ts'
import { networkFaults } from '../../../agent/settings/address-rules.ts'
import { type ParsedTable, parseTable, type SettingFault, type SettingValues } from '../../../agent/settings/parse.ts'
import { WIPED } from '../../../agent/settings/rows/enrolment.ts'
import { boxSettingsTable, settingsTable, tlsFaults } from '../../../agent/settings/table.ts'

/** The agent's first: of texts in this order hashes are kept on boxes (choose.ts). */
export const memberTable = { ...settingsTable, ...boxSettingsTable }
export type MemberSettings = SettingValues<typeof memberTable>
export type BoxSettings = SettingValues<typeof boxSettingsTable>
export type ParsedMember = ParsedTable<typeof memberTable>

export const memberNames: readonly string[] = Object.keys(memberTable)
const secretNames = Object.entries(boxSettingsTable).flatMap(([name, setting]) => ('secret' in setting ? [name] : []))

/** Reads a text, and judges what no line can say of itself. Never throws; `values` count only without faults. */
export function readMember(text: string, file: string): ParsedMember {
  const parsed = parseTable(memberTable, text, file)
  if (parsed.faults.length > 0) return parsed
  const { values, stated, unknown } = parsed
  const network: SettingFault[] = networkFaults(values['network.address'], values['network.gateway']).map(fault => {
    const line = stated.get('network.gateway')?.line ?? 0
    return { line, setting: 'network.gateway', problem: fault, text: `${file}:${line}: network.gateway = ${fault}` }
  })
  return { values, stated, unknown, faults: [...network, ...tlsFaults(values, file)] }
}

/** The same for callers with one text to apply. Failure 'settings-wrong' lists every fault with its line. */
export function parseMemberSettings(text: string, file = 'cyberalarm.conf'): MemberSettings {
  const { values, faults } = readMember(text, file)
  if (faults.length > 0) throw new Failure('settings-wrong', faults.map(fault => fault.text).join('\n'))
  return values
}

/** Whether a text says anything: a file of comments and empty values does not. */
export const saysNothing = ({ stated }: ParsedMember): boolean =>
  [...stated].every(([name, { value }]) => value.trim() === '' || (secretNames.includes(name) && value.includes(WIPED)))

/** What is stated, as `name = value` lines without comments, in the order of `memberTable` and without secrets. */
export function formatStated(stated: ParsedMember['stated'], names: readonly string[] = memberNames): string {
  return names
    .filter(name => !secretNames.includes(name))
    .flatMap(name => {
      const value = stated.get(name)?.value
      // in quotes, because the reader takes one pair of them away
      return value === undefined || value === '' ? [] : [`${name} = ${/^".*"$/.test(value) ? `"${value}"` : value}\n`]
    })
    .join('')
}
