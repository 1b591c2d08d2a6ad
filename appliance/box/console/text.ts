// Text from outside (names of gateways and hosts, messages of central, faults that quote a file) made harmless for the screen:
// what comes out holds printable glyphs that every Linux console has, one cell wide each, and nothing else.
import { stripVTControlCharacters } from 'node:util'

/** Glyphs beside ASCII in the kernel's built-in font (code page 437, drivers/tty/vt/cp437.uni) that are letters or signs. */
const letters = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥áíóúñÑªº¿¬½¼¡«»ß°·²µ±÷'
/** What this console draws with; of the same font. */
const drawing = '─│┌┐└┘├┤■•►◄▲▼█░↑↓'

const allowed = new Set(letters)
const drawable = new Set(letters + drawing)

const spelled: ReadonlyMap<string, string> = new Map([
  ['‘', "'"],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
  ['–', '-'],
  ['—', '-'],
  ['…', '...'],
  ['€', 'EUR'],
])

const isAscii = (glyph: string): boolean => glyph >= ' ' && glyph <= '~'

/** One line of at most `maxLength` glyphs. Control bytes and escape sequences go, accents that the font lacks too, the rest becomes `?`. */
export function harmless(text: string, maxLength = 500): string {
  // NFC first: a letter and its accent may come as two code points
  const plain = stripVTControlCharacters(text.slice(0, maxLength * 4)).normalize('NFC')
  let result = ''
  for (const glyph of plain) {
    if (result.length >= maxLength) break
    if (isAscii(glyph) || allowed.has(glyph)) result += glyph
    else if (/\s/.test(glyph)) result += ' '
    else if (!/[\p{Cc}\p{Cf}\p{M}]/u.test(glyph)) result += spelled.get(glyph) ?? withoutAccent(glyph)
  }
  return result.slice(0, maxLength)
}

function withoutAccent(glyph: string): string {
  const base = glyph.normalize('NFKD').replace(/\p{M}/gu, '')
  return base.length > 0 && base.length < 4 && [...base].every(isAscii) ? base : '?'
}

/** The last guard, on the way to the terminal: whatever was forgotten, no byte reaches it that it would obey. */
export function drawn(text: string): string {
  let result = ''
  for (const glyph of text) result += isAscii(glyph) || drawable.has(glyph) ? glyph : '?'
  return result
}

/** Cut to `width`, with dots where something is missing. */
export function fit(text: string, width: number): string {
  if (text.length <= width) return text
  return width < 6 ? text.slice(0, Math.max(0, width)) : `${text.slice(0, width - 3).trimEnd()}...`
}

/** Lines of at most `columns`, broken at spaces where there are some; at most `maxLines`, the last one with dots if there were more. */
export function wrap(text: string, columns: number, maxLines = 50): string[] {
  const width = Math.max(1, columns)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter(part => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    while (line.length > width) {
      lines.push(line.slice(0, width))
      line = line.slice(width)
    }
  }
  if (line !== '') lines.push(line)
  if (lines.length <= maxLines) return lines
  return [...lines.slice(0, maxLines - 1), fit(`${lines[maxLines - 1]} ${lines[maxLines]}`, width)]
}
