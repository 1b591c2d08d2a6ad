// Reads a packed batch back into events: for central, and for the ledger on the box. The bytes come from outside:
// every length and every index is checked, and nothing grows beyond the bounds of layout.ts.
import { Packr } from 'msgpackr'
import * as z from 'zod'
import { Failure } from '../errors.ts'
import { actionNames, directionNames, productNames } from '../event.ts'
import { formatAddress } from '../lib/address.ts'
import { ByteReader } from '../lib/byte-writer.ts'
import { decompress } from './compress.ts'
import { AddressKind, type ColumnName, columnNames, PACK_FORMAT, PortSymbol, TIME_UNIT_MS } from './layout.ts'
import { BATCH_MAX_ROWS } from './open-batch.ts'
import { pseudonymText } from './pseudonym-text.ts'

const packr = new Packr({ useRecords: false })

/** One event as it left the box. Times in ms since 1970; null where the gateway did not state it. */
export interface WireEvent {
  readonly time: number
  readonly gateway: number
  readonly product: string
  readonly action: string
  readonly source: string | null
  readonly sourcePort: number | null
  readonly destination: string | null
  readonly destinationPort: number | null
  readonly protocol: number | null
  readonly bytes: number | null
  readonly packets: number | null
  readonly count: number
  readonly firstSeen: number
  readonly lastSeen: number
  readonly rule: number | null
  readonly direction: string
  /** Name of the triage rule that sent it. */
  readonly reason: string
}

export interface UnpackedBatch {
  readonly rows: number
  readonly messages: number
  readonly accounting: Readonly<Record<string, number>>
  event(row: number): WireEvent
}

const count = z.int().nonnegative()
const name = z.string().max(64)
const headSchema = z.object({
  format: z.literal(PACK_FORMAT),
  rows: count.max(BATCH_MAX_ROWS),
  messages: count,
  base: count.max(2 ** 40),
  // a later version may have columns that we do not know: they are passed over
  lengths: z.array(count).min(columnNames.length).max(64),
  reasons: z.array(name).max(256),
  accounting: z.record(name, count),
})

/** Throws Failure 'batch-malformed' for anything that packBatch cannot have written. */
export function unpack(packed: Uint8Array): UnpackedBatch {
  try {
    const plain = decompress(packed)
    let headLength = 0
    const first: unknown[] = []
    packr.unpackMultiple(plain.subarray(0, Math.min(plain.length, 65536)), (value: unknown, _start?: number, end?: number) => {
      first.push(value)
      headLength = end ?? 0
      return false
    })
    const head = headSchema.parse(first[0])
    return readBatch(head, new ByteReader(plain.subarray(headLength)))
  } catch (error) {
    throw new Failure('batch-malformed', 'the packed batch cannot be read', error)
  }
}

function readBatch(head: z.infer<typeof headSchema>, body: ByteReader): UnpackedBatch {
  const parts = Object.fromEntries(columnNames.map((column, i) => [column, body.take(head.lengths[i])])) as Record<ColumnName, Uint8Array>
  for (const unknown of head.lengths.slice(columnNames.length)) body.take(unknown)
  if (!body.atEnd) throw new RangeError('there is more than the columns')
  const { rows } = head
  const numbers = (column: ColumnName): number[] => {
    const reader = new ByteReader(parts[column])
    return Array.from({ length: rows }, () => reader.varint())
  }
  const dictionary = readAddresses(parts)
  let fresh = 0
  const addressesOf = (column: ColumnName): (string | null)[] =>
    Array.from(unplane(parts[column], rows), symbol => {
      if (symbol === 1) return null
      return at(dictionary, symbol === 0 ? fresh++ : symbol - 2)
    })
  const source = addressesOf('source')
  const destination = addressesOf('destination')
  const ports = readPorts(parts, source)
  const kinds = readKinds(parts.kinds)
  const kind = numbers('kind')
  const times = new ByteReader(parts.time)
  let clock = head.base
  const time = Array.from({ length: rows }, () => {
    clock += times.zigzag()
    return clock * TIME_UNIT_MS
  })
  const duration = numbers('duration')
  const bytes = numbers('bytes')
  const packets = numbers('packets')
  const counts = numbers('count')
  const event = (row: number): WireEvent => {
    const [gateway, product, action, direction, reason, protocol, rule] = at(kinds, kind[row])
    return {
      time: time[row],
      gateway,
      product: productNames[product] ?? `product-${product}`,
      action: actionNames[action] ?? 'other',
      source: source[row],
      sourcePort: ports.source[row],
      destination: destination[row],
      destinationPort: ports.destination[row],
      protocol: optional(protocol),
      bytes: optional(bytes[row]),
      packets: optional(packets[row]),
      count: counts[row],
      firstSeen: time[row],
      lastSeen: time[row] + duration[row] * TIME_UNIT_MS,
      rule: optional(rule),
      direction: directionNames[direction] ?? 'unknown',
      reason: at(head.reasons, reason),
    }
  }
  for (const index of kind) at(head.reasons, at(kinds, index)[4])
  return { rows, messages: head.messages, accounting: head.accounting, event }
}

const optional = (value: number): number | null => (value === 0 ? null : value - 1)

function at<T>(list: readonly T[], index: number): T {
  if (index < 0 || index >= list.length) throw new RangeError('an index points outside its table')
  return list[index]
}

function unplane(bytes: Uint8Array, count: number): Uint32Array {
  const values = new Uint32Array(count)
  if (count === 0) return values
  const width = bytes.length / count
  if (!Number.isInteger(width) || width < 1 || width > 4) throw new RangeError('a column has the wrong length')
  for (let plane = 0; plane < width; plane++) for (let i = 0; i < count; i++) values[i] += bytes[plane * count + i] * 2 ** (plane * 8)
  return values
}

function readAddresses(parts: Record<ColumnName, Uint8Array>): string[] {
  const words = new Uint32Array([0, 0, 0xffff, 0])
  const kinds = parts.addressKind
  let next4 = 0
  const addresses4 = unplane(parts.address4, parts.address4.length / 4)
  const address6 = new ByteReader(parts.address6)
  const pseudonyms = new ByteReader(parts.pseudonym)
  return Array.from(kinds, kind => {
    if (kind === AddressKind.ipv4) {
      if (next4 >= addresses4.length) throw new RangeError('a column ends too early')
      words.set([0, 0, 0xffff, addresses4[next4++]])
      return formatAddress(words)
    }
    if (kind > AddressKind.pseudonym) throw new RangeError('an address is of no known kind')
    if (kind === AddressKind.pseudonym) return pseudonymText(pseudonyms.take(16))
    const bytes = Buffer.from(address6.take(16))
    for (let word = 0; word < 4; word++) words[word] = bytes.readUInt32BE(word * 4)
    return formatAddress(words)
  })
}

function readPorts(parts: Record<ColumnName, Uint8Array>, source: readonly (string | null)[]) {
  const literals = (bytes: Uint8Array) => unplane(bytes, bytes.length / 2)[Symbol.iterator]()
  const sourceLiterals = literals(parts.sourcePortLiteral)
  const destinationLiterals = literals(parts.destinationPortLiteral)
  const tableReader = new ByteReader(parts.destinationPortTable)
  const table: number[] = []
  while (!tableReader.atEnd) table.push(tableReader.varint())
  const lastSource = new Map<string | null, number | null>()
  const lastDestination = new Map<string | null, number | null>()
  const next = (iterator: Iterator<number>): number => {
    const step = iterator.next()
    if (step.done) throw new RangeError('a column ends too early')
    return step.value
  }
  const from: (number | null)[] = []
  const to: (number | null)[] = []
  if (parts.sourcePort.length !== source.length || parts.destinationPort.length !== source.length)
    throw new RangeError('a column has the wrong length')
  source.forEach((address, row) => {
    const symbol = parts.sourcePort[row]
    from[row] =
      symbol === PortSymbol.absent ? null : symbol === PortSymbol.literal ? next(sourceLiterals) : (lastSource.get(address) ?? null)
    const other = parts.destinationPort[row]
    if (other === PortSymbol.absent) to[row] = null
    else if (other === PortSymbol.followsSource) to[row] = (lastDestination.get(address) ?? -1) + 1
    else if (other === PortSymbol.literal) to[row] = next(destinationLiterals)
    else to[row] = at(table, other - PortSymbol.firstListed)
    lastSource.set(address, from[row])
    lastDestination.set(address, to[row])
  })
  return { source: from, destination: to }
}

type Kind = readonly [gateway: number, product: number, action: number, direction: number, reason: number, protocol: number, rule: number]

function readKinds(bytes: Uint8Array): Kind[] {
  const reader = new ByteReader(bytes)
  const kinds: Kind[] = []
  const next = () => reader.varint()
  while (!reader.atEnd) kinds.push([next(), next(), next(), next(), next(), next(), next()])
  return kinds
}
