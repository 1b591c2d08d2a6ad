// Packs an open batch: head and columns, compressed. Internal addresses are replaced by pseudonyms here, so no later
// step ever sees one. packed-batch.md describes every column.

import { Packr } from 'msgpackr'
import { AddressIndex } from '../lib/address-index.ts'
import { ByteWriter } from '../lib/byte-writer.ts'
import { compress } from './compress.ts'
import { AddressKind, type ColumnName, columnNames, type Head, PACK_FORMAT, TIME_UNIT_MS } from './layout.ts'
import { Endpoint, type OpenBatch } from './open-batch.ts'
import { packPorts } from './pack-ports.ts'
import { planes } from './planes.ts'

const packr = new Packr({ useRecords: false })
/** The table of addresses serves for any four words. */
const combinations = new AddressIndex(256)

export interface PackOptions {
  /** Writes the 16 bytes of the pseudonym of the address at words[at, at + 4). */
  readonly pseudonymise: (words: Uint32Array, at: number) => Uint8Array
  /** Name of the triage rule of a number. */
  readonly reasonName: (reason: number) => string
  readonly accounting: Readonly<Record<string, number>>
  /** Awaited between columns, so that sockets are read in between, and not only after the whole batch (75 ms for a full one). */
  readonly yieldToLoop?: () => Promise<unknown>
}

/** Takes all rows out of the batch, which must not change meanwhile, and compresses them. */
export async function packBatch(batch: OpenBatch, options: PackOptions): Promise<Buffer> {
  const { yieldToLoop = () => undefined } = options
  const addresses = new AddressIndex(4096)
  const columns: Partial<Record<ColumnName, Uint8Array>> = { ...packPorts(batch) }
  await yieldToLoop()
  const source = numberEndpoints(batch, 0, addresses)
  await yieldToLoop()
  const destination = numberEndpoints(batch, 4, addresses)
  await yieldToLoop()
  Object.assign(columns, packAddresses(addresses, options))
  await yieldToLoop()
  columns.source = planes(source)
  columns.destination = planes(destination)
  const { reasons, ...kinds } = packKinds(batch, options)
  Object.assign(columns, kinds)
  await yieldToLoop()
  const base = packTimes(batch, columns)
  await yieldToLoop()
  const optional = (values: Float64Array) => column(batch.rows, (writer, row) => writer.varint(values[row] + 1))
  columns.bytes = optional(batch.bytes)
  columns.packets = optional(batch.packets)
  await yieldToLoop()
  columns.count = column(batch.rows, (writer, row) => writer.varint(batch.count[row]))
  const parts = columnNames.map(name => columns[name] ?? new Uint8Array(0))
  const head: Head = {
    format: PACK_FORMAT,
    rows: batch.rows,
    messages: batch.messages,
    base,
    lengths: parts.map(part => part.length),
    reasons,
    accounting: options.accounting,
  }
  return compress([packr.pack(head), ...parts])
}

const writer = new ByteWriter()

function column(rows: number, write: (writer: ByteWriter, row: number) => void): Buffer {
  writer.reset()
  for (let row = 0; row < rows; row++) write(writer, row)
  return writer.take()
}

/** Symbols of one endpoint: 0 an address not seen before in this batch, 1 none, else its number + 2. */
function numberEndpoints(batch: OpenBatch, offset: number, addresses: AddressIndex): Uint32Array {
  const symbols = new Uint32Array(batch.rows)
  for (let row = 0; row < batch.rows; row++) {
    const endpoint = (batch.endpoints[row] >> (offset === 0 ? 0 : 2)) & 3
    if (endpoint === Endpoint.absent) {
      symbols[row] = 1
      continue
    }
    const at = row * 8 + offset
    const isIPv4 = batch.words[at] === 0 && batch.words[at + 1] === 0 && batch.words[at + 2] === 0xffff
    const kind = endpoint === Endpoint.ours ? AddressKind.pseudonym : isIPv4 ? AddressKind.ipv4 : AddressKind.ipv6
    const known = addresses.count
    const number = addresses.number(batch.words, at, kind)
    symbols[row] = number === known ? 0 : number + 2
  }
  return symbols
}

function packAddresses(addresses: AddressIndex, options: PackOptions): Partial<Record<ColumnName, Uint8Array>> {
  const { count, all } = addresses
  const kinds = Buffer.alloc(count)
  const addresses4: number[] = []
  const address6 = new ByteWriter()
  const pseudonym = new ByteWriter()
  const bytes = Buffer.alloc(16)
  for (let i = 0; i < count; i++) {
    const kind = addresses.kindOf(i)
    kinds[i] = kind
    if (kind === AddressKind.ipv4) addresses4.push(all[i * 4 + 3])
    else if (kind === AddressKind.pseudonym) pseudonym.append(options.pseudonymise(all, i * 4))
    else {
      for (let word = 0; word < 4; word++) bytes.writeUInt32BE(all[i * 4 + word], word * 4)
      address6.append(bytes)
    }
  }
  const address4 = planes(Uint32Array.from(addresses4), 4)
  return { addressKind: kinds, address4, address6: address6.take(), pseudonym: pseudonym.take() }
}

/** What comes together (gateway, product, action, protocol, direction, rule of triage, rule of the gateway) is one kind. */
function packKinds(batch: OpenBatch, options: PackOptions): { kinds: Buffer; kind: Buffer; reasons: string[] } {
  const reasons: string[] = []
  const kinds = new ByteWriter()
  const { gateway, product, action, direction, reason, protocol, rule } = batch
  const key = new Uint32Array(4)
  const kind = column(batch.rows, (out, row) => {
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
  combinations.clear()
  return { kinds: kinds.take(), kind, reasons }
}

function packTimes(batch: OpenBatch, columns: Partial<Record<ColumnName, Uint8Array>>): number {
  const seconds = (ms: number) => Math.floor(ms / TIME_UNIT_MS)
  let base = Number.POSITIVE_INFINITY
  for (let row = 0; row < batch.rows; row++) base = Math.min(base, batch.firstSeen[row])
  base = batch.rows === 0 ? 0 : Math.max(0, seconds(base))
  let before = base
  columns.time = column(batch.rows, (out, row) => {
    const at = Math.max(0, seconds(batch.firstSeen[row]))
    out.zigzag(at - before)
    before = at
  })
  columns.duration = column(batch.rows, (out, row) => {
    out.varint(Math.max(0, seconds(batch.lastSeen[row]) - Math.max(0, seconds(batch.firstSeen[row]))))
  })
  return base
}
