// Text from outside (central, gateways, files that others write) on its way to a terminal or a log. What a terminal would obey is
// written as JSON writes it, so that it can be seen, and so that JSON stays the same JSON: C0, DEL and C1 controls (ECMA-48),
// line and paragraph separators, bidirectional overrides and other invisible characters (Unicode UAX #9 and UTS #55).

const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const escaped = (glyph: string): string =>
  Array.from({ length: glyph.length }, (_, unit) => `\\u${glyph.charCodeAt(unit).toString(16).padStart(4, '0')}`).join('')

/** One line: a line feed in it is made visible too, because text behind it could pass for a line of ours. */
export const visible = (text: string): string => text.replace(obeyed, escaped)

/** The same for text of ours that has lines. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n')

/** One visible line of at most `most` characters, for what is kept: in the status, the ledger or memory. */
export function kept(text: string, most: number): string {
  const line = visible(text.slice(0, most))
  return text.length > most || line.length > most ? `${line.slice(0, most)}...` : line
}
