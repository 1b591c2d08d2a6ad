// Comma-separated fields (RFC 4180) between two offsets: where each one begins and ends, nothing decoded or copied.
//
// - a field in double quotes may hold commas, and quotes doubled; it is given without its outer quotes
// - a quote inside an unquoted field is a letter; blanks belong to the field
// - a quote that never closes takes the rest: what stands behind it can't be told from text that others chose
// - what is behind the last wanted column is left unread, so a long message costs no more than its beginning
import { readAddress } from '../../lib/address.ts'
import { readDecimal, readIdentifier, readPort } from '../../lib/bytes.ts'
import { putDotted, readDotted } from './dotted.ts'

const COMMA = 0x2c
const QUOTE = 0x22
/** How many bytes are looked at in one go; so many columns may be found beyond the last wanted one. */
const STRIDE = 4

export class Columns {
  bytes: Uint8Array = new Uint8Array(0)
  /** How many columns were found; those from `count` on read as empty. */
  count = 0
  /** The offset behind the last column that was found, which is a comma's or the end. */
  next = 0
  private readonly most: number
  /** Columns in front of the first quoted one: column n lies between commas n and n + 1; the first comma stands for the start. */
  private plain = 0
  private readonly commas: Int32Array
  /** The columns behind. */
  private readonly starts: Int32Array
  private readonly ends: Int32Array
  private limit = 0

  constructor(most: number) {
    this.most = most
    this.commas = new Int32Array(most + STRIDE)
    this.starts = new Int32Array(most)
    this.ends = new Int32Array(most)
  }

  /** Finds the first `wanted` columns of bytes[start, end), or as many as there are and as there is room for. */
  split(bytes: Uint8Array, start: number, end: number, wanted = this.most): void {
    const most = Math.min(wanted, this.most)
    this.bytes = bytes
    this.limit = end
    this.plain = this.splitPlain(bytes, start, end, most)
    this.count = this.plain
    this.next = this.commas[this.plain]
    if (this.plain < most) this.splitRest(bytes, this.next + 1, end, most)
  }

  /** How many whole columns are in front of the first quoted one and of the last few bytes. */
  private splitPlain(bytes: Uint8Array, start: number, end: number, most: number): number {
    const { commas } = this
    const last = end - STRIDE
    let count = 0
    commas[0] = start - 1
    for (let at = start; at < last && count < most; at += STRIDE) {
      if (bytes[at] === COMMA) commas[++count] = at
      if (bytes[at + 1] === COMMA) commas[++count] = at + 1
      if (bytes[at + 2] === COMMA) commas[++count] = at + 2
      if (bytes[at + 3] === COMMA) commas[++count] = at + 3
    }
    const found = Math.min(count, most)
    for (let column = 0; column < found; column++) if (bytes[commas[column] + 1] === QUOTE) return column
    return found
  }

  private splitRest(bytes: Uint8Array, start: number, end: number, most: number): void {
    const { starts, ends } = this
    let at = start
    while (this.count < most) {
      const column = this.count++
      if (at < end && bytes[at] === QUOTE) {
        const close = closingQuote(bytes, at + 1, end)
        starts[column] = at + 1
        ends[column] = close
        at = close
        while (at < end && bytes[at] !== COMMA) at++
      } else {
        starts[column] = at
        while (at < end && bytes[at] !== COMMA) at++
        ends[column] = at
      }
      if (at >= end || this.count === most) break
      at++
    }
    this.next = at
  }

  start(column: number): number {
    if (column < this.plain) return this.commas[column] + 1
    return column < this.count ? this.starts[column] : 0
  }

  end(column: number): number {
    if (column < this.plain) return this.commas[column + 1]
    return column < this.count ? this.ends[column] : 0
  }

  /** The column as an address into words[at, at + 4); false if it is none, or the last one of the text, which may have been cut. */
  address(column: number, words: Uint32Array, at: number): boolean {
    const start = this.start(column)
    const end = this.end(column)
    if (end === this.limit) return false
    if (readDotted(this.bytes, start, this.limit) !== end) return readAddress(this.bytes, start, end, words, at)
    putDotted(words, at)
    return true
  }

  /** The column as a decimal number, or -1. */
  decimal(column: number): number {
    return readDecimal(this.bytes, this.start(column), this.end(column))
  }

  /** The column as the number of a rule or signature below 2^32, or -1. */
  identifier(column: number): number {
    return readIdentifier(this.bytes, this.start(column), this.end(column))
  }

  /** The column as a port, or -1; likewise. */
  port(column: number): number {
    if (this.end(column) === this.limit) return -1
    return readPort(this.bytes, this.start(column), this.end(column))
  }
}

/** The offset of the quote that closes a field whose text begins at `at`; `end` if none does. */
function closingQuote(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    if (bytes[i] !== QUOTE) continue
    if (i + 1 >= end || bytes[i + 1] !== QUOTE) return i
    i++
  }
  return end
}
