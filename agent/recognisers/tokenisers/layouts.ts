// What a product's messages look like, learned from examples: a device writes the same keys in the same order, most of them
// with the same value. Such text is compared, eight bytes at a time, instead of being read.
//
// A message falls into stretches: each begins behind a value and ends where the next value begins that is asked for, or that
// was seen to differ between messages:
//
//   [date=]2026-11-20[ time=]12:00:01[ name="FG-1" type="]traffic[" vd="root" srcip=]192.0.2.1[ ...
//
// Reading pairs knows of what is before it only that it stands between two pairs. So a stretch whose bytes are those of an
// example leads to the same key as it did there, and comparing it gives the answer that reading it would give.
// What is learned decides about speed and never about the answer.
import { type KeyTable, NO_KEY } from './key-table.ts'

export const TEXT_MAX = 2048
const PAIRS_MAX = 127
const LAYOUTS_MAX = 8

/** What a stretch is, as columns of a row of `rows`. */
export const Column = {
  /** Where its text begins in `longs`, and how many bytes it has; the masks say what counts of the last, incomplete eight bytes. */
  text: 0,
  length: 1,
  maskLow: 2,
  maskHigh: 3,
  /** The number of the key that it ends with; END = 0 at the end of the message; below that the value is to be passed over. */
  field: 4,
  /** 1 if that key's value is in quotes. */
  isQuoted: 5,
  /** The slot of the known key whose value comes before it, or EDGE. */
  before: 6,
} as const
export const ROW = 7
/** As far as the rows of two layouts are apart. */
const LAYOUT_ROWS = (PAIRS_MAX + 1) * ROW
/** Bytes that the text of one layout takes at most. */
const LAYOUT_TEXT = TEXT_MAX + 8 * (PAIRS_MAX + 1)

const PASSED_OVER = -1
/** In place of a slot: the edge of a message. */
const EDGE = -2
/** Where there is no row. */
export const NO_ROW = -1

/** One message, taken apart by plain reading. The offsets are those of `bytes`. */
export class Example {
  readonly bytes = new Uint8Array(TEXT_MAX)
  length = 0
  pairs = 0
  /** Per pair: where what is in front of its value begins, and where the value begins and ends. */
  readonly befores = new Uint16Array(PAIRS_MAX + 1)
  readonly starts = new Uint16Array(PAIRS_MAX)
  readonly ends = new Uint16Array(PAIRS_MAX)
  readonly slots = new Int16Array(PAIRS_MAX)
  readonly quoted = new Uint8Array(PAIRS_MAX)
  /** 1: its value was seen to differ. */
  readonly varies = new Uint8Array(PAIRS_MAX)

  clear(text: Uint8Array): void {
    this.bytes.fill(0)
    this.bytes.set(text)
    this.length = text.length
    this.pairs = 0
  }

  /** Puts a pair behind those that are there; false if there is no room. */
  add(start: number, end: number, slot: number, isQuoted: boolean): boolean {
    if (this.pairs === PAIRS_MAX) return false
    const pair = this.pairs++
    this.starts[pair] = start
    this.ends[pair] = end
    this.slots[pair] = slot
    this.quoted[pair] = isQuoted ? 1 : 0
    this.varies[pair] = 0
    this.befores[this.pairs] = Math.min(end + 1, this.length)
    return true
  }
}

export class Layouts {
  /** Rows, and behind them the text of all stretches, each from a multiple of eight bytes on; the same memory twice. */
  readonly longs = new Float64Array((LAYOUTS_MAX * (LAYOUT_ROWS * 4 + LAYOUT_TEXT)) / 8 + 1)
  readonly rows = new Int32Array(this.longs.buffer)
  private readonly examples: Example[] = []
  /** How often each layout was true of a whole message, older times counting less. */
  private readonly uses = new Float64Array(LAYOUTS_MAX)
  /** Per layout and slot: the row behind that key's value; the last one is the row that a message begins with. */
  private readonly rowsAfter: Int16Array
  private readonly states: number
  private readonly keys: KeyTable
  private layout = 0

  constructor(keys: KeyTable) {
    this.keys = keys
    this.states = keys.size + 1
    this.rowsAfter = new Int16Array(LAYOUTS_MAX * this.states).fill(NO_ROW)
  }

  get count(): number {
    return this.examples.length
  }

  /** The row that messages begin with in the layout of the last one, or NO_ROW. */
  firstRow(): number {
    return this.rowsAfter[this.layout * this.states + this.states - 1]
  }

  /** The row of a layout that begins behind the value of the key in `slot`, or at the EDGE; or NO_ROW. */
  rowAfter(layout: number, slot: number): number {
    return this.rowsAfter[layout * this.states + (slot === EDGE ? this.states - 1 : slot)]
  }

  /** The same in whatever layout has one, preferably that of the last message. */
  anyRowAfter(slot: number): number {
    let row = this.rowAfter(this.layout, slot)
    for (let layout = 0; row === NO_ROW && layout < this.count; layout++) row = this.rowAfter(layout, slot)
    return row
  }

  /** Says that a message was as expected to its end, which is this row. */
  used(row: number): void {
    this.layout = Math.floor(row / LAYOUT_ROWS)
    this.uses[this.layout]++
  }

  /** Takes in a message that was not known by heart: a new layout, or values that differ in a known one. */
  learn(message: Example): void {
    // a stretch of zeros of either sign would be equal as numbers
    if (message.bytes.subarray(0, message.length).includes(0)) return
    for (let i = 0; i < this.uses.length; i++) this.uses[i] /= 2
    let layout = this.examples.findIndex(example => isAlike(example, message))
    if (layout >= 0) markVarying(this.examples[layout], message)
    else {
      layout = this.examples.length < LAYOUTS_MAX ? this.examples.length : this.uses.indexOf(Math.min(...this.uses))
      this.examples[layout] = copyOf(message)
    }
    this.uses[layout]++
    this.write(layout, this.examples[layout])
  }

  private write(layout: number, example: Example): void {
    const after = layout * this.states
    const bytes = new Uint8Array(this.longs.buffer)
    this.rowsAfter.fill(NO_ROW, after, after + this.states)
    let row = layout * LAYOUT_ROWS
    let text = (LAYOUTS_MAX * LAYOUT_ROWS * 4 + layout * LAYOUT_TEXT) / 8
    let from = 0
    let before = EDGE
    for (let pair = 0; pair <= example.pairs; pair++) {
      const isEnd = pair === example.pairs
      const slot = isEnd ? EDGE : example.slots[pair]
      if (slot === NO_KEY && example.varies[pair] === 0) continue
      const to = isEnd ? example.length : example.starts[pair]
      const length = to - from
      bytes.set(example.bytes.subarray(from, to), text * 8)
      if (before !== NO_KEY) this.rowsAfter[after + (before === EDGE ? this.states - 1 : before)] = row
      const field = isEnd ? 0 : slot === NO_KEY ? PASSED_OVER : this.keys.numberAt(slot)
      this.rows.set([text, length, maskOf(length & 7), maskOf((length & 7) - 4), field, example.quoted[pair] ?? 0, before], row)
      row += ROW
      text += (length + 7) >> 3
      from = example.befores[pair + 1]
      before = slot
    }
  }
}

/** 32 bits of which the lowest `bytes` bytes are set. */
const maskOf = (bytes: number): number => (bytes <= 0 ? 0 : bytes >= 4 ? -1 : -1 >>> (32 - 8 * bytes))

const textOf = (example: Example, from: number, to: number): Buffer => Buffer.from(example.bytes.buffer, from, to - from)

/** Have both the same keys in the same order, spelled and quoted alike? */
function isAlike(one: Example, other: Example): boolean {
  if (one.pairs !== other.pairs) return false
  for (let pair = 0; pair < one.pairs; pair++) {
    const own = textOf(one, one.befores[pair], one.starts[pair])
    if (!own.equals(textOf(other, other.befores[pair], other.starts[pair]))) return false
  }
  return true
}

function markVarying(example: Example, message: Example): void {
  for (let pair = 0; pair < example.pairs; pair++) {
    const own = textOf(example, example.starts[pair], example.ends[pair])
    if (!own.equals(textOf(message, message.starts[pair], message.ends[pair]))) example.varies[pair] = 1
  }
}

function copyOf(message: Example): Example {
  const copy = new Example()
  copy.length = message.length
  copy.pairs = message.pairs
  copy.bytes.set(message.bytes)
  copy.befores.set(message.befores)
  copy.starts.set(message.starts)
  copy.ends.set(message.ends)
  copy.slots.set(message.slots)
  copy.quoted.set(message.quoted)
  copy.varies.set(message.varies)
  return copy
}
