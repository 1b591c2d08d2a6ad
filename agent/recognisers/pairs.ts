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
import { equals, readDecimal, readPort } from '../lib/bytes.ts'
import { tableSize } from './words.ts'

/** What `next` answers behind the last pair. No key has this number. */
export const END = 0

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BLANK = 0x20

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
  private readonly slots: Uint16Array
  private readonly keys: readonly Uint8Array[]
  private readonly fields: Uint16Array

  /** `fields`: each known key, spelled as the device does, with a number from 1; several keys may share a number. */
  constructor(fields: Readonly<Record<string, number>>, format: PairsFormat = {}) {
    this.separator = (format.separator ?? ' ').charCodeAt(0)
    this.assign = (format.assign ?? '=').charCodeAt(0)
    this.low = this.separator === BLANK ? BLANK : BLANK - 1
    this.ceiling = Math.max(this.separator, this.assign)
    const names = Object.keys(fields)
    this.keys = names.map(name => Uint8Array.from(name, letter => letter.charCodeAt(0)))
    this.fields = Uint16Array.from(Object.values(fields))
    this.mask = tableSize(names.length) - 1
    this.slots = new Uint16Array(this.mask + 1)
    this.keys.forEach((key, index) => {
      let slot = hash(key, 0, key.length) & this.mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask
      this.slots[slot] = index + 1
    })
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
      const field = at > key ? this.find(bytes, key, at) : END
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

  private find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hash(bytes, start, end) & this.mask
    let index = this.slots[slot]
    while (index !== 0) {
      if (equals(bytes, start, end, this.keys[index - 1])) return this.fields[index - 1]
      slot = (slot + 1) & this.mask
      index = this.slots[slot]
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

/** Sent and received together, where -1 says that one was not stated. */
export const bothWays = (sent: number, received: number): number => (sent < 0 ? received : received < 0 ? sent : sent + received)

/** Five bytes tell nearly all keys of one product apart; those that meet are compared byte by byte. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  return bytes[start] * 7 + bytes[(start + end) >> 1] * 29 + bytes[end - 1] * 3 + (end - start) * 53
}
