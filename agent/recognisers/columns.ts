// Comma-separated fields (RFC 4180) between two offsets: where each one begins and ends, nothing decoded or copied.
//
// - a field in double quotes may hold commas, and quotes doubled; it is given without its outer quotes
// - a quote inside an unquoted field is a letter; blanks belong to the field
// - a quote that never closes takes the rest: what stands behind it can't be told from text that others chose
// - what is behind the last wanted column is left unread, so a long message costs no more than its beginning
import { readAddress } from '../lib/address.ts'
import { readDecimal, readPort } from '../lib/bytes.ts'

const COMMA = 0x2c
const QUOTE = 0x22

export class Columns {
  bytes: Uint8Array = new Uint8Array(0)
  /** How many columns were found; those from `count` on read as empty. */
  count = 0
  /** The offset behind the last column that was found, which is a comma's or the end. */
  next = 0
  private readonly starts: Int32Array
  private readonly ends: Int32Array

  constructor(most: number) {
    this.starts = new Int32Array(most)
    this.ends = new Int32Array(most)
  }

  /** Finds the first `wanted` columns of bytes[start, end), or as many as there are and as there is room for. */
  split(bytes: Uint8Array, start: number, end: number, wanted = this.starts.length): void {
    const { starts, ends } = this
    const most = Math.min(wanted, starts.length)
    this.bytes = bytes
    let count = 0
    let at = start
    while (count < most) {
      if (at < end && bytes[at] === QUOTE) {
        const close = closingQuote(bytes, at + 1, end)
        starts[count] = at + 1
        ends[count++] = close
        at = close
        while (at < end && bytes[at] !== COMMA) at++
      } else {
        starts[count] = at
        while (at < end && bytes[at] !== COMMA) at++
        ends[count++] = at
      }
      if (at >= end || count === most) break
      at++
    }
    this.count = count
    this.next = at
  }

  start(column: number): number {
    return column < this.count ? this.starts[column] : 0
  }

  end(column: number): number {
    return column < this.count ? this.ends[column] : 0
  }

  /** The column as an address into words[at, at + 4); false if it is none. */
  address(column: number, words: Uint32Array, at: number): boolean {
    return column < this.count && readAddress(this.bytes, this.starts[column], this.ends[column], words, at)
  }

  /** The column as a decimal number, or -1. */
  decimal(column: number): number {
    return column < this.count ? readDecimal(this.bytes, this.starts[column], this.ends[column]) : -1
  }

  /** The column as a port, or -1. */
  port(column: number): number {
    return column < this.count ? readPort(this.bytes, this.starts[column], this.ends[column]) : -1
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
