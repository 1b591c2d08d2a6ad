// The text of a settings file with some values changed. Lines that are not touched stay as they are, comments too.

/** `name = value` of a line, or undefined for comments and what is no setting. */
function settingOf(line: string): { name: string; value: string } | undefined {
  const plain = line.replace(/^\uFEFF/, '').trim()
  const at = plain.indexOf('=')
  if (plain.startsWith('#') || at < 0) return undefined
  return {
    name: plain.slice(0, at).trim(),
    value: plain
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1'),
  }
}

export type Values = Readonly<Record<string, string>>

export function valuesOf(text: string): Values {
  const found = text.split(/\r?\n/).flatMap(line => settingOf(line) ?? [])
  return Object.fromEntries(found.map(({ name, value }) => [name, value]))
}

/** Values that are empty take their line away. */
export function withValues(text: string, values: Values): string {
  const missing = new Map(Object.entries(values))
  const lines = text.split(/\r?\n/).flatMap(line => {
    const name = settingOf(line)?.name
    if (name === undefined || values[name] === undefined) return [line]
    const value = missing.get(name)
    missing.delete(name)
    return value === undefined || value === '' ? [] : [`${name} = ${value}`]
  })
  while (lines.at(-1) === '') lines.pop()
  for (const [name, value] of missing) if (value !== '') lines.push(`${name} = ${value}`)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
