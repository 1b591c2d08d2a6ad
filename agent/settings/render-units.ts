// What systemd has to know before the agent runs: which sockets to open, which groups of the packet log. One line a setting,
// the name and its words with one blank between, and nothing where the default holds. Pure.
import { allSettings, type SettingName, type Settings } from './table.ts'

export function renderUnits(values: Settings): string {
  return allSettings
    .filter(({ isForUnits }) => isForUnits === true)
    .map(({ name, default: fallback }) => ({ name, fallback, value: [values[name as SettingName]].flat().join(' ') }))
    .filter(({ value, fallback }) => value !== fallback)
    .map(({ name, value }) => `${name} ${value}\n`)
    .join('')
}
