// Sentences of free text: finding from the right, and the address that a phrase puts in front of it. Text that others
// choose (a user's name, a URL) mostly stands before the device's own words, so what is looked for from the right can't be forged.
import { startsWith } from '../../lib/bytes.ts'

/** Where the last `token` in bytes[start, end) begins, or -1. */
export function findLast(bytes: Uint8Array, start: number, end: number, token: Uint8Array): number {
  const first = token[0]
  for (let i = end - token.length; i >= start; i--) if (bytes[i] === first && startsWith(bytes, i, end, token)) return i
  return -1
}

/** Where the blank behind the word at `at` is, or `end`. */
export function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== 0x20) at++
  return at
}
