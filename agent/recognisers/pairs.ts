// Messages made of key=value pairs, walked once from left to right: `key=value other="a \" b" word empty= ...`.
// One scanner is made per recogniser, at start, with the keys it knows and a small number for each, so that a reader is
// one `switch` over numbers:
//
//   pairs.begin(bytes, start, end)
//   for (let field = pairs.next(); field !== END; field = pairs.next())
//     switch (field) { case Field.srcip: ... pairs.address(event.words, SOURCE) ... }
//
// What may stand in a message, and what becomes of it:
// - a quoted value ends at the next quote that no backslash precedes; an unquoted one at the separator; neither is decoded
// - `=` in a value belongs to the value; a word without `=` is passed over, so an unquoted value with blanks in it loses
//   all but its first word and nothing else is misread
// - a quote that never closes takes the rest of the message: what stands behind it can't be told from text of a user
// - keys that come twice are both handed out: the reader decides, and mostly the first wins, because devices put
//   their own fields before text that others can choose

import { readAddress } from '../lib/address.ts'
import { readDecimal, readPort } from '../lib/bytes.ts'
import { tableSize } from './words.ts'

/** What `next` answers behind the last pair. No key has this number. */
export const END = 0

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BLANK = 0x20
/** No longer key is looked up: its length has seven bits. */
const KEY_MAX = 127
/** 2^32 divided by the golden ratio, odd: spreads tags over the slots by their upper bits (Knuth, vol. 3, section 6.4). */
const SPREAD = 0x9e3779b1

/** A value to come back to when the whole message has been walked; equal offsets say that it was not there. */
export class Span {
  start = 0
  end = 0

  clear(): void {
    this.start = this.end = 0
  }
}

export interface PairsFormat {
  /** Between pairs: a blank (then any control character separates too), `|`, `,` or a tab. Blanks behind it are skipped. */
  readonly separator?: string
  /** Between key and value: mostly `=`. */
  readonly assign?: string
}

export class Pairs {
  /** The value of the last pair is bytes[start, end), without its quotes. */
  start = 0
  end = 0
  bytes: Uint8Array = new Uint8Array(0)
  private at = 0
  private limit = 0
  private readonly separator: number
  private readonly assign: number
  /** No byte up to this one can be part of an unquoted value or a key. */
  private readonly low: number
  /** No byte above this one can end a key. */
  private readonly ceiling: number
  private readonly mask: number
  private readonly shift: number
  /** Per slot: what tells a key apart at a glance (0: no key here), where its bytes are, and its number. */
  private readonly tags: Int32Array
  private readonly offsets: Uint16Array
  private readonly fields: Uint16Array
  private readonly keys: Uint8Array

  /** `fields`: each known key, spelled as the device does, with a number from 1; several keys may share a number. */
  constructor(fields: Readonly<Record<string, number>>, format: PairsFormat = {}) {
    this.separator = (format.separator ?? ' ').charCodeAt(0)
    this.assign = (format.assign ?? '=').charCodeAt(0)
    this.low = this.separator === BLANK ? BLANK : BLANK - 1
    this.ceiling = Math.max(this.separator, this.assign)
    const names = Object.keys(fields)
    const size = tableSize(names.length)
    this.mask = size - 1
    this.shift = 32 - Math.log2(size)
    this.tags = new Int32Array(size)
    this.offsets = new Uint16Array(size)
    this.fields = new Uint16Array(size)
    this.keys = Uint8Array.from(names.join(''), letter => letter.charCodeAt(0))
    let offset = 0
    for (const [name, field] of Object.entries(fields)) {
      const tag = tagOf(this.keys, offset, offset + name.length)
      let slot = Math.imul(tag, SPREAD) >>> this.shift
      while (this.tags[slot] !== 0) slot = (slot + 1) & this.mask
      this.tags[slot] = tag
      this.offsets[slot] = offset
      this.fields[slot] = field
      offset += name.length
    }
  }

  /** Starts over on bytes[start, end). */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.limit = end
    this.start = this.end = start
  }

  /** Moves to the next pair whose key is known and answers the key's number, or END. */
  next(): number {
    const bytes = this.bytes
    const limit = this.limit
    const separator = this.separator
    const assign = this.assign
    const low = this.low
    const ceiling = this.ceiling
    let at = this.at
    while (at < limit) {
      let byte = bytes[at]
      if (byte <= BLANK || byte === separator) {
        at++
        continue
      }
      const key = at
      while (at < limit) {
        byte = bytes[at]
        if (byte <= ceiling && (byte === assign || byte === separator || byte <= low)) break
        at++
      }
      if (at >= limit) break
      if (byte !== assign) continue
      const tag = tagOf(bytes, key, at)
      const slot = Math.imul(tag, SPREAD) >>> this.shift
      const field = this.tags[slot] === 0 ? END : this.find(tag, slot, key, at)
      let start = ++at
      if (at < limit && bytes[at] === QUOTE) {
        start = ++at
        at = endOfQuoted(bytes, at, limit)
        if (field !== END) return this.found(field, start, at, at + 1)
        at++
      } else {
        if (separator === BLANK) while (at < limit && bytes[at] > BLANK) at++
        else while (at < limit && bytes[at] > low && bytes[at] !== separator) at++
        if (field !== END) return this.found(field, start, at, at)
      }
    }
    this.at = limit
    return END
  }

  private found(field: number, start: number, end: number, at: number): number {
    this.start = start
    this.end = end
    this.at = at
    return field
  }

  /** The number of the key bytes[start, end), whose tag leads to `slot`, or END. */
  private find(tag: number, slot: number, start: number, end: number): number {
    const bytes = this.bytes
    const keys = this.keys
    for (let next = slot; this.tags[next] !== 0; next = (next + 1) & this.mask) {
      if (this.tags[next] !== tag || end - start > KEY_MAX) continue
      const offset = this.offsets[next] - start
      let at = start
      while (at < end && bytes[at] === keys[offset + at]) at++
      if (at === end) return this.fields[next]
    }
    return END
  }

  /** Remembers where the value stands; of a repeated key the first one that has a value. */
  keep(span: Span): void {
    if (span.end > span.start) return
    span.start = this.start
    span.end = this.end
  }

  /** The value as an address into words[at, at + 4); false if it is none. */
  address(words: Uint32Array, at: number): boolean {
    return readAddress(this.bytes, this.start, this.end, words, at)
  }

  /** The value as a decimal number, or -1. */
  decimal(): number {
    return readDecimal(this.bytes, this.start, this.end)
  }

  /** The value as the number of a rule or signature below 2^32, or -1. */
  identifier(): number {
    const value = readDecimal(this.bytes, this.start, this.end)
    return value < 2 ** 32 ? value : -1
  }

  /** The value as a port, or -1. */
  port(): number {
    return readPort(this.bytes, this.start, this.end)
  }
}

/** Where the quoted value at `at` ends: at a quote behind an even number of backslashes, or with the message. */
function endOfQuoted(bytes: Uint8Array, at: number, limit: number): number {
  for (let end = at; end < limit; end++) {
    if (bytes[end] !== QUOTE) continue
    let escapes = 0
    while (end - escapes > at && bytes[end - escapes - 1] === BACKSLASH) escapes++
    if ((escapes & 1) === 0) return end
  }
  return limit
}

/** Sent and received together, where -1 says that one was not stated; -1 too if that is more than a number holds. */
export function bothWays(sent: number, received: number): number {
  const sum = sent < 0 ? received : received < 0 ? sent : sent + received
  return sum <= Number.MAX_SAFE_INTEGER ? sum : -1
}

/** The length, first, middle and last byte of a key: what differs in them is another key, what agrees is compared. */
function tagOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  return (length << 24) | (bytes[start] << 16) | (bytes[start + (length >> 1)] << 8) | bytes[end - 1]
}
