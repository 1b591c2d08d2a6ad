// Reads the port columns that pack-ports.ts writes.
import { PORT_TABLE_MAX, PortSymbol } from './layout.ts'
import { type Parts, unplane, varints } from './read-parts.ts'

const PORT_MAX = 0xffff
const NONE = -1

interface Ports {
  readonly sourcePort: Int32Array<ArrayBuffer>
  readonly destinationPort: Int32Array<ArrayBuffer>
}

/** `source` has the index of each row's address, or -1; 'the row before' is the last one with the same. */
export function readPorts(parts: Parts, source: Int32Array, addresses: number): Ports {
  const rows = source.length
  if (parts.sourcePort.length !== rows || parts.destinationPort.length !== rows) throw new RangeError('a column has the wrong length')
  const sourceLiterals = new Literals(parts.sourcePortLiteral, rows)
  const destinationLiterals = new Literals(parts.destinationPortLiteral, rows)
  const table = readTable(parts.destinationPortTable)
  const lastSource = new Int32Array(addresses + 1).fill(NONE)
  const lastDestination = new Int32Array(addresses + 1).fill(NONE)
  const sourcePort = new Int32Array(rows)
  const destinationPort = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    const address = source[row] + 1
    sourcePort[row] = lastSource[address] = portOf(parts.sourcePort[row], lastSource[address], sourceLiterals, undefined)
    destinationPort[row] = lastDestination[address] = portOf(
      parts.destinationPort[row],
      lastDestination[address] + 1,
      destinationLiterals,
      table,
    )
  }
  if (!sourceLiterals.atEnd || !destinationLiterals.atEnd) throw new RangeError('a column has the wrong length')
  return { sourcePort, destinationPort }
}

function portOf(symbol: number, following: number, literals: Literals, table: Float64Array | undefined): number {
  if (symbol === PortSymbol.absent) return NONE
  if (symbol === PortSymbol.literal) return literals.next()
  const port = symbol === PortSymbol.followsSource ? following : (table?.[symbol - PortSymbol.firstListed] ?? PORT_MAX + 1)
  if (port > PORT_MAX) throw new RangeError('a port is out of bounds')
  return port
}

function readTable(bytes: Uint8Array): Float64Array {
  let count = 0
  for (const byte of bytes) if (byte < 0x80 && ++count > PORT_TABLE_MAX) throw new RangeError('the table of ports is too long')
  return varints(bytes, count, PORT_MAX)
}

class Literals {
  private readonly ports: Uint32Array
  private at = 0

  constructor(bytes: Uint8Array, rows: number) {
    if (bytes.length > rows * 2) throw new RangeError('there are more ports than rows')
    this.ports = unplane(bytes, Math.floor(bytes.length / 2), 2, 2)
  }

  next(): number {
    if (this.at >= this.ports.length) throw new RangeError('a column ends too early')
    return this.ports[this.at++]
  }

  get atEnd(): boolean {
    return this.at === this.ports.length
  }
}
