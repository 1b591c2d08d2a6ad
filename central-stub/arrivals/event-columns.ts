// A batch's events as the bytes that DuckDB's vectors hold, so that storing them costs the main thread copies of memory and nothing else.
// Made in the thread that opened the batch. Pure.
import { type BatchColumns, KIND_FIELDS } from '../../agent/batch/columns.ts'
import type { eventColumns } from './schema.ts'

/** What is known where the batch was opened; which batch, whose, and what number its reasons have is known where it is stored. */
export type PackedName = Exclude<keyof typeof eventColumns, 'batch' | 'member' | 'reason'>

/** Little-endian as the machine is; UHUGEINT as four words, the lowest first. */
export type Packed = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export interface EventColumns {
  readonly rows: number
  readonly values: Readonly<Record<PackedName, Packed>>
  /** A bit a row, 1 where there is a value, in whole words of 64 bits; no entry where all rows have one. */
  readonly validity: Readonly<Partial<Record<PackedName, Uint8Array<ArrayBuffer>>>>
  /** Names of triage rules, and which of them each row has. */
  readonly reasons: readonly string[]
  readonly reason: Uint16Array<ArrayBuffer>
}

/** 2106: later than any clock of ours; a firewall that states a later year is kept at this one. */
const TIME_MAX_SECONDS = 0xffffffff

/** Bytes of all values of a row, and of a bit for each column that may have none. */
const ROW_BYTES = 80
const NULLABLE_COLUMNS = 10
const words = (rows: number): number => Math.ceil(rows / 64) * 8

/** All columns of a batch lie in one piece of memory: a thread hands that over for what one column would cost. */
class Arena {
  private readonly buffer: ArrayBuffer
  private at = 0

  constructor(rows: number) {
    // each column begins at 8 bytes
    this.buffer = new ArrayBuffer(rows * ROW_BYTES + NULLABLE_COLUMNS * words(rows) + 40 * 8)
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer, this.take(length), length)
  }

  shorts(length: number): Uint16Array<ArrayBuffer> {
    return new Uint16Array(this.buffer, this.take(length * 2), length)
  }

  ints(length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.buffer, this.take(length * 4), length)
  }

  private take(bytes: number): number {
    const { at } = this
    this.at += Math.ceil(bytes / 8) * 8
    return at
  }
}

class Validity {
  readonly columns: Partial<Record<PackedName, Uint8Array<ArrayBuffer>>> = {}
  readonly arena: Arena
  private readonly length: number

  constructor(rows: number) {
    this.arena = new Arena(rows)
    this.length = words(rows)
  }

  absent(name: PackedName, row: number): void {
    let bits = this.columns[name]
    if (bits === undefined) {
      bits = this.arena.bytes(this.length).fill(0xff)
      this.columns[name] = bits
    }
    bits[row >> 3] &= ~(1 << (row & 7))
  }
}

export function eventColumnsOf(columns: BatchColumns): EventColumns {
  const { rows } = columns
  const validity = new Validity(rows)
  const values = {
    ...times(columns, validity.arena),
    ...kindsOf(columns, validity),
    ...endpoints(columns, 'source', validity),
    ...endpoints(columns, 'destination', validity),
    source_port: optional16('source_port', columns.sourcePort, validity),
    destination_port: optional16('destination_port', columns.destinationPort, validity),
    bytes: optional64('bytes', columns.bytes, validity),
    packets: optional64('packets', columns.packets, validity),
    count: validity.arena.ints(rows),
  }
  values.count.set(columns.count)
  const reason = validity.arena.shorts(rows)
  for (let row = 0; row < rows; row++) reason[row] = columns.kinds[columns.kind[row] * KIND_FIELDS + 4]
  return { rows, values, validity: validity.columns, reasons: columns.reasons, reason }
}

function times({ rows, firstSeen, lastSeen }: BatchColumns, arena: Arena) {
  const time = arena.ints(rows)
  const duration = arena.ints(rows)
  for (let row = 0; row < rows; row++) {
    time[row] = Math.min(firstSeen[row], TIME_MAX_SECONDS)
    duration[row] = Math.min(lastSeen[row] - firstSeen[row], TIME_MAX_SECONDS)
  }
  return { time, duration }
}

function kindsOf({ rows, kinds, kind }: BatchColumns, validity: Validity) {
  const { arena } = validity
  const gateway = arena.shorts(rows)
  const [product, action, direction, protocol] = [0, 1, 2, 3].map(() => arena.bytes(rows))
  const rule = arena.ints(rows)
  for (let row = 0; row < rows; row++) {
    const at = kind[row] * KIND_FIELDS
    gateway[row] = kinds[at]
    product[row] = kinds[at + 1]
    action[row] = kinds[at + 2]
    direction[row] = kinds[at + 3]
    if (kinds[at + 5] < 0) validity.absent('protocol', row)
    else protocol[row] = kinds[at + 5]
    if (kinds[at + 6] < 0) validity.absent('rule', row)
    else rule[row] = kinds[at + 6]
  }
  return { gateway, product, action, direction, protocol, rule }
}

function endpoints<Side extends 'source' | 'destination'>(columns: BatchColumns, side: Side, validity: Validity) {
  const { rows, addressKinds, addressWords } = columns
  const index = columns[side]
  const kind = validity.arena.bytes(rows)
  const address = validity.arena.ints(rows * 4)
  for (let row = 0; row < rows; row++) {
    const at = index[row]
    if (at < 0) {
      validity.absent(side, row)
      validity.absent(`${side}_kind`, row)
      continue
    }
    kind[row] = addressKinds[at]
    for (let word = 0; word < 4; word++) address[row * 4 + word] = addressWords[at * 4 + 3 - word]
  }
  return { [side]: address, [`${side}_kind`]: kind } as Record<Side | `${Side}_kind`, Packed>
}

function optional16(name: PackedName, from: Int32Array, validity: Validity): Uint16Array<ArrayBuffer> {
  const to = validity.arena.shorts(from.length)
  for (let row = 0; row < from.length; row++) {
    if (from[row] < 0) validity.absent(name, row)
    else to[row] = from[row]
  }
  return to
}

/** Whole numbers below 2^53, as two words each. */
function optional64(name: PackedName, from: Float64Array, validity: Validity): Uint32Array<ArrayBuffer> {
  const to = validity.arena.ints(from.length * 2)
  for (let row = 0; row < from.length; row++) {
    const value = from[row]
    if (value < 0) validity.absent(name, row)
    else {
      to[row * 2] = value % 0x100000000
      to[row * 2 + 1] = Math.floor(value / 0x100000000)
    }
  }
  return to
}

/** Handing memory over costs more than copying little of it. */
const HANDED_OVER_ROWS = 500

/** What a thread hands over with them. */
export const memoryOf = ({ rows, reason }: EventColumns): ArrayBuffer[] => (rows < HANDED_OVER_ROWS ? [] : [reason.buffer])
