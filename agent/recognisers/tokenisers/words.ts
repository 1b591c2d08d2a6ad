// A small dictionary from words to numbers, asked with the bytes of a message: the words are put into a table once, at
// start; a question hashes four bytes and compares at most a candidate or two, so it costs the same for five words or
// two hundred. Case does not matter (ASCII): firmware versions differ in it. A hash never decides alone, the bytes do.

import { ascii } from '../../lib/bytes.ts'
import type { Span } from './span.ts'

/** What `find` answers for a word that is not in the dictionary. */
export const NO_WORD = -1

export class Words {
  private readonly mask: number
  /** Per slot: the number of its word, or NO_WORD, and where the letters of the word begin and end. */
  private readonly values: Int32Array
  private readonly starts: Uint16Array
  private readonly ends: Uint16Array
  private readonly letters: Uint8Array

  /** `words`: lower-case ASCII words, each with a number from 0. */
  constructor(words: Readonly<Record<string, number>>) {
    const names = Object.keys(words)
    const size = tableSize(names.length)
    this.mask = size - 1
    this.values = new Int32Array(size).fill(NO_WORD)
    this.starts = new Uint16Array(size)
    this.ends = new Uint16Array(size)
    this.letters = ascii(names.join('').toLowerCase())
    let start = 0
    for (const [name, value] of Object.entries(words)) {
      const end = start + name.length
      let slot = hash(this.letters, start, end) & this.mask
      while (this.ends[slot] !== 0) slot = (slot + 1) & this.mask
      this.values[slot] = value
      this.starts[slot] = start
      this.ends[slot] = end
      start = end
    }
  }

  /** The same from rows of a number and the words for it. */
  static of(...rows: readonly (readonly [number, ...string[]])[]): Words {
    return new Words(Object.fromEntries(rows.flatMap(([number, ...words]) => words.map(word => [word, number]))))
  }

  /** The number of the word in bytes[start, end), or NO_WORD. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return NO_WORD
    let slot = hash(bytes, start, end) & this.mask
    while (this.ends[slot] !== 0) {
      if (this.isAt(slot, bytes, start, end)) return this.values[slot]
      slot = (slot + 1) & this.mask
    }
    return NO_WORD
  }

  /** The same for the word in a span. */
  findIn(bytes: Uint8Array, { start, end }: Span, otherwise = NO_WORD): number {
    const number = this.find(bytes, start, end)
    return number === NO_WORD ? otherwise : number
  }

  private isAt(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const letters = this.letters
    let letter = this.starts[slot]
    if (this.ends[slot] - letter !== end - start) return false
    for (let at = start; at < end; at++) {
      const byte = bytes[at]
      if (byte !== letters[letter] && (byte < 0x41 || byte > 0x5a || (byte | 0x20) !== letters[letter])) return false
      letter++
    }
    return true
  }
}

/** Eight slots a word: nearly every question for an unknown word ends at an empty slot. */
export const tableSize = (words: number): number => 2 ** Math.ceil(Math.log2(Math.max(words, 1) * 8))

/** Bit 0x20 is left out, so both cases of a letter meet; what else meets is told apart by comparing. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] & 0xdf
  const middle = bytes[(start + end) >> 1] & 0xdf
  const last = bytes[end - 1] & 0xdf
  return first * 7 + middle * 29 + last * 3 + (end - start) * 53
}
