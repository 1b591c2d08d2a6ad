// Reads `name = value` lines by a table that gives each setting its default and shape. Unknown names are errors, all
// faults are told at once with their lines, and the value of a setting that is secret is told nowhere.
import type * as z from 'zod'

export interface ReadableSetting {
  readonly default: string
  readonly shape: z.ZodType<unknown, string>
  /** Its value goes into no message, log or copy. */
  readonly secret?: boolean
}

export type SettingTable = Readonly<Record<string, ReadableSetting>>
export type SettingValues<T extends SettingTable> = { readonly [Name in keyof T]: z.output<T[Name]['shape']> }

export interface SettingFault {
  /** Line of the file, from 1; 0 if it is about no single line. */
  readonly line: number
  /** The setting that it is about; '' if it is about none alone. */
  readonly setting: string
  /** What is wrong, without file, line and what was typed: a form shows it beside them, and the helpdesk gets no more. */
  readonly problem: string
  /** The whole sentence for people, with file and line. */
  readonly text: string
}

export interface ParsedTable<T extends SettingTable> {
  /** Usable only if there are no faults. */
  readonly values: SettingValues<T>
  /** What the text itself says, by name. */
  readonly stated: ReadonlyMap<string, { readonly value: string; readonly line: number }>
  readonly faults: readonly SettingFault[]
  /** Of a text that `cyberalarm-box apply` wrote: settings that this release does not know, because apply is newer. */
  readonly unknown: readonly SettingFault[]
}

/** First line of a text that a program wrote: whoever sees an unknown setting there cannot have mistyped it. */
export const WRITTEN_BY_APPLY = '# Written by cyberalarm-box apply'

/** More are not listed: a text with so many faults is no settings file. */
const FAULTS_MAX = 50
const SHOWN_MAX = 200
const shorten = (text: string): string => (text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text)
/** No value of ours has an @ in it, but for a user and a password in front of one. */
const shownValue = (value: string): string => shorten(value.replace(/^(\w+:\/\/)?.*@/s, '$1(not shown)@'))
/** What has other characters is no name that somebody mistyped. */
const shownName = (name: string): string => (/^[\w. -]{1,60}$/.test(name) ? name : '(not shown)')

export function parseTable<T extends SettingTable>(table: T, text: string, file: string): ParsedTable<T> {
  const stated = new Map<string, { value: string; line: number }>()
  const faults: SettingFault[] = []
  const unknown: SettingFault[] = []
  const isWritten = text.startsWith(WRITTEN_BY_APPLY)
  const report = (line: number, setting: string, problem: string, sentence = problem) => {
    if (faults.length < FAULTS_MAX) faults.push({ line, setting, problem, text: `${file}:${line}: ${sentence}` })
  }
  const names = Object.keys(table)
  text.split(/\r?\n/).forEach((raw, i) => {
    const { name, value, text: line } = readLine(raw)
    if (line === '' || line.startsWith('#')) return
    // only the first word: behind it a secret may stand
    if (name === undefined)
      report(i + 1, '', 'is not of the form name = value', `'${shorten(line.split(/[\s:]/, 1)[0])}' is not of the form name = value`)
    else if (!Object.hasOwn(table, name) && isWritten && unknown.length < FAULTS_MAX) {
      const problem = `the setting '${shownName(name)}' is of a newer release, and is not in use`
      unknown.push({ line: i + 1, setting: '', problem, text: `${file}:${i + 1}: ${problem}` })
    } else if (!Object.hasOwn(table, name))
      report(i + 1, '', 'there is no setting of this name', `there is no setting '${shownName(name)}'${nearest(name, names)}`)
    else if (stated.has(name)) report(i + 1, name, `'${name}' was set in line ${stated.get(name)?.line} already`)
    else stated.set(name, { value, line: i + 1 })
  })
  const entries = names.map(name => {
    const from = stated.get(name)
    const setting = table[name]
    const read = setting.shape.safeParse(from?.value ?? setting.default)
    const shown = setting.secret === true ? '(not shown)' : shownValue(from?.value ?? '')
    if (!read.success) {
      const problem = [...new Set(read.error.issues.map(issueText))].slice(0, 5).join('; ')
      report(from?.line ?? 0, name, problem, `${name} = ${shown}: ${problem}`)
    }
    return [name, read.data]
  })
  return { values: Object.fromEntries(entries) as SettingValues<T>, stated, faults, unknown }
}

/** One line of a settings file. `name` is absent from a comment, an empty line, and what is not of the form name = value. */
export function readLine(raw: string): { readonly text: string; readonly name?: string; readonly value: string } {
  const text = raw.replace(/^\uFEFF/, '').trim()
  const at = text.indexOf('=')
  if (text.startsWith('#') || at < 0) return { text, value: '' }
  const value = text.slice(at + 1).trim()
  return { text, name: text.slice(0, at).trim(), value: value.replace(/^"(.*)"$/, '$1') }
}

const issueText = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_union'
    ? (issue.errors.flat().find(inner => inner.code !== 'invalid_value')?.message ?? issue.message)
    : issue.message

/** The setting that was probably meant, as a question; '' if none comes near. */
function nearest(name: string, names: readonly string[]): string {
  const last = name.split('.').pop() ?? ''
  const guess = names.find(
    known => known.toLowerCase() === name.toLowerCase() || (last.length > 2 && known.toLowerCase().endsWith(`.${last.toLowerCase()}`)),
  )
  return guess === undefined ? '' : `; did you mean ${guess}?`
}
