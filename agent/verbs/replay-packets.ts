// What the box would make of a captured packet: its headers become an event as those of a logged packet do, triage decides,
// and each packet is counted in one place: packets = send and drop (by rule) + not IP + other link + broken + cut.
import { Action, Clock, EventRecord } from '../event.ts'
import { readRulePrefix } from '../recognisers/tokenisers/rule-prefix.ts'
import { isKnownLink, LinkType, readLink } from '../sources/capture/pcap-link.ts'
import type { CapturedPacket } from '../sources/capture/pcap-packet.ts'
import { PacketReading } from '../sources/packets/ip-header.ts'
import { NflogRecord } from '../sources/packets/nflog-record.ts'
import { rules } from '../triage/rules.ts'
import type { Triage } from '../triage/triage.ts'
import { type Explanation, explainEvent } from './explanation.ts'

export class PacketCounts {
  packets = 0
  /** By position in the table of rules. */
  readonly byRule = new Float64Array(rules.length)
  notIp = 0
  /** Of an interface whose link type is not supported: a pcapng file may have several. */
  otherLink = 0
  broken = 0
  /** Truncated by the capture or by the end of the file, so that it is no event. */
  cut = 0
  /** Events without ports: truncated by the capture, or fragments. */
  withoutPorts = 0
  /** Events without a stated action. */
  withoutAction = 0
  /** Earliest and latest, ms since 1970; -1 if no packet states a time. */
  firstTime = -1
  lastTime = -1
}

export const Outcome = { event: 0, notIp: 1, otherLink: 2, broken: 3, cut: 4 } as const
export type Outcome = (typeof Outcome)[keyof typeof Outcome]

const reasons: Readonly<Record<Exclude<Outcome, 0>, Pick<Explanation, 'verdict' | 'reason'>>> = {
  [Outcome.notIp]: { verdict: 'ignore', reason: 'not an IP packet' },
  [Outcome.otherLink]: { verdict: 'ignore', reason: 'link type not supported' },
  [Outcome.broken]: { verdict: 'unreadable', reason: 'broken headers' },
  [Outcome.cut]: { verdict: 'unreadable', reason: 'truncated by the capture' },
}

export class PacketJudge {
  readonly counts = new PacketCounts()
  private readonly event = new EventRecord()
  private readonly record = new NflogRecord()
  private readonly triage: Triage
  /** The action of packets, where no rule's prefix states it. */
  private readonly action: number
  private now = 0
  private rule = 0
  private linkType = 0

  constructor(triage: Triage, action: number) {
    this.triage = triage
    this.action = action
  }

  /** May change the packet's bytes. */
  judge(bytes: Uint8Array, packet: CapturedPacket): Outcome {
    const { event, record, counts } = this
    counts.packets++
    this.linkType = packet.linkType
    if (packet.time >= 0) this.noteTime(packet.time)
    event.reset()
    record.time = -1
    const reading = readLink(bytes, packet, event, record)
    if (reading <= PacketReading.notIp) return this.refuse(reading, packet)
    event.action = this.action
    if (packet.linkType === LinkType.nflog) readRulePrefix(bytes, record.prefixStart, record.prefixEnd, event)
    const time = record.time >= 0 ? record.time : packet.time
    if (time >= 0) {
      event.time = time
      event.clock = Clock.exact
    }
    if (reading !== PacketReading.whole) counts.withoutPorts++
    if (event.action === Action.other) counts.withoutAction++
    this.rule = this.triage.judge(event, this.now)
    counts.byRule[this.rule]++
    return Outcome.event
  }

  /** Of the packet judged last. */
  explain(outcome: Outcome): Explanation {
    const recogniser = this.linkType === LinkType.nflog ? 'netfilter' : null
    if (outcome === Outcome.event) return explainEvent(recogniser, this.rule, this.event)
    return { recogniser, ...reasons[outcome], event: null }
  }

  private refuse(reading: PacketReading, packet: CapturedPacket): Outcome {
    const { counts } = this
    if (!isKnownLink(packet.linkType)) {
      counts.otherLink++
      return Outcome.otherLink
    }
    if (reading === PacketReading.notIp) {
      counts.notIp++
      return Outcome.notIp
    }
    if (packet.isCut) {
      counts.cut++
      return Outcome.cut
    }
    counts.broken++
    return Outcome.broken
  }

  private noteTime(time: number): void {
    const { counts } = this
    this.now = time
    if (counts.firstTime < 0 || time < counts.firstTime) counts.firstTime = time
    if (time > counts.lastTime) counts.lastTime = time
  }
}
