// Batches for tests of what reads the hours: from rows in words, without a box.
import { createHash, randomUUID } from 'node:crypto'
import { AddressKind } from '../../agent/batch/layout.ts'
import type { ArrivedBatch } from './arrivals.ts'
import { eventColumnsOf } from './event-columns.ts'

export interface TestEvent {
  /** Seconds since 1970. */
  readonly time: number
  readonly gateway?: number
  readonly duration?: number
  /** IPv4 as a number, or 16 bytes of another kind. */
  readonly source?: number | Uint8Array
  readonly sourcePort?: number
  readonly destination?: number | Uint8Array
  readonly destinationPort?: number
  /** Number of agent/event.ts; 1 (deny) by default. */
  readonly action?: number
  readonly protocol?: number
  readonly direction?: number
  readonly product?: number
  readonly rule?: number
  readonly bytes?: number
  readonly packets?: number
  readonly count?: number
  readonly reason?: string
}

export interface TestBatch {
  readonly device?: number
  readonly deviceUuid?: string
  readonly member?: number
  readonly sequence?: number
  readonly clock?: number
}

/** One batch of these events. */
export function batchOf(
  events: readonly TestEvent[],
  { device = 1, member = 1, sequence = 1, clock = 1, deviceUuid }: TestBatch = {},
): ArrivedBatch {
  const rows = events.length
  const reasons = [...new Set(events.map(({ reason = 'blocked' }) => reason))]
  const addresses = events.flatMap(({ source, destination }) => [source, destination])
  const words = new Uint32Array(rows * 8)
  const kinds = new Uint8Array(rows * 2)
  addresses.forEach((address, i) => {
    if (typeof address === 'number') words.set([0, 0, 0xffff, address], i * 4)
    if (!(address instanceof Uint8Array)) return
    const view = new DataView(address.buffer, address.byteOffset, 16)
    for (let word = 0; word < 4; word++) words[i * 4 + word] = view.getUint32(word * 4)
    kinds[i] = address[0] >> 5 === 1 ? AddressKind.ipv6 : AddressKind.pseudonym
  })
  const index = (side: number) => Int32Array.from(events, (_, i) => (addresses[i * 2 + side] === undefined ? -1 : i * 2 + side))
  const numbers = (name: 'sourcePort' | 'destinationPort') => Int32Array.from(events, event => event[name] ?? -1)
  const columns = eventColumnsOf({
    rows,
    messages: rows,
    accounting: {},
    clock: 1,
    inferred: 0,
    clockOffsetSeconds: 0,
    reasons,
    kinds: Float64Array.from(
      events.flatMap(({ gateway = 1, product = 1, action = 1, direction = 1, reason = 'blocked', protocol = 6, rule = -1 }) => [
        gateway,
        product,
        action,
        direction,
        reasons.indexOf(reason),
        protocol,
        rule,
      ]),
    ),
    kind: Uint16Array.from(events.keys()),
    firstSeen: Float64Array.from(events, ({ time }) => time),
    lastSeen: Float64Array.from(events, ({ time, duration = 0 }) => time + duration),
    addressKinds: kinds,
    addressWords: words,
    source: index(0),
    destination: index(1),
    sourcePort: numbers('sourcePort'),
    destinationPort: numbers('destinationPort'),
    bytes: Float64Array.from(events, ({ bytes = -1 }) => bytes),
    packets: Float64Array.from(events, ({ packets = -1 }) => packets),
    count: Uint32Array.from(events, ({ count = 1 }) => count),
  })
  const hash = createHash('sha256').update(`${device} ${sequence}`).digest()
  return {
    device,
    deviceUuid: deviceUuid ?? randomUUID(),
    member,
    sequence,
    hash,
    messages: rows,
    bytes: 300,
    accounting: '{}',
    clock,
    events: columns,
  }
}
