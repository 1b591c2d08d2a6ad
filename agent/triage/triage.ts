// Decides for each event whether it is suspicious. Knows what is ours, remembers for minutes who was blocked, and works
// through the table of rules; time comes from outside.
import { Action, DESTINATION, Direction, type EventRecord, SOURCE } from '../event.ts'
import { NetworkKind, type Networks } from './networks.ts'
import { Mark, RecentSources } from './recent-sources.ts'
import { type Facts, isBlocked, rules } from './rules.ts'

export class Triage {
  readonly recent = new RecentSources()
  /** NetworkKind of the ends of the event judged last. */
  sourceKind: number = NetworkKind.foreign
  destinationKind: number = NetworkKind.foreign
  private readonly networks: Networks
  private readonly facts: Facts = {
    action: 0,
    direction: 0,
    destinationPort: 0,
    hasSource: false,
    sourceKind: 0,
    destinationKind: 0,
    sourceRecentlyBlocked: false,
    sourceRecentlyFailedLogin: false,
  }

  constructor(networks: Networks) {
    this.networks = networks
  }

  /** Sets the event's direction and gives the index of the rule that decides; `now` is the time of arrival in ms. */
  judge(event: EventRecord, now: number): number {
    const { facts } = this
    const { words } = event
    this.sourceKind = event.hasSource ? this.networks.kindOf(words, SOURCE) : NetworkKind.foreign
    this.destinationKind = event.hasDestination ? this.networks.kindOf(words, DESTINATION) : NetworkKind.foreign
    event.direction = directionOf(event, this.sourceKind, this.destinationKind)
    facts.action = event.action
    facts.direction = event.direction
    facts.destinationPort = event.destinationPort
    facts.hasSource = event.hasSource
    facts.sourceKind = this.sourceKind
    facts.destinationKind = this.destinationKind
    const isForeign = event.hasSource && this.sourceKind === NetworkKind.foreign
    const mayBeRelated = isForeign && event.action === Action.allow
    facts.sourceRecentlyBlocked = mayBeRelated && this.recent.isMarked(words, Mark.blocked, now)
    facts.sourceRecentlyFailedLogin = mayBeRelated && this.recent.isMarked(words, Mark.failedLogin, now)
    if (isForeign && isBlocked(event.action)) this.recent.mark(words, Mark.blocked, now)
    else if (isForeign && event.action === Action.loginFailed) this.recent.mark(words, Mark.failedLogin, now)
    for (let i = 0; i < rules.length; i++) if (rules[i].holds(facts)) return i
    throw new Error('the last rule holds for everything')
  }
}

const isOurs = (kind: number): boolean => kind === NetworkKind.internal || kind === NetworkKind.oursPublic

function directionOf(event: EventRecord, source: number, destination: number): number {
  if (!event.hasSource || !event.hasDestination) return Direction.unknown
  if (isOurs(source)) return isOurs(destination) || destination === NetworkKind.special ? Direction.internal : Direction.outbound
  return isOurs(destination) ? Direction.inbound : Direction.external
}
