// Port columns. Few ports are probed by everybody: those get a table by frequency. A sweep raises the destination port by
// one and keeps the source port: that is one symbol. Everything else is written out.
import { ByteWriter } from '../lib/byte-writer.ts'
import { type ColumnName, EndpointSymbol, PORT_TABLE_MAX, PortSymbol } from './layout.ts'
import { BATCH_MAX_ROWS, type OpenBatch } from './open-batch.ts'
import { planes } from './planes.ts'
import type { Slices } from './slices.ts'

const PORTS = 65_536
/** A port worth a place in the table is seen this often: below, its two table bytes cost more than they save. */
const LISTED_FROM = 3

type PortName = 'sourcePort' | 'sourcePortLiteral' | 'destinationPort' | 'destinationPortLiteral' | 'destinationPortTable'

/** `symbols`: column `source`, which tells the rows of one source from those of others. */
export async function packPorts(
  batch: OpenBatch,
  symbols: Uint32Array,
  slices: Slices,
): Promise<Pick<Record<ColumnName, Uint8Array>, PortName>> {
  const { rows } = batch
  const table = await frequentPorts(batch, slices)
  // by port, and not a Map: V8 hashes numbers without a key
  const listed = new Uint8Array(PORTS).fill(PortSymbol.literal)
  table.forEach((port, index) => {
    listed[port] = PortSymbol.firstListed + index
  })
  // 'no source' counts as one, behind all others
  const lastSourcePort = new Int32Array(rows + 1).fill(-1)
  const lastDestinationPort = new Int32Array(rows + 1).fill(-2)
  const sourcePort = Buffer.alloc(rows)
  const destinationPort = Buffer.alloc(rows)
  const sourceLiteral = new Uint32Array(rows)
  const destinationLiteral = new Uint32Array(rows)
  let sourceLiterals = 0
  let destinationLiterals = 0
  let fresh = 0
  await slices.each(rows, row => {
    const symbol = symbols[row]
    const source = symbol === EndpointSymbol.fresh ? fresh++ : symbol === EndpointSymbol.absent ? rows : symbol - EndpointSymbol.firstKnown
    const from = batch.sourcePort[row]
    const to = batch.destinationPort[row]
    sourcePort[row] = from < 0 ? PortSymbol.absent : from === lastSourcePort[source] ? PortSymbol.followsSource : PortSymbol.literal
    if (sourcePort[row] === PortSymbol.literal) sourceLiteral[sourceLiterals++] = from
    destinationPort[row] = to < 0 ? PortSymbol.absent : to === lastDestinationPort[source] + 1 ? PortSymbol.followsSource : listed[to]
    if (destinationPort[row] === PortSymbol.literal) destinationLiteral[destinationLiterals++] = to
    lastSourcePort[source] = from
    lastDestinationPort[source] = to
  })
  const tableColumn = new ByteWriter()
  for (const port of table) tableColumn.varint(port)
  return {
    sourcePort,
    sourcePortLiteral: planes(sourceLiteral.subarray(0, sourceLiterals), 2),
    destinationPort,
    destinationPortLiteral: planes(destinationLiteral.subarray(0, destinationLiterals), 2),
    destinationPortTable: tableColumn.take(),
  }
}

/** The most frequent first; of those that are seen equally often, the lowest. */
async function frequentPorts(batch: OpenBatch, slices: Slices): Promise<Uint32Array> {
  const seen = new Uint16Array(PORTS)
  await slices.each(batch.rows, row => {
    if (batch.destinationPort[row] >= 0) seen[batch.destinationPort[row]]++
  })
  const ranks = new Uint32Array(PORTS)
  let count = 0
  // sorted as plain numbers, which takes a tenth of the time of a sort that asks which of two comes first
  for (let port = 0; port < PORTS; port++) if (seen[port] >= LISTED_FROM) ranks[count++] = (BATCH_MAX_ROWS - seen[port]) * PORTS + port
  return ranks
    .subarray(0, count)
    .sort()
    .subarray(0, PORT_TABLE_MAX)
    .map(rank => rank % PORTS)
}
