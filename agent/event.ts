// An event: metadata of one connection, detection or login attempt, in one fixed shape of numbers. There is no field
// that could carry text of a message, so none can leave by mistake. One record is reused for every message.
import { formatAddress } from './lib/address.ts'

/** Wire numbers of actions; only ever appended to. The names are what `event.action` says (ECS). */
export const actionNames = ['allow', 'deny', 'drop', 'reject', 'reset', 'end', 'detect', 'login-failed', 'other'] as const
export const Action = { allow: 0, deny: 1, drop: 2, reject: 3, reset: 4, end: 5, detect: 6, loginFailed: 7, other: 8 } as const

/** Wire numbers of products; only ever appended to. */
export const productNames = [
  'unknown',
  'fortigate',
  'cisco-asa',
  'paloalto',
  'pfsense',
  'sonicwall',
  'netfilter',
  'sophos-xg',
  'sshd',
] as const
export type ProductName = (typeof productNames)[number]

/** How a time was stated, which decides what has to be inferred from the time of arrival; `inferred` once that was done. */
export const Clock = { absent: 0, exact: 1, noZone: 2, noYearNoZone: 3, noYear: 4, inferred: 5 } as const

/** IANA protocol numbers that the readers name; others are passed on as the number the message gives. */
export const Protocol = { icmp: 1, igmp: 2, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51, icmp6: 58, sctp: 132 } as const

export const directionNames = ['unknown', 'inbound', 'outbound', 'internal', 'external'] as const
export const Direction = { unknown: 0, inbound: 1, outbound: 2, internal: 3, external: 4 } as const

/** Offsets of the two addresses in `EventRecord.words`. */
export const SOURCE = 0
export const DESTINATION = 4

/** -1 in a number says that the message did not state it. */
export class EventRecord {
  /** Source in words 0-3, destination in words 4-7, each an IPv6 address in network order; IPv4 as ::ffff:a.b.c.d. */
  readonly words = new Uint32Array(8)
  hasSource = false
  hasDestination = false
  /** Device time in ms since 1970, of the wall clock as stated; `clock` says what it lacks. */
  time = 0
  clock: number = Clock.absent
  action: number = Action.other
  sourcePort = -1
  destinationPort = -1
  protocol = -1
  /** Both ways together. */
  bytes = -1
  packets = -1
  /** Numeric rule or signature identifier below 2^32: a name could carry text, so names are not kept. */
  rule = -1
  /** How many connections the message itself speaks of (ASA's hit count). */
  count = 1
  direction: number = Direction.unknown
  /** Whether it is about a TCP packet of a session that is over: flags without SYN, or the product says so. For triage alone. */
  isLate = false

  /** Called for every message: single stores take a tenth of the time of `fill`. */
  reset(): void {
    const { words } = this
    words[0] = 0
    words[1] = 0
    words[2] = 0
    words[3] = 0
    words[4] = 0
    words[5] = 0
    words[6] = 0
    words[7] = 0
    this.hasSource = this.hasDestination = false
    this.time = 0
    this.clock = Clock.absent
    this.action = Action.other
    this.sourcePort = this.destinationPort = this.protocol = this.bytes = this.packets = this.rule = -1
    this.count = 1
    this.direction = Direction.unknown
    this.isLate = false
  }
}

const protocolNames: ReadonlyMap<number, string> = new Map(Object.entries(Protocol).map(([name, number]) => [number, name]))

/** The event for people and for `explain`, in ECS names; what was not stated is left out. */
export function toEcs(event: EventRecord): Record<string, string | number> {
  const fields: Record<string, string | number> = {}
  if (event.clock !== Clock.absent) fields['@timestamp'] = new Date(event.time).toISOString()
  fields['event.action'] = actionNames[event.action]
  if (event.hasSource) fields['source.ip'] = formatAddress(event.words, SOURCE)
  if (event.sourcePort >= 0) fields['source.port'] = event.sourcePort
  if (event.hasDestination) fields['destination.ip'] = formatAddress(event.words, DESTINATION)
  if (event.destinationPort >= 0) fields['destination.port'] = event.destinationPort
  if (event.protocol >= 0) fields['network.transport'] = protocolNames.get(event.protocol) ?? String(event.protocol)
  if (event.direction !== Direction.unknown) fields['network.direction'] = directionNames[event.direction]
  if (event.bytes >= 0) fields['network.bytes'] = event.bytes
  if (event.packets >= 0) fields['network.packets'] = event.packets
  if (event.rule >= 0) fields['rule.id'] = String(event.rule)
  if (event.count > 1) fields['event.count'] = event.count
  return fields
}
