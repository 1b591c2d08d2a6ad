// Decides for each event whether it is suspicious. Knows which addresses are ours, remembers for minutes which sources were
// blocked, and applies the table of rules; time is an argument. What the rules decide about the same facts is worked out once.
import { Action, DESTINATION, Direction, type EventRecord, Protocol, SOURCE } from '../event.ts'
import { NetworkKind, type Networks } from './networks.ts'
import { Mark, RecentSources } from './recent-sources.ts'
import { isAdminPort, isBlocked, isOfOwnClient, rules } from './rules.ts'

/** Beside the bits of `Mark`: the connection goes to an administration port. */
const TO_ADMIN_PORT = 4
const RELATION_BITS = 3
const KIND_BITS = 2
const DIRECTION_BITS = 3
const ACTION_BITS = 4
/** Whether there is a source, whether there is a destination, and whether the packet is late. */
const FLAG_BITS = 3
const FACT_BITS = RELATION_BITS + 2 * KIND_BITS + FLAG_BITS + DIRECTION_BITS + ACTION_BITS

export class Triage {
  readonly recent = new RecentSources()
  /** NetworkKind of the ends of the event judged last. */
  sourceKind: number = NetworkKind.foreign
  destinationKind: number = NetworkKind.foreign
  /** May be changed between two events. */
  networks: Networks
  /** By facts: 1 + the index of the rule that decides, 0 where they never came up. */
  private readonly decided = new Uint8Array(2 ** FACT_BITS)

  constructor(networks: Networks) {
    this.networks = networks
  }

  /** Sets the event's direction and gives the index of the rule that decides; `now` is the time of arrival in ms. */
  judge(event: EventRecord, now: number): number {
    const { words, hasSource, action } = event
    const source = hasSource ? this.networks.kindOf(words, SOURCE) : NetworkKind.foreign
    const destination = event.hasDestination ? this.networks.kindOf(words, DESTINATION) : NetworkKind.foreign
    const direction = directionOf(event, source, destination)
    const isLate = event.isLate && this.isLate(event, source, destination)
    // whoever answers late was not blocked
    const relation = hasSource && source === NetworkKind.foreign && !isLate ? this.relate(event, now) : 0
    this.sourceKind = source
    this.destinationKind = destination
    event.direction = direction
    const flags = (hasSource ? 1 : 0) | (event.hasDestination ? 2 : 0) | (isLate ? 4 : 0)
    const facts = (((((action << DIRECTION_BITS) | direction) << FLAG_BITS) | flags) << KIND_BITS) | source
    const key = (((facts << KIND_BITS) | destination) << RELATION_BITS) | relation
    const rule = this.decided[key]
    return rule > 0 ? rule - 1 : this.decide(key, event, relation, isLate)
  }

  private isLate(event: EventRecord, source: number, destination: number): boolean {
    if (!event.hasSource || !event.hasDestination || event.protocol !== Protocol.tcp) return false
    return isOfOwnClient(source, event.sourcePort, destination, event.destinationPort)
  }

  /** What an allowed connection from a foreign source is related to, in bits; others leave their mark for those that follow. */
  private relate(event: EventRecord, now: number): number {
    const { action, words } = event
    if (action === Action.allow) return this.recent.marksOf(words, now) | (isAdminPort(event.destinationPort) ? TO_ADMIN_PORT : 0)
    if (isBlocked(action)) this.recent.mark(words, Mark.blocked, now)
    else if (action === Action.loginFailed) this.recent.mark(words, Mark.failedLogin, now)
    return 0
  }

  private decide(key: number, event: EventRecord, relation: number, isLate: boolean): number {
    const rule = rules.findIndex(one =>
      one.holds({
        action: event.action,
        direction: event.direction,
        hasSource: event.hasSource,
        hasDestination: event.hasDestination,
        isLate,
        sourceKind: this.sourceKind,
        destinationKind: this.destinationKind,
        sourceRecentlyBlocked: (relation & Mark.blocked) > 0,
        sourceRecentlyFailedLogin: (relation & Mark.failedLogin) > 0,
        isToAdminPort: (relation & TO_ADMIN_PORT) > 0,
      }),
    )
    this.decided[key] = rule + 1
    return rule
  }
}

const isOurs = (kind: number): boolean => kind === NetworkKind.internal || kind === NetworkKind.oursPublic

function directionOf(event: EventRecord, source: number, destination: number): number {
  if (!event.hasSource || !event.hasDestination) return Direction.unknown
  if (isOurs(source)) return isOurs(destination) || destination === NetworkKind.special ? Direction.internal : Direction.outbound
  return isOurs(destination) ? Direction.inbound : Direction.external
}
