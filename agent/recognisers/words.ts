// A small dictionary from words to numbers, asked with the bytes of a message: the words are put into a table once, at
// start; a question hashes four bytes and compares at most a candidate or two, so it costs the same for five words or
// two hundred. Case does not matter (ASCII): firmware versions differ in it. A hash never decides alone, the bytes do.

/** What `find` answers for a word that is not in the dictionary. */
export const NO_WORD = -1

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)

export class Words {
  private readonly mask: number
  /** Per slot: 0, or 1 + the index of a word. */
  private readonly slots: Uint16Array
  private readonly letters: readonly Uint8Array[]
  private readonly values: Int32Array

  /** `words`: lower-case ASCII words, each with a number from 0. */
  constructor(words: Readonly<Record<string, number>>) {
    const names = Object.keys(words)
    this.letters = names.map(name => Uint8Array.from(name.toLowerCase(), letter => letter.charCodeAt(0)))
    this.values = Int32Array.from(Object.values(words))
    this.mask = tableSize(names.length) - 1
    this.slots = new Uint16Array(this.mask + 1)
    this.letters.forEach((word, index) => {
      let slot = hash(word, 0, word.length) & this.mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask
      this.slots[slot] = index + 1
    })
  }

  /** The number of the word in bytes[start, end), or NO_WORD. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return NO_WORD
    const length = end - start
    let slot = hash(bytes, start, end) & this.mask
    for (let index = this.slots[slot]; index !== 0; index = this.slots[slot]) {
      const word = this.letters[index - 1]
      let i = word.length === length ? 0 : length
      while (i < length && lower(bytes[start + i]) === word[i]) i++
      if (i === length && word.length === length) return this.values[index - 1]
      slot = (slot + 1) & this.mask
    }
    return NO_WORD
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
