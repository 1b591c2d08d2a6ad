// The text of a settings file with some values changed. Lines that are not touched stay as they are, comments too.
import { readLine } from '../../../agent/settings/parse.ts'

export type Values = Readonly<Record<string, string>>

export function valuesOf(text: string): Values {
  const found = text.split(/\r?\n/).map(readLine)
  return Object.fromEntries(found.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value]])))
}

/** Values that are empty take their line away. */
export function withValues(text: string, values: Values): string {
  const missing = new Map(Object.entries(values))
  const lines = text.split(/\r?\n/).flatMap(line => {
    const name = readLine(line).name
    if (name === undefined || values[name] === undefined) return [line]
    const value = missing.get(name)
    missing.delete(name)
    return value === undefined || value === '' ? [] : [`${name} = ${value}`]
  })
  while (lines.at(-1) === '') lines.pop()
  for (const [name, value] of missing) if (value !== '') lines.push(`${name} = ${value}`)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
