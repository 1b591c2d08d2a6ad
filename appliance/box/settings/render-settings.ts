// Files for other programs, from the settings that hold. Pure.
import { WRITTEN_BY_APPLY } from '../../../agent/settings/parse.ts'
import { type SettingName, settingsTable } from '../../../agent/settings/table.ts'
import { type BoxSettings, formatStated, type ParsedMember } from './box-settings.ts'

const agentNames = Object.keys(settingsTable) as SettingName[]

/** The settings file of the agent: what the image brings, and over it what the member states. */
export function renderAgentSettings(image: ParsedMember['stated'], member: ParsedMember['stated']): string {
  const said = [...member].filter(([, { value }]) => value !== '')
  const merged = new Map([...image, ...said])
  return `${WRITTEN_BY_APPLY}: change settings on the console of the box, or on its partition CYBERALARM.\n${formatStated(merged, agentNames)}`
}

/** What is kept of a member's text. */
export const renderKept = (member: ParsedMember['stated']): string =>
  `# The settings in use, as they were last accepted. Written by cyberalarm-box apply.\n${formatStated(member)}`

/** NTP sources in chrony's words (chrony.conf(5), sourcedir); those of the image where the member names none. */
export const renderTimeSources = (settings: BoxSettings, ofImage: string): string =>
  settings['time.servers'].length === 0 ? ofImage : settings['time.servers'].map(server => `server ${server} iburst\n`).join('')
