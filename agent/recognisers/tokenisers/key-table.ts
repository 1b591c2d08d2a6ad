// The keys that a reader of pairs knows, asked with the bytes of a message. Four bytes of a key lead to its slot; what is
// there decides nothing before all bytes were compared.
import { BLANK } from '../../lib/bytes.ts'
import { tableSize } from './words.ts'

/** What `find` answers for a key that is not known. */
export const NO_KEY = -1

const COMMA = 0x2c
/** No longer key is looked up: its length has seven bits. */
const KEY_MAX = 127
/** 2^32 divided by the golden ratio, odd: spreads tags over the slots by their upper bits (Knuth, vol. 3, section 6.4). */
const SPREAD = 0x9e3779b1

export class KeyTable {
  /** How many slots there are. */
  readonly size: number
  /** Per slot: what tells a key apart at a glance (0: no key here), where its bytes are, and its number. */
  private readonly tags: Int32Array
  private readonly offsets: Uint16Array
  private readonly numbers: Uint16Array
  private readonly keys: Uint8Array
  private readonly shift: number

  /** `fields`: each known key, spelled as the device does, with a number from 1; several keys may share a number. */
  constructor(fields: Readonly<Record<string, number>>) {
    const names = Object.keys(fields)
    this.size = tableSize(names.length)
    this.shift = 32 - Math.log2(this.size)
    this.tags = new Int32Array(this.size)
    this.offsets = new Uint16Array(this.size)
    this.numbers = new Uint16Array(this.size)
    this.keys = Uint8Array.from(names.join(''), letter => letter.charCodeAt(0))
    let offset = 0
    for (const [name, field] of Object.entries(fields)) {
      const tag = tagOf(this.keys, offset, offset + name.length)
      let slot = Math.imul(tag, SPREAD) >>> this.shift
      while (this.tags[slot] !== 0) slot = (slot + 1) & (this.size - 1)
      this.tags[slot] = tag
      this.offsets[slot] = offset
      this.numbers[slot] = field
      offset += name.length
    }
  }

  /** The number of the key in a slot that `find` answered. */
  numberAt(slot: number): number {
    return this.numbers[slot]
  }

  /** The slot of the key bytes[start, end), or NO_KEY. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const tag = tagOf(bytes, start, end)
    const slot = Math.imul(tag, SPREAD) >>> this.shift
    return this.tags[slot] === 0 ? NO_KEY : this.compare(bytes, start, end, tag, slot)
  }

  /** Whether a known key with its `assign` stands behind a blank or comma in bytes[start, end). For what is seldom asked. */
  isAnyIn(bytes: Uint8Array, start: number, end: number, assign: number): boolean {
    let key = start
    for (let at = start; at < end; at++) {
      const byte = bytes[at]
      if (byte <= BLANK || byte === COMMA) key = at + 1
      else if (byte === assign && key > start && at > key && this.find(bytes, key, at) !== NO_KEY) return true
    }
    return false
  }

  private compare(bytes: Uint8Array, start: number, end: number, tag: number, first: number): number {
    const keys = this.keys
    const mask = this.size - 1
    for (let slot = first; this.tags[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.tags[slot] !== tag || end - start > KEY_MAX) continue
      const offset = this.offsets[slot] - start
      let at = start
      while (at < end && bytes[at] === keys[offset + at]) at++
      if (at === end) return slot
    }
    return NO_KEY
  }
}

/** The length, first, middle and last byte of a key: what differs in them is another key, what agrees is compared. */
function tagOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  return (length << 24) | (bytes[start] << 16) | (bytes[start + (length >> 1)] << 8) | bytes[end - 1]
}
