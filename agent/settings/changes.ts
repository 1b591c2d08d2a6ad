// Which settings differ, and which of them a running agent can take up. Pure.
import { allSettings, type SettingName, type Settings } from './table.ts'

export interface Changes {
  readonly running: readonly SettingName[]
  readonly restart: readonly SettingName[]
}

const needRestart: ReadonlySet<string> = new Set(allSettings.filter(({ needsRestart }) => needsRestart === true).map(({ name }) => name))

export function changesOf(before: Settings, after: Settings): Changes {
  const names = Object.keys(before) as SettingName[]
  const changed = names.filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  return { running: changed.filter(name => !needRestart.has(name)), restart: changed.filter(name => needRestart.has(name)) }
}
