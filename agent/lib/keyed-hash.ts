// A hash for tables whose keys strangers choose: who cannot see its random keys cannot choose addresses that share a place.
// It is NH of UMAC (RFC 4418, section 5.2) over halves of words: of two inputs, whatever they are, one choice of keys in 2^16
// gives the same sum. A plain sum of words times random odd factors is not enough: the top eight bits of two words make 65,536
// addresses of one /64, and only 256 sums, whatever the factors are.
import { getRandomValues } from 'node:crypto'

const KEYS_OF_WORD = 2

/** Keys for a hash of so many words. */
export const randomKeys = (words: number): Uint16Array => getRandomValues(new Uint16Array(words * KEYS_OF_WORD))

/** What the word with that number adds to the sum. */
export function productOf(word: number, keys: Uint16Array, number: number): number {
  const at = number * KEYS_OF_WORD
  return Math.imul(((word >>> 16) + keys[at]) & 0xffff, (word + keys[at + 1]) & 0xffff)
}

/** Every bit of a finished sum goes into every bit of the hash: tables take their places from some of them only. */
export function mix(sum: number): number {
  const once = Math.imul(sum ^ (sum >>> 16), 0x7feb352d)
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b)
  return twice ^ (twice >>> 16)
}

export const ADDRESS_WORDS = 4

/** The part of a sum that an address of four words makes, by the first keys of `keys`. */
export class AddressSum {
  private readonly keys: Uint16Array
  /** What the first three words of ::ffff:a.b.c.d make, as nearly all addresses are. */
  private readonly mapped: number

  constructor(keys: Uint16Array) {
    this.keys = keys
    this.mapped = (productOf(0, keys, 0) + productOf(0, keys, 1) + productOf(0xffff, keys, 2)) | 0
  }

  /** Of the address at words[at, at + 4). */
  of(words: Uint32Array, at: number): number {
    const { keys } = this
    const last = productOf(words[at + 3], keys, 3)
    if (words[at + 2] === 0xffff && words[at] === 0 && words[at + 1] === 0) return (this.mapped + last) | 0
    return (productOf(words[at], keys, 0) + productOf(words[at + 1], keys, 1) + productOf(words[at + 2], keys, 2) + last) | 0
  }
}
