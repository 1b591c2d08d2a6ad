// Looks for the byte that ends a value four bytes at a time. In 32 bits x the lowest byte that is zero is the one with the
// lowest bit in (x - 0x01010101) & ~x & 0x80808080, and likewise for bytes below a bound (Warren, Hacker's Delight, 6-1).

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** How many bytes after the last one asked about are looked at, and must be there. */
export const SLACK = 8

let lastBytes: Uint8Array = new Uint8Array(0)
let lastView: DataView = new DataView(lastBytes.buffer)

/** A view of the same bytes for reading several of them at once. Kept for the next call, which mostly is about the same buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes === lastBytes) return lastView
  lastBytes = bytes
  lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return lastView
}

/** Which of the four bytes, counted in the order in which they stand, has the lowest of the bits in `found`. */
const lowestByte = (found: number): number => (31 - Math.clz32(found & -found)) >> 3

/** Where the first quote in [at, end) is, or `end`. `view` has SLACK bytes after `end`. */
export function endAtQuote(view: DataView, at: number, end: number): number {
  for (;;) {
    const word = view.getInt32(at, true) ^ 0x22222222
    const found = (word - 0x01010101) & ~word & 0x80808080
    if (found !== 0) return Math.min(at + lowestByte(found), end)
    at = (at + 4) | 0
    if (at >= end) return end
  }
}

/** Where the first blank or control character in [at, end) is, or `end`. `view` has SLACK bytes after `end`. */
export function endAtBlank(view: DataView, at: number, end: number): number {
  for (;;) {
    const word = view.getInt32(at, true)
    const found = (word - 0x21212121) & ~word & 0x80808080
    if (found !== 0) return Math.min(at + lowestByte(found), end)
    at = (at + 4) | 0
    if (at >= end) return end
  }
}

/** Where a quoted text that begins at `at` ends: at the first quote after an even number of backslashes, or `limit`. */
export function endOfQuoted(bytes: Uint8Array, at: number, limit: number): number {
  for (let end = at; end < limit; end++) {
    if (bytes[end] !== QUOTE) continue
    let escapes = 0
    while (end - escapes > at && bytes[end - escapes - 1] === BACKSLASH) escapes++
    if ((escapes & 1) === 0) return end
  }
  return limit
}
