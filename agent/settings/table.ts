// The one table of settings. Help of the command line, the properties of a virtual machine, the forms of the console, the
// templates of settings files and docs/settings.md are made from it; a new setting is one row.
import { Failure } from '../errors.ts'
import { parseTable, type SettingFault, type SettingValues } from './parse.ts'
import { enrolment } from './rows/enrolment.ts'
import { listening } from './rows/listening.ts'
import { network } from './rows/network.ts'
import { organisation } from './rows/organisation.ts'
import { storage } from './rows/storage.ts'
import { updates } from './rows/updates.ts'
import type { Form, Setting } from './setting.ts'

const rows = { ...enrolment, ...organisation, ...network, ...listening, ...storage, ...updates }

type Rows = typeof rows
type OfScope<S extends Setting['scope']> = { readonly [Name in keyof Rows as Rows[Name]['scope'] extends S ? Name : never]: Rows[Name] }
const ofScope = (scope: Setting['scope']) => Object.fromEntries(Object.entries(rows).filter(([, row]) => row.scope === scope))

export interface NamedSetting extends Setting {
  readonly name: string
}

/** All rows, in the order in which people are shown them. */
export const allSettings: readonly NamedSetting[] = Object.entries(rows).map(([name, row]) => ({ name, ...row }))
export const settingsOf = (form: Form): readonly NamedSetting[] => allSettings.filter(({ forms }) => forms?.includes(form) === true)

/** What the agent reads, on every machine. */
export const settingsTable = ofScope('agent') as OfScope<'agent'>
/** What only the appliance reads besides. */
export const boxSettingsTable = ofScope('box') as OfScope<'box'>

export type SettingName = keyof typeof settingsTable
export type Settings = SettingValues<typeof settingsTable>

const notices = new WeakMap<Settings, readonly string[]>()
/** What is not in use of the text that these settings were read from, for people. */
export const noticesOf = (settings: Settings): readonly string[] => notices.get(settings) ?? []

/** Settings from the text of a settings file (empty text: all defaults). Failure 'settings-wrong' tells every fault with its line. */
export function parseSettings(text: string, file = 'cyberalarm.conf'): Settings {
  const { values, faults, unknown } = parseTable(settingsTable, text, file)
  const all = faults.length > 0 ? faults : tlsFaults(values, file)
  if (all.length > 0) throw new Failure('settings-wrong', all.map(fault => fault.text).join('\n'))
  notices.set(
    values,
    unknown.map(({ text }) => text),
  )
  return values
}

/** What no single setting can say of itself. */
export function tlsFaults(values: Pick<Settings, 'syslog.tls.certificate' | 'syslog.tls.key'>, file: string): SettingFault[] {
  if ((values['syslog.tls.certificate'] === '') === (values['syslog.tls.key'] === '')) return []
  const problem = 'syslog.tls.certificate and syslog.tls.key are set together, or neither'
  return [{ line: 0, setting: '', problem, text: `${file}: ${problem}` }]
}
