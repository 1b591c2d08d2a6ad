// Messages made of key=value pairs, walked once from left to right: `key=value other="a \" b" word empty= ...`.
// One scanner is made per recogniser, at start, with the keys it knows and a number for each, so that a reader is one `switch`:
//
//   pairs.begin(bytes, start, end)
//   for (let field = pairs.next(); field !== END; field = pairs.next()) switch (field) { case Field.srcip: ... }
//
// What may stand in a message, and what becomes of it:
// - a quoted value ends at the next quote that no backslash precedes; an unquoted one at the separator; neither is decoded
// - `=` in a value belongs to it; a word without `=` is passed over, so an unquoted value with blanks loses all but its first word
// - a quote that never closes takes the rest of the message, and is handed out with nothing of it: what stands behind it can't be told
//   from text of a user, and the message was cut in it, so that what is left of the value would be another (`action="den`)
// - keys that come twice are both handed out: the reader decides, and mostly the first wins, as devices put their own in front
//
// A message that looks like those before it is followed along what is known of them (layouts.ts), up to the first byte that differs.

import { readAddress } from '../../lib/address.ts'
import { BLANK, readDecimal, readIdentifier, readPort } from '../../lib/bytes.ts'
import { endAtBlank, endAtQuote, endOfQuoted, SLACK, viewOf } from '../../lib/scan.ts'
import { putDotted, readDotted } from './dotted.ts'
import { KeyTable, NO_KEY } from './key-table.ts'
import { Column, Example, Layouts, NO_ROW, ROW, TEXT_MAX } from './layouts.ts'
import type { Span } from './span.ts'
import { Trust } from './trust.ts'

/** What `next` answers behind the last pair. No key has this number. */
export const END = 0
const { text: TEXT, length: LENGTH, maskLow: MASK_LOW, maskHigh: MASK_HIGH, field: FIELD, isQuoted: IS_QUOTED, before: BEFORE } = Column

/** What following answers where the message is not as expected. */
const UNEXPECTED = -1

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** What was not as expected may cost this part of reading the message; then it is only read. */
const EFFORT_MAX = 0.25
/** Bytes that are read in the time in which one layout is tried in vain. */
const EFFORT_OF_TRYING = 4

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
  private view = viewOf(this.bytes)
  private first = 0
  private at = 0
  private limit = 0
  /** What the last pair read was: its key's slot, and whether its value is in quotes. */
  private slot = NO_KEY
  private isQuoted = false
  /** A quoted value was made of the device's own pairs, up to the next quote or the end: the text in front closed its quotes and ended in `x=`. */
  isTorn = false
  private readonly separator: number
  private readonly isBlank: boolean
  private readonly assign: number
  /** No byte up to this one can be part of an unquoted value or a key. */
  private readonly low: number
  /** No byte above this one can end a key. */
  private readonly ceiling: number
  private readonly keys: KeyTable
  private readonly layouts: Layouts
  private readonly example = new Example()
  /** The stretch that is expected at `at`, or NO_ROW. */
  private row = NO_ROW
  private canFollow = false
  /** How many messages were as expected from beginning to end. */
  asExpected = 0
  /** What was not as expected cost as much as reading so many bytes. */
  private effort = 0
  private isAsExpected = true
  private readonly trust = new Trust()

  /** `fields`: each known key, spelled as the device does, with a number from 1; several keys may share a number. */
  constructor(fields: Readonly<Record<string, number>>, format: PairsFormat = {}) {
    this.separator = (format.separator ?? ' ').charCodeAt(0)
    this.isBlank = this.separator === BLANK
    this.assign = (format.assign ?? '=').charCodeAt(0)
    this.low = this.separator === BLANK ? BLANK : BLANK - 1
    this.ceiling = Math.max(this.separator, this.assign)
    this.keys = new KeyTable(fields)
    this.layouts = new Layouts(this.keys)
  }

  /** Starts over on bytes[start, end). */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.first = this.at = start
    this.limit = end
    this.start = this.end = start
    this.isTorn = false
    // at the very end of a buffer eight bytes can't be looked at together
    this.canFollow = end + SLACK <= bytes.length && this.trust.mayExpect()
    this.effort = 0
    this.isAsExpected = true
    this.row = this.canFollow ? this.layouts.firstRow() : NO_ROW
  }

  /** Moves to the next pair whose key is known and answers the key's number, or END. */
  next(): number {
    if (this.row === NO_ROW) return this.search()
    const field = this.follow(this.row)
    return field === UNEXPECTED ? this.followAnother() : field
  }

  /** The next known pair, if the bytes up to its value are those of `row` and the rows behind it; else nothing is changed. */
  private follow(row: number): number {
    const { view, limit } = this
    const { rows, longs } = this.layouts
    let at = this.at
    for (;;) {
      let text = rows[row + TEXT]
      const start = at + rows[row + LENGTH]
      if (start > limit) return UNEXPECTED
      for (; at + 8 <= start; at = (at + 8) | 0) if (view.getFloat64(at, true) !== longs[text++]) return UNEXPECTED
      text <<= 1
      if (((view.getInt32(at, true) ^ rows[text]) & rows[row + MASK_LOW]) !== 0) return UNEXPECTED
      if (((view.getInt32(at + 4, true) ^ rows[text + 1]) & rows[row + MASK_HIGH]) !== 0) return UNEXPECTED
      const field = rows[row + FIELD]
      if (field === END) return start === limit ? this.finish(row) : UNEXPECTED
      if (rows[row + IS_QUOTED] === 1) {
        at = endAtQuote(view, start, limit)
        const last = view.getUint8(at - 1)
        if (last === BACKSLASH) at = endOfQuoted(this.bytes, start, limit)
        if (at >= limit || (last === this.assign && at > start)) return UNEXPECTED
      } else {
        at = this.isBlank ? endAtBlank(view, start, limit) : this.endAtSeparator(start)
        if (view.getUint8(start) === QUOTE) return UNEXPECTED
      }
      row = (row + ROW) | 0
      if (field > END) {
        this.row = row
        return this.found(field, start, at)
      }
      at = at < limit ? at + 1 : limit
    }
  }

  /** The same along the other layouts that have a row here, and else by reading. */
  private followAnother(): number {
    const { layouts, row } = this
    const before = layouts.rows[row + BEFORE]
    for (let layout = 0; layout < layouts.count; layout++) {
      const other = layouts.rowAfter(layout, before)
      const field = other === NO_ROW || other === row ? UNEXPECTED : this.follow(other)
      if (field !== UNEXPECTED) return field
      this.effort += EFFORT_OF_TRYING
    }
    return this.search()
  }

  /** The next known pair, by reading. */
  private search(): number {
    const from = this.at
    const isFound = this.pair(false)
    this.isAsExpected = false
    this.effort += this.at - from
    if (!isFound) return this.finish(NO_ROW)
    this.row = this.canFollow && !this.isSurprising() ? this.layouts.anyRowAfter(this.slot) : NO_ROW
    return this.keys.numberAt(this.slot)
  }

  /** Moves to the next pair whose key is known, or to the very next; false if there is none. */
  private pair(isAny: boolean): boolean {
    const { bytes, limit, separator, assign, low, ceiling, keys } = this
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
      const slot = keys.find(bytes, key, at)
      let start = ++at
      const isQuoted = at < limit && bytes[at] === QUOTE
      if (isQuoted) {
        start = ++at
        at = endOfQuoted(bytes, at, limit)
        if (at >= limit ? keys.isAnyIn(bytes, start, limit, assign) : this.isTornAt(start, at)) this.isTorn = true
        if (at >= limit) break
      } else if (separator === BLANK) while (at < limit && bytes[at] > BLANK) at++
      else at = this.endAtSeparator(at)
      if (slot !== NO_KEY || isAny) {
        this.slot = slot
        this.isQuoted = isQuoted
        this.found(END, start, at)
        return true
      }
      at++
    }
    this.at = limit
    return false
  }

  private isTornAt(start: number, quote: number): boolean {
    const { bytes, limit } = this
    if (bytes[quote - 1] !== this.assign || quote === start || quote + 1 >= limit) return false
    return bytes[quote + 1] > this.low && bytes[quote + 1] !== this.separator
  }

  private found(field: number, start: number, end: number): number {
    this.start = start
    this.end = end
    // one byte ends a value: the closing quote, or whatever stands behind a bare one
    this.at = end < this.limit ? end + 1 : this.limit
    return field
  }

  private endAtSeparator(start: number): number {
    const { bytes, limit, separator, low } = this
    let at = start
    while (at < limit && bytes[at] > low && bytes[at] !== separator) at++
    return at
  }

  /** The message is at its end, which is what `row` says. */
  private finish(row: number): number {
    this.at = this.limit
    this.row = NO_ROW
    if (this.canFollow) this.judge(row)
    return END
  }

  /** Draws from a message what there is to expect of the next. */
  private judge(row: number): void {
    if (row !== NO_ROW && this.isAsExpected) {
      this.layouts.used(row)
      this.trust.gain()
      this.asExpected++
      return
    }
    if (this.isSurprising()) this.trust.lose()
    if (this.trust.isLessonDue()) this.takeLesson()
  }

  private isSurprising(): boolean {
    return this.effort > (this.limit - this.first) * EFFORT_MAX
  }

  /** Learns what the message looks like, by reading it once more. */
  private takeLesson(): void {
    const { example, bytes, first, limit } = this
    if (limit - first > TEXT_MAX || this.isTorn) return
    example.clear(bytes.subarray(first, limit))
    this.at = first
    while (this.pair(true)) if (!example.add(this.start - first, this.end - first, this.slot, this.isQuoted)) return
    this.layouts.learn(example)
  }

  /** Remembers where the value stands; of a repeated key the first one that has a value. False if a later one is another. */
  keep(span: Span): boolean {
    if (span.end > span.start) return this.start === this.end || this.isSameAs(span)
    span.start = this.start
    span.end = this.end
    return true
  }

  private isSameAs({ start, end }: Span): boolean {
    if (end - start !== this.end - this.start) return false
    for (let i = 0; i < end - start; i++) if (this.bytes[start + i] !== this.bytes[this.start + i]) return false
    return true
  }

  /** The value as an address into words[at, at + 4); false if it is none. */
  address(words: Uint32Array, at: number): boolean {
    if (readDotted(this.bytes, this.start, this.limit) !== this.end) return readAddress(this.bytes, this.start, this.end, words, at)
    putDotted(words, at)
    return true
  }

  /** The value as a decimal number, or -1. */
  decimal(): number {
    return readDecimal(this.bytes, this.start, this.end)
  }

  /** The value as the number of a rule or signature below 2^32, or -1. */
  identifier(): number {
    return readIdentifier(this.bytes, this.start, this.end)
  }

  /** The value as a port, or -1. */
  port(): number {
    return readPort(this.bytes, this.start, this.end)
  }
}
