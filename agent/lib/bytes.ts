// Small questions about bytes between two offsets. Nothing here allocates or decodes text.

/** ASCII of a literal, for comparing. */
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0))

/** What separates words. */
export const BLANK = 0x20

export function startsWith(bytes: Uint8Array, at: number, end: number, token: Uint8Array): boolean {
  if (end - at < token.length) return false
  for (let i = 0; i < token.length; i++) if (bytes[at + i] !== token[i]) return false
  return true
}

/** The same, ASCII letters of either case being equal; `token` is in lower case. */
export function startsWithAnyCase(bytes: Uint8Array, at: number, end: number, token: Uint8Array): boolean {
  if (end - at < token.length) return false
  for (let i = 0; i < token.length; i++) {
    let byte = bytes[at + i]
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20
    if (byte !== token[i]) return false
  }
  return true
}

export function equals(bytes: Uint8Array, start: number, end: number, token: Uint8Array): boolean {
  return end - start === token.length && startsWith(bytes, start, end, token)
}

/** Where token begins in bytes[start, end), or -1. */
export function find(bytes: Uint8Array, start: number, end: number, token: Uint8Array): number {
  const first = token[0]
  const last = end - token.length
  for (let i = start; i <= last; i++) if (bytes[i] === first && startsWith(bytes, i, end, token)) return i
  return -1
}

export function findByte(bytes: Uint8Array, start: number, end: number, byte: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === byte) return i
  return -1
}

/** Decimal digits of bytes[start, end) as a number up to 2^53; -1 if empty, too large, or anything else is in there. */
export function readDecimal(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 16) return -1
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1
}

/** The number 0-99 that the two digits at `at` make, or -1. */
export function readTwoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 0x30
  const ones = bytes[at + 1] - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/** A port in bytes[start, end), or -1. */
export function readPort(bytes: Uint8Array, start: number, end: number): number {
  const value = end - start > 5 ? -1 : readDecimal(bytes, start, end)
  return value <= 65535 ? value : -1
}

/** A number below 2^32 in bytes[start, end), as rules and signatures have, or -1. */
export function readIdentifier(bytes: Uint8Array, start: number, end: number): number {
  const value = readDecimal(bytes, start, end)
  return value < 2 ** 32 ? value : -1
}

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

export const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
