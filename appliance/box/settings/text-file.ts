// Bytes of a settings file as text, whatever editor wrote them: UTF-8, UTF-16 (Notepad, PowerShell's `>`), or the code page of
// some Windows, with or without a byte order mark. Every encoding is also given as units of a fixed width, so that a line can
// be overwritten where it lies.
import { isUtf8 } from 'node:buffer'

/** More is no settings file: all settings at their longest take some 10 KiB. */
export const TEXT_MAX_BYTES = 64 * 1024

export type Decoded = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'fault'; readonly fault: string }

type Width = 'bytes' | 'utf16le' | 'utf16be'

function widthOf(bytes: Buffer): Width {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf16be'
  // without a mark: the first letter of a settings file is ASCII
  if (bytes.length > 1 && bytes[0] !== 0 && bytes[1] === 0) return 'utf16le'
  return 'bytes'
}

/** As many characters as there are units of one or two bytes; `fromUnits` gives the same bytes back. */
export function toUnits(bytes: Buffer): string {
  const width = widthOf(bytes)
  if (width === 'bytes') return bytes.toString('latin1')
  const whole = Buffer.from(bytes.subarray(0, bytes.length & ~1))
  return (width === 'utf16be' ? whole.swap16() : whole).toString('utf16le')
}

export function fromUnits(units: string, like: Buffer): Buffer {
  const width = widthOf(like)
  if (width === 'bytes') return Buffer.from(units, 'latin1')
  const bytes = Buffer.from(units, 'utf16le')
  // an odd last byte belongs to no unit
  return Buffer.concat([width === 'utf16be' ? bytes.swap16() : bytes, like.subarray(bytes.length)])
}

export function decode(bytes: Buffer): Decoded {
  if (bytes.length > TEXT_MAX_BYTES) return { kind: 'fault', fault: `is longer than ${TEXT_MAX_BYTES / 1024} KiB` }
  const text = (widthOf(bytes) === 'bytes' && isUtf8(bytes) ? bytes.toString('utf8') : toUnits(bytes)).replace(/^\uFEFF/, '')
  const lines = text.replace(/\r\n?/g, '\n')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const strange = /[\u0000-\u0008\u000b-\u001f\u007f]/.exec(lines)
  if (strange === null) return { kind: 'text', text: lines }
  const line = lines.slice(0, strange.index).split('\n').length
  return { kind: 'fault', fault: `is no text: line ${line} holds the byte ${strange[0].charCodeAt(0)}` }
}
