// The settings file of a root. That there is none means all defaults.
import { readFileSync } from 'node:fs'
import { Failure } from '../errors.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import { pathsBelow } from '../paths.ts'
import { parseSettings, type Settings } from './table.ts'

export function readSettings(root: string): Settings {
  const { settings } = pathsBelow(root)
  try {
    return parseSettings(readFileSync(settings, 'utf8'), settings)
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return parseSettings('')
    if (error instanceof Failure) throw error
    throw new Failure('settings-unreadable', `cannot read ${settings}: ${error instanceof Error ? error.message : error}`, error)
  }
}
