// Reads a packed batch back into events: for the ledger on the box, and for central.
import { actionNames, directionNames, productNames } from '../event.ts'
import { formatAddress } from '../lib/address.ts'
import { type BatchColumns, KIND_FIELDS, unpackColumns } from './columns.ts'
import { AddressKind, TIME_UNIT_MS } from './layout.ts'
import { pseudonymText } from './pseudonym-text.ts'

/** What the numbers of an event mean, for central. */
export { actionNames, directionNames, productNames } from '../event.ts'

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

/** Throws Failure 'batch-malformed' for anything that packBatch cannot have written. */
export function unpack(packed: Uint8Array): UnpackedBatch {
  const columns = unpackColumns(packed)
  const { rows, messages, accounting } = columns
  return { rows, messages, accounting, event: row => eventOf(columns, row) }
}

/** The event of a row. */
export function eventOf(columns: BatchColumns, row: number): WireEvent {
  const { kinds } = columns
  const at = columns.kind[row] * KIND_FIELDS
  const [product, action, direction] = [kinds[at + 1], kinds[at + 2], kinds[at + 3]]
  const firstSeen = columns.firstSeen[row] * TIME_UNIT_MS
  return {
    time: firstSeen,
    gateway: kinds[at],
    product: productNames[product] ?? `product-${product}`,
    action: actionNames[action] ?? 'other',
    source: addressAt(columns, columns.source[row]),
    sourcePort: stated(columns.sourcePort[row]),
    destination: addressAt(columns, columns.destination[row]),
    destinationPort: stated(columns.destinationPort[row]),
    protocol: stated(kinds[at + 5]),
    bytes: stated(columns.bytes[row]),
    packets: stated(columns.packets[row]),
    count: columns.count[row],
    firstSeen,
    lastSeen: columns.lastSeen[row] * TIME_UNIT_MS,
    rule: stated(kinds[at + 6]),
    direction: directionNames[direction] ?? 'unknown',
    reason: columns.reasons[kinds[at + 4]],
  }
}

const stated = (value: number): number | null => (value < 0 ? null : value)

const pseudonym = Buffer.alloc(16)

function addressAt({ addressKinds, addressWords }: BatchColumns, index: number): string | null {
  if (index < 0) return null
  if (addressKinds[index] !== AddressKind.pseudonym) return formatAddress(addressWords, index * 4)
  for (let word = 0; word < 4; word++) pseudonym.writeUInt32BE(addressWords[index * 4 + word], word * 4)
  return pseudonymText(pseudonym)
}
