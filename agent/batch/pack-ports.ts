// Port columns. Few ports are probed by everybody: those get a table by frequency. A sweep raises the destination port by
// one and keeps the source port: that is one symbol. Everything else is written out.
import { AddressIndex } from '../lib/address-index.ts'
import { ByteWriter } from '../lib/byte-writer.ts'
import { type ColumnName, PORT_TABLE_MAX, PortSymbol } from './layout.ts'
import type { OpenBatch } from './open-batch.ts'
import { planes } from './planes.ts'

const sources = new AddressIndex(4096)

/** A port worth a place in the table is seen this often: below, its two table bytes cost more than they save. */
const LISTED_FROM = 3

export function packPorts(batch: OpenBatch): Partial<Record<ColumnName, Uint8Array>> {
  const table = frequentPorts(batch)
  const listed = new Map(table.map((port, index) => [port, PortSymbol.firstListed + index]))
  const lastSourcePort = new Int32Array(batch.rows).fill(-1)
  const lastDestinationPort = new Int32Array(batch.rows).fill(-2)
  const sourcePort = Buffer.alloc(batch.rows)
  const destinationPort = Buffer.alloc(batch.rows)
  const sourceLiteral: number[] = []
  const destinationLiteral: number[] = []
  for (let row = 0; row < batch.rows; row++) {
    const source = sources.number(batch.words, row * 8, batch.endpoints[row] & 3)
    const from = batch.sourcePort[row]
    const to = batch.destinationPort[row]
    sourcePort[row] = from < 0 ? PortSymbol.absent : from === lastSourcePort[source] ? PortSymbol.followsSource : PortSymbol.literal
    if (sourcePort[row] === PortSymbol.literal) sourceLiteral.push(from)
    destinationPort[row] =
      to < 0
        ? PortSymbol.absent
        : to === lastDestinationPort[source] + 1
          ? PortSymbol.followsSource
          : (listed.get(to) ?? PortSymbol.literal)
    if (destinationPort[row] === PortSymbol.literal) destinationLiteral.push(to)
    lastSourcePort[source] = from
    lastDestinationPort[source] = to
  }
  sources.clear()
  const tableColumn = new ByteWriter()
  for (const port of table) tableColumn.varint(port)
  return {
    sourcePort,
    sourcePortLiteral: planes(Uint32Array.from(sourceLiteral), 2),
    destinationPort,
    destinationPortLiteral: planes(Uint32Array.from(destinationLiteral), 2),
    destinationPortTable: tableColumn.take(),
  }
}

const seen = new Uint32Array(65536)

function frequentPorts(batch: OpenBatch): number[] {
  seen.fill(0)
  for (let row = 0; row < batch.rows; row++) if (batch.destinationPort[row] >= 0) seen[batch.destinationPort[row]]++
  const ports: number[] = []
  for (let port = 0; port < seen.length; port++) if (seen[port] >= LISTED_FROM) ports.push(port)
  return ports.sort((a, b) => seen[b] - seen[a]).slice(0, PORT_TABLE_MAX)
}
