// Events as the old DuckDB file spelt them, in words, into the columns of an hour. Pure.
import * as z from 'zod'
import type { BatchColumns } from '../../agent/batch/columns.ts'
import { AddressKind } from '../../agent/batch/layout.ts'
import { actionNames, directionNames, productNames } from '../../agent/batch/unpack.ts'
import { parseAddress } from '../../agent/lib/address.ts'
import { type EventColumns, eventColumnsOf } from '../arrivals/event-columns.ts'

const seconds = z.date().transform(date => Math.floor(date.getTime() / 1000))
const large = z.bigint().transform(Number).nullable()
const small = z.number().nullable()

export const oldEventSchema = z.object({
  gateway: z.number(),
  product: z.string(),
  action: z.string(),
  source: z.string().nullable(),
  source_port: small,
  destination: z.string().nullable(),
  destination_port: small,
  protocol: small,
  bytes: large,
  packets: large,
  count: z.number(),
  first_seen: seconds,
  last_seen: seconds,
  rule: small,
  direction: z.string(),
  reason: z.string(),
})
export type OldEvent = z.infer<typeof oldEventSchema>

/** One that a newer box named has its number in its name. */
function numberIn(names: readonly string[], name: string, fallback: number): number {
  const known = names.indexOf(name)
  const numbered = Number(/-(\d{1,3})$/.exec(name)?.[1] ?? fallback)
  return known >= 0 ? known : Math.min(numbered, 0xff)
}

function addressOf(text: string | null): { kind: number; words: ArrayLike<number> } | undefined {
  if (text === null) return undefined
  const pseudonym = /^in-([0-9a-f]{32})$/.exec(text)?.[1]
  if (pseudonym !== undefined) {
    const bytes = Buffer.from(pseudonym, 'hex')
    return { kind: AddressKind.pseudonym, words: [0, 4, 8, 12].map(at => bytes.readUInt32BE(at)) }
  }
  const words = parseAddress(text)
  return words === undefined ? undefined : { kind: text.includes(':') ? AddressKind.ipv6 : AddressKind.ipv4, words }
}

export function oldEvents(events: readonly OldEvent[]): EventColumns {
  const reasons = [...new Set(events.map(({ reason }) => reason))]
  const addresses = events.flatMap(({ source, destination }) => [addressOf(source), addressOf(destination)])
  const addressWords = new Uint32Array(addresses.length * 4)
  addresses.forEach((address, i) => {
    if (address !== undefined) addressWords.set(Array.from(address.words), i * 4)
  })
  const index = (side: number) => Int32Array.from(events, (_, i) => (addresses[i * 2 + side] === undefined ? -1 : i * 2 + side))
  const kinds = events.flatMap(({ gateway, product, action, direction, reason, protocol, rule }) => [
    gateway,
    numberIn(productNames, product, 0),
    numberIn(actionNames, action, actionNames.indexOf('other')),
    numberIn(directionNames, direction, 0),
    reasons.indexOf(reason),
    protocol ?? -1,
    rule ?? -1,
  ])
  const columns: BatchColumns = {
    rows: events.length,
    messages: 0,
    accounting: {},
    clock: 0,
    inferred: 0,
    clockOffsetSeconds: null,
    reasons,
    kinds: Float64Array.from(kinds),
    kind: Uint16Array.from(events.keys()),
    firstSeen: Float64Array.from(events, event => event.first_seen),
    lastSeen: Float64Array.from(events, event => event.last_seen),
    addressKinds: Uint8Array.from(addresses, address => address?.kind ?? 0),
    addressWords,
    source: index(0),
    destination: index(1),
    sourcePort: Int32Array.from(events, event => event.source_port ?? -1),
    destinationPort: Int32Array.from(events, event => event.destination_port ?? -1),
    bytes: Float64Array.from(events, event => event.bytes ?? -1),
    packets: Float64Array.from(events, event => event.packets ?? -1),
    count: Uint32Array.from(events, event => event.count),
  }
  return eventColumnsOf(columns)
}
