// A packed batch as columns of numbers: what central reads it into, off its main thread, and what events are read from. The
// bytes come from outside: how much of anything there may be follows from the number of rows, and is checked before it is made.
import { Failure } from '../errors.ts'
import { ByteReader } from '../lib/byte-writer.ts'
import { COMPACT, readCompact } from './compact.ts'
import { decompress } from './compress.ts'
import { readHead } from './head.ts'
import { AddressKind, type ColumnName, columnNames, type Head, TIME_MAX_SECONDS } from './layout.ts'
import { type Parts, unplane, varints } from './read-parts.ts'
import { readPorts } from './read-ports.ts'

/** Of each row, -1 where the gateway did not state it. Typed arrays of their own memory, so that a thread can hand them over. */
export interface BatchColumns {
  readonly rows: number
  readonly messages: number
  readonly accounting: Readonly<Record<string, number>>
  /** Names of triage rules, to which `kinds` points. */
  readonly reasons: readonly string[]
  /** Seven numbers each: gateway, product, action, direction, reason, protocol or -1, rule or -1. */
  readonly kinds: Float64Array<ArrayBuffer>
  /** Which of `kinds` a row is. */
  readonly kind: Uint16Array<ArrayBuffer>
  /** Seconds since 1970 when it was first and last seen. */
  readonly firstSeen: Float64Array<ArrayBuffer>
  readonly lastSeen: Float64Array<ArrayBuffer>
  /** Numbers of `AddressKind`, and four words each in network order; a pseudonym's 16 bytes likewise. */
  readonly addressKinds: Uint8Array<ArrayBuffer>
  readonly addressWords: Uint32Array<ArrayBuffer>
  /** Indices into the addresses. */
  readonly source: Int32Array<ArrayBuffer>
  readonly destination: Int32Array<ArrayBuffer>
  readonly sourcePort: Int32Array<ArrayBuffer>
  readonly destinationPort: Int32Array<ArrayBuffer>
  readonly bytes: Float64Array<ArrayBuffer>
  readonly packets: Float64Array<ArrayBuffer>
  readonly count: Uint32Array<ArrayBuffer>
  /** How sure the times are: of `BatchClock`. */
  readonly clock: number
  /** Rows whose time was inferred; 0 where the box does not say. */
  readonly inferred: number
  /** The box's clock less central's, in whole seconds, as far as it was certain; null where the box did not know. */
  readonly clockOffsetSeconds: number | null
}

/** `inferred` if the time of any row is: its gateway stated no zone, or no time. */
export const BatchClock = { unknown: 0, exact: 1, inferred: 2 } as const

export const KIND_FIELDS = 7
/** Largest value of each field of a kind; reason is bounded by the table it points to. */
const kindMax = { gateway: 0xffff, product: 0xff, action: 0xff, direction: 0xff, protocol: 0xff + 1, rule: 0xffffffff + 1 } as const

/** Throws Failure 'batch-malformed' for anything that packBatch cannot have written. */
export function unpackColumns(packed: Uint8Array): BatchColumns {
  try {
    if (packed[0] === COMPACT) {
      const { head, parts } = readCompact(packed)
      return readColumns(head, new ByteReader(Buffer.concat(parts)))
    }
    const plain = decompress(packed)
    const { head, length } = readHead(plain)
    return readColumns(head, new ByteReader(plain.subarray(length)))
  } catch (error) {
    throw new Failure('batch-malformed', 'the packed batch cannot be read', error)
  }
}

function readColumns({ rows, messages, base, lengths, reasons, accounting }: Head, body: ByteReader): BatchColumns {
  const parts = Object.fromEntries(columnNames.map((column, i) => [column, body.take(lengths[i] ?? 0)])) as Parts
  for (const unknown of lengths.slice(columnNames.length)) body.take(unknown)
  if (!body.atEnd) throw new RangeError('there is more than the columns')
  const addresses = readAddresses(parts, rows)
  const [source, destination] = readEndpoints(parts, rows, addresses.addressKinds.length)
  const kinds = readKinds(parts.kinds, rows, reasons.length)
  return {
    rows,
    messages,
    accounting,
    reasons,
    kinds,
    kind: Uint16Array.from(varints(parts.kind, rows, kinds.length / KIND_FIELDS - 1)),
    ...readTimes(parts, rows, base),
    ...addresses,
    source,
    destination,
    ...readPorts(parts, source, addresses.addressKinds.length),
    bytes: varints(parts.bytes, rows, Number.MAX_SAFE_INTEGER).map(optional),
    packets: varints(parts.packets, rows, Number.MAX_SAFE_INTEGER).map(optional),
    count: Uint32Array.from(varints(parts.count, rows, 0xffffffff)),
    ...readClock(parts.clock, rows),
  }
}

function readClock(bytes: Uint8Array, rows: number): Pick<BatchColumns, 'clock' | 'inferred' | 'clockOffsetSeconds'> {
  if (bytes.length === 0) return { clock: BatchClock.unknown, inferred: 0, clockOffsetSeconds: null }
  const reader = new ByteReader(bytes)
  const inferred = reader.varint()
  const clockOffsetSeconds = reader.atEnd ? null : reader.zigzag()
  if (inferred > rows || Math.abs(clockOffsetSeconds ?? 0) > TIME_MAX_SECONDS)
    throw new RangeError('a number of the clock is out of bounds')
  if (!reader.atEnd) throw new RangeError('a column has the wrong length')
  return { clock: inferred > 0 ? BatchClock.inferred : BatchClock.exact, inferred, clockOffsetSeconds }
}

/** Written as 0 where it is not stated, and else one more than it is. */
const optional = (value: number): number => value - 1

/** Two addresses a row at most, each of which was written in the column of its kind. */
function readAddresses(parts: Parts, rows: number): Pick<BatchColumns, 'addressKinds' | 'addressWords'> {
  const addressKinds = new Uint8Array(parts.addressKind)
  const of = { [AddressKind.ipv4]: 0, [AddressKind.ipv6]: 0, [AddressKind.pseudonym]: 0 }
  if (addressKinds.length > rows * 2) throw new RangeError('there are more addresses than rows can name')
  for (const kind of addressKinds) {
    if (kind > AddressKind.pseudonym) throw new RangeError('an address is of no known kind')
    of[kind as keyof typeof of]++
  }
  const addresses4 = unplane(parts.address4, of[AddressKind.ipv4], 4, 4)
  const address6 = new ByteReader(exactly(parts.address6, of[AddressKind.ipv6] * 16))
  const pseudonym = new ByteReader(exactly(parts.pseudonym, of[AddressKind.pseudonym] * 16))
  const addressWords = new Uint32Array(addressKinds.length * 4)
  let next4 = 0
  addressKinds.forEach((kind, i) => {
    if (kind === AddressKind.ipv4) {
      addressWords[i * 4 + 2] = 0xffff
      addressWords[i * 4 + 3] = addresses4[next4++]
      return
    }
    const bytes = (kind === AddressKind.ipv6 ? address6 : pseudonym).take(16)
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
    for (let word = 0; word < 4; word++) addressWords[i * 4 + word] = view.getUint32(word * 4)
  })
  return { addressKinds, addressWords }
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError('a column has the wrong length')
  return bytes
}

function readEndpoints(
  parts: Parts,
  rows: number,
  addresses: number,
): [source: Int32Array<ArrayBuffer>, destination: Int32Array<ArrayBuffer>] {
  let fresh = 0
  const read = (column: ColumnName) =>
    Int32Array.from(unplane(parts[column], rows, 1, 3), symbol => {
      const index = symbol === 0 ? fresh++ : symbol - 2
      if (index >= addresses) throw new RangeError('an index points outside its table')
      return index
    })
  return [read('source'), read('destination')]
}

function readKinds(bytes: Uint8Array, rows: number, reasons: number): Float64Array<ArrayBuffer> {
  const reader = new ByteReader(bytes)
  const kinds = new Float64Array(Math.min(rows, Math.floor(bytes.length / KIND_FIELDS)) * KIND_FIELDS)
  const { gateway, product, action, direction, protocol, rule } = kindMax
  const max = [gateway, product, action, direction, reasons - 1, protocol, rule]
  let at = 0
  for (; !reader.atEnd; at++) {
    if (at === kinds.length) throw new RangeError('there are more kinds than rows')
    const value = reader.varint()
    if (value > max[at % KIND_FIELDS]) throw new RangeError('a number of a kind is out of bounds')
    kinds[at] = at % KIND_FIELDS < 5 ? value : value - 1
  }
  if (at % KIND_FIELDS !== 0) throw new RangeError('a column ends too early')
  return kinds.slice(0, at)
}

function readTimes(parts: Parts, rows: number, base: number): Pick<BatchColumns, 'firstSeen' | 'lastSeen'> {
  const times = new ByteReader(parts.time)
  const duration = varints(parts.duration, rows, TIME_MAX_SECONDS)
  const firstSeen = new Float64Array(rows)
  const lastSeen = new Float64Array(rows)
  let clock = base
  for (let row = 0; row < rows; row++) {
    clock += times.zigzag()
    firstSeen[row] = clock
    lastSeen[row] = clock + duration[row]
    if (clock < 0 || lastSeen[row] > TIME_MAX_SECONDS) throw new RangeError('a time is out of bounds')
  }
  if (!times.atEnd) throw new RangeError('a column has the wrong length')
  return { firstSeen, lastSeen }
}
