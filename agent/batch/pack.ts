// Packs an open batch: head and columns, compressed. Internal addresses are replaced by pseudonyms here, so no later
// step ever sees one. packed-batch.md describes every column.

import { Packr } from 'msgpackr'
import { AddressIndex } from '../lib/address-index.ts'
import { ByteWriter } from '../lib/byte-writer.ts'
import { COMPACT_MAX_ROWS, packCompact } from './compact.ts'
import { compress } from './compress.ts'
import { AddressKind, type ColumnName, columnNames, EndpointSymbol, type Head, PACK_FORMAT, TIME_UNIT_MS } from './layout.ts'
import { Endpoint, type OpenBatch } from './open-batch.ts'
import { packPorts } from './pack-ports.ts'
import { planes } from './planes.ts'
import { Slices } from './slices.ts'

const packr = new Packr({ useRecords: false })
const ADDRESS_BYTES = 16
const PSEUDONYMS_AT_ONCE = 1024

export interface PackOptions {
  /** The pseudonyms of addresses: both are rows of 16 bytes, addresses in network order. */
  readonly pseudonymise: (addresses: Uint8Array) => Uint8Array
  /** Name of the triage rule of a number. */
  readonly reasonName: (reason: number) => string
  readonly accounting: Readonly<Record<string, number>>
  /** This machine's clock less central's, whole seconds, as far as it is certain; undefined while central has said nothing. */
  readonly clockOffsetSeconds?: number | undefined
  /** Whether central reads the compact form, which a batch of few rows then has. */
  readonly isCompact?: boolean | undefined
  /** Awaited every few thousand rows, so that sockets are read in between, and not only after the whole batch. */
  readonly yieldToLoop?: () => Promise<unknown>
}

/** Takes all rows out of the batch, which must not change meanwhile, and compresses them. */
export async function packBatch(batch: OpenBatch, options: PackOptions): Promise<Buffer> {
  const slices = new Slices(options.yieldToLoop ?? (() => undefined))
  const { rows, messages } = batch
  const addresses = new AddressIndex(2 * rows)
  const source = await numberEndpoints(batch, 0, addresses, slices)
  const destination = await numberEndpoints(batch, 4, addresses, slices)
  const { reasons, ...kinds } = await packKinds(batch, options, slices)
  const { base, ...times } = await packTimes(batch, slices)
  const optional = (values: Float64Array) => column(rows, slices, (out, row) => out.varint(values[row] + 1))
  const columns: Readonly<Record<ColumnName, Uint8Array>> = {
    ...(await packAddresses(addresses, options, slices)),
    ...(await packPorts(batch, source, slices)),
    ...kinds,
    ...times,
    source: planes(source),
    destination: planes(destination),
    bytes: await optional(batch.bytes),
    packets: await optional(batch.packets),
    count: await column(rows, slices, (out, row) => out.varint(batch.count[row])),
    clock: packClock(batch, options),
  }
  const parts = columnNames.map(name => columns[name])
  const lengths = parts.map(part => part.length)
  const head: Head = { format: PACK_FORMAT, rows, messages, base, lengths, reasons, accounting: options.accounting }
  if (options.isCompact === true && rows <= COMPACT_MAX_ROWS) return packCompact(head, parts)
  return compress([packr.pack(head), ...parts])
}

function packClock({ inferred }: OpenBatch, { clockOffsetSeconds }: PackOptions): Buffer {
  const out = new ByteWriter()
  out.varint(inferred)
  if (clockOffsetSeconds !== undefined) out.zigzag(clockOffsetSeconds)
  return out.take()
}

async function column(rows: number, slices: Slices, write: (out: ByteWriter, row: number) => void): Promise<Buffer> {
  const out = new ByteWriter()
  await slices.each(rows, row => write(out, row))
  return out.take()
}

/** Symbols of one endpoint: 0 an address not seen before in this batch, 1 none, else its number + 2. */
async function numberEndpoints(batch: OpenBatch, offset: number, addresses: AddressIndex, slices: Slices): Promise<Uint32Array> {
  const symbols = new Uint32Array(batch.rows)
  await slices.each(batch.rows, row => {
    const endpoint = (batch.endpoints[row] >> (offset === 0 ? 0 : 2)) & 3
    if (endpoint === Endpoint.absent) {
      symbols[row] = EndpointSymbol.absent
      return
    }
    const at = row * 8 + offset
    const isIPv4 = batch.words[at] === 0 && batch.words[at + 1] === 0 && batch.words[at + 2] === 0xffff
    const kind = endpoint === Endpoint.ours ? AddressKind.pseudonym : isIPv4 ? AddressKind.ipv4 : AddressKind.ipv6
    const known = addresses.count
    const number = addresses.number(batch.words, at, kind)
    symbols[row] = number === known ? EndpointSymbol.fresh : number + EndpointSymbol.firstKnown
  })
  return symbols
}

type AddressColumns = Pick<Record<ColumnName, Uint8Array>, 'addressKind' | 'address4' | 'address6' | 'pseudonym'>

async function packAddresses(addresses: AddressIndex, options: PackOptions, slices: Slices): Promise<AddressColumns> {
  const { count, all } = addresses
  const kinds = Buffer.alloc(count)
  const addresses4 = new Uint32Array(count)
  let count4 = 0
  const address6 = new ByteWriter()
  const inside = new ByteWriter()
  const bytes = Buffer.alloc(ADDRESS_BYTES)
  await slices.each(count, i => {
    const kind = addresses.kindOf(i)
    kinds[i] = kind
    if (kind === AddressKind.ipv4) {
      addresses4[count4++] = all[i * 4 + 3]
      return
    }
    for (let word = 0; word < 4; word++) bytes.writeUInt32BE(all[i * 4 + word], word * 4)
    const column = kind === AddressKind.pseudonym ? inside : address6
    column.append(bytes)
  })
  const pseudonym = inside.take()
  const step = PSEUDONYMS_AT_ONCE * ADDRESS_BYTES
  for (let at = 0; at < pseudonym.length; at += step) {
    pseudonym.set(options.pseudonymise(pseudonym.subarray(at, at + step)), at)
    await slices.worked(PSEUDONYMS_AT_ONCE)
  }
  return { addressKind: kinds, address4: planes(addresses4.subarray(0, count4), 4), address6: address6.take(), pseudonym }
}

/** What comes together (gateway, product, action, protocol, direction, rule of triage, rule of the gateway) is one kind. */
async function packKinds(
  batch: OpenBatch,
  options: PackOptions,
  slices: Slices,
): Promise<{ kinds: Buffer; kind: Buffer; reasons: string[] }> {
  const reasons: string[] = []
  const kinds = new ByteWriter()
  const { gateway, product, action, direction, reason, protocol, rule } = batch
  /** The table of addresses serves for any four words. */
  const combinations = new AddressIndex(batch.rows)
  const key = new Uint32Array(4)
  const kind = await column(batch.rows, slices, (out, row) => {
    key[0] = gateway[row] * 256 + product[row]
    key[1] = (action[row] * 256 + direction[row]) * 256 + reason[row]
    key[2] = protocol[row] + 1
    key[3] = rule[row]
    const known = combinations.count
    const index = combinations.number(key, 0, rule[row] < 0 ? 0 : 1)
    if (index === known) {
      const name = options.reasonName(reason[row])
      if (!reasons.includes(name)) reasons.push(name)
      for (const value of [
        gateway[row],
        product[row],
        action[row],
        direction[row],
        reasons.indexOf(name),
        protocol[row] + 1,
        rule[row] + 1,
      ])
        kinds.varint(value)
    }
    out.varint(index)
  })
  return { kinds: kinds.take(), kind, reasons }
}

async function packTimes(batch: OpenBatch, slices: Slices): Promise<{ base: number; time: Buffer; duration: Buffer }> {
  const { rows, firstSeen, lastSeen } = batch
  const seconds = (ms: number) => Math.max(0, Math.floor(ms / TIME_UNIT_MS))
  let earliest = rows === 0 ? 0 : Number.POSITIVE_INFINITY
  await slices.each(rows, row => {
    earliest = Math.min(earliest, firstSeen[row])
  })
  const base = seconds(earliest)
  let before = base
  const time = await column(rows, slices, (out, row) => {
    const at = seconds(firstSeen[row])
    out.zigzag(at - before)
    before = at
  })
  const duration = await column(rows, slices, (out, row) => out.varint(Math.max(0, seconds(lastSeen[row]) - seconds(firstSeen[row]))))
  return { base, time, duration }
}
