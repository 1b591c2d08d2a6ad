// What health needs to know over time: windows of minutes and hours, the rhythm of each gateway, and what the machine says now and then.
// Joins counts, gateways and files; the checks themselves are in health/checks and know none of them.
import { X509Certificate } from 'node:crypto'
import { describe, type Fault, fault } from './errors.ts'
import type { Facts, GatewayFacts, MachineFacts } from './health/facts.ts'
import { type KeptHealth, openHealth, writeHealth } from './health/kept-health.ts'
import { readMachine } from './health/machine/index.ts'
import { memoryKills } from './health/machine/memory-kills.ts'
import { releaseMadeAtMs, releaseOf } from './health/machine/releases.ts'
import { smallFile } from './health/machine/small-file.ts'
import { Rhythm } from './health/rhythm.ts'
import { RecentGrowth } from './health/windows.ts'
import { sum } from './ledger/accounting.ts'
import type { Accounts } from './ledger/accounts.ts'
import type { Log } from './log.ts'
import type { Paths } from './paths.ts'
import type { Collector } from './pipeline/collector.ts'
import type { Gateway, Gateways } from './pipeline/gateways.ts'
import type { Source } from './sources/source.ts'

const LOOK_MS = 10_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** A firewall that is gone for that long was taken away. */
const FORGOTTEN_MS = 14 * DAY_MS

interface Followed {
  readonly rhythm: Rhythm
  readonly messages: RecentGrowth
  readonly parsed: RecentGrowth
  /** Of the gateway, when it was looked at last. */
  counted: number
  recent: GatewayFacts['recent']
}

export interface HealthParts {
  readonly paths: Paths
  readonly accounts: Accounts
  readonly collector: Collector
  readonly gateways: Gateways
  readonly sources: readonly Source[]
  readonly log: Log
  readonly wasStoppedCleanly: boolean
  /** Of the identity that the box has; undefined without one. */
  enrolment(): string | undefined
  /** PEM file of the certificate for syslog over TLS; '' where nothing listens. */
  tlsCertificate(): string
}

type HealthFacts = Pick<
  Facts,
  'recent' | 'connectionsRefused' | 'shedToday' | 'uncleanStarts' | 'tlsCertificateUntilMs' | 'machine' | 'release' | 'releaseMadeAtMs'
>

export class HealthWatch {
  /** What was wrong with its file. */
  readonly faults: readonly Fault[]
  private readonly parts: HealthParts
  private readonly kept: KeptHealth
  private readonly followed = new Map<string, Followed>()
  private readonly received = new RecentGrowth(MINUTE_MS, 10)
  private readonly refused = new RecentGrowth(MINUTE_MS, 10)
  private readonly lost = new RecentGrowth(MINUTE_MS, 10)
  private readonly connections = new RecentGrowth(MINUTE_MS, 10)
  private readonly madeAtMs = releaseMadeAtMs()
  private shed = new RecentGrowth(HOUR_MS, 24)
  /** Whose identity the box has, and since when. */
  private enrolment: string | undefined
  private enrolledAt = Number.NEGATIVE_INFINITY
  private readonly uncleanStarts: number[]
  private facts: HealthFacts | undefined
  private lookedAt = Number.NEGATIVE_INFINITY
  private savedAt: number

  constructor(parts: HealthParts, now: number, uptimeMs: number) {
    this.parts = parts
    const { kept, damage, isLost } = openHealth(parts.paths.health)
    this.kept = kept
    this.uncleanStarts = [...kept.uncleanStarts, ...(parts.wasStoppedCleanly ? [] : [now])]
    const told = damage.join('; ')
    if (isLost) this.faults = [fault('file-lost', `What is usual for each gateway is learned anew: ${told}`)]
    else this.faults = damage.length === 0 ? [] : [fault('file-restored', `A file was damaged and is restored from its copy: ${told}`)]
    for (const { address, ...rhythm } of kept.gateways)
      if (now - rhythm.lastAt < FORGOTTEN_MS) this.followed.set(address, newFollowed(new Rhythm(rhythm)))
    this.savedAt = uptimeMs
    this.enrolment = parts.enrolment()
    this.look(now, uptimeMs)
    if (!parts.wasStoppedCleanly) this.save(now)
  }

  /** To be called once a second; `uptimeMs` is of a clock that never goes back. */
  tick(now: number, uptimeMs: number): void {
    if (uptimeMs - this.lookedAt >= LOOK_MS) this.look(now, uptimeMs)
    if (uptimeMs - this.savedAt < HOUR_MS) return
    this.savedAt = uptimeMs
    this.save(now)
  }

  /** Writes what has to be known at the next start. A full disk costs no more than what was learned since the last time. */
  save(now: number): void {
    const gateways = [...this.followed].map(([address, { rhythm }]) => {
      const { messages, lastAt, usual } = rhythm.kept
      return { address, messages, lastAt, usual: [...usual] }
    })
    try {
      writeHealth(this.parts.paths.health, {
        ...this.kept,
        uncleanStarts: this.uncleanStarts.filter(at => now - at < DAY_MS),
        gateways: gateways.filter(({ lastAt }) => now - lastAt < FORGOTTEN_MS),
      })
    } catch (error) {
      this.parts.log.warning(`what is usual for each gateway could not be kept: ${describe(error)}`)
    }
  }

  factsAt(now: number, uptimeMs: number): HealthFacts {
    if (this.facts === undefined) this.look(now, uptimeMs)
    return {
      ...(this.facts as HealthFacts),
      recent: this.recentAt(uptimeMs),
      connectionsRefused: this.connectionsAt(uptimeMs),
      shedToday: this.shedAt(uptimeMs),
    }
  }

  gatewayFacts(gateway: Gateway, now: number): GatewayFacts {
    const { number, address, messages, parsed, messagesPerSecond, lastMessageAt, recogniser, clock } = gateway
    const followed = this.followed.get(address)
    return {
      number,
      address,
      product: recogniser?.title,
      messages,
      parsed,
      messagesPerSecond,
      lastMessageAtMs: lastMessageAt,
      clockOffsetMs: clock.clockOffsetMs,
      sinceMs: this.parts.gateways.placeOf(address)?.since ?? 0,
      recent: followed?.recent ?? { messages: 0, parsed: 0 },
      usualSilenceMs: followed?.rhythm.usualMs(now),
    }
  }

  /** Gateways that are known from before and have not sent anything since the agent started. */
  missing(now: number): GatewayFacts[] {
    const active = new Set(this.parts.gateways.active.map(({ address }) => address))
    return [...this.followed]
      .filter(([address, { rhythm }]) => !active.has(address) && now - rhythm.lastMessageAt < FORGOTTEN_MS)
      .flatMap(([address, { rhythm, recent }]) => {
        const place = this.parts.gateways.placeOf(address)
        if (place === undefined) return []
        const none = { product: undefined, messages: 0, parsed: 0, messagesPerSecond: 0, clockOffsetMs: Number.NaN }
        const lastMessageAtMs = rhythm.lastMessageAt
        return [
          { ...none, number: place.number, address, lastMessageAtMs, sinceMs: place.since, recent, usualSilenceMs: rhythm.usualMs(now) },
        ]
      })
  }

  private look(now: number, uptimeMs: number): void {
    this.lookedAt = uptimeMs
    const { paths, gateways } = this.parts
    for (const gateway of gateways.active) if (gateway.number > 0) this.follow(gateway, uptimeMs)
    for (const [address] of this.followed) if (gateways.placeOf(address) === undefined) this.followed.delete(address)
    const machine: MachineFacts = readMachine(paths.data, paths.machine)
    this.facts = {
      recent: this.recentAt(uptimeMs),
      connectionsRefused: this.connectionsAt(uptimeMs),
      releaseMadeAtMs: this.madeAtMs,
      shedToday: this.shedAt(uptimeMs),
      uncleanStarts: this.uncleanStarts.filter(at => Math.abs(now - at) < DAY_MS).length,
      tlsCertificateUntilMs: endOf(this.parts.tlsCertificate()),
      machine: { ...machine, memoryKills: memoryKills(paths.memoryKills, machine.memoryKills, now) },
      release: releaseOf(paths.releaseReport),
    }
  }

  private follow(gateway: Gateway, uptimeMs: number): void {
    let followed = this.followed.get(gateway.address)
    if (followed === undefined) {
      followed = newFollowed(new Rhythm())
      this.followed.set(gateway.address, followed)
    }
    followed.rhythm.heard(gateway.messages - followed.counted, gateway.lastMessageAt)
    followed.counted = gateway.messages
    followed.recent = {
      messages: followed.messages.note(gateway.messages, uptimeMs),
      parsed: followed.parsed.note(gateway.parsed, uptimeMs),
    }
  }

  private recentAt(uptimeMs: number): Facts['recent'] {
    const { accounts, collector } = this.parts
    const all = Object.values(accounts.totals)
    const { 'not-ip': _known, ...refused } = collector.refused
    return {
      received: this.received.note(sum(all.map(({ received }) => received)), uptimeMs),
      refused: this.refused.note(sum(Object.values(refused)), uptimeMs),
      kernelLost: this.lost.note(sum(all.map(({ lost }) => lost.kernel)), uptimeMs),
    }
  }

  private connectionsAt(uptimeMs: number): number {
    return this.connections.note(sum(this.parts.sources.map(({ counters }) => counters.connectionsRefused ?? 0)), uptimeMs)
  }

  /** What is left out because nobody is there to take it, or because the box went to another member, is as it should be. */
  private shedAt(uptimeMs: number): number {
    const enrolment = this.parts.enrolment()
    if (enrolment !== this.enrolment) this.enrolledAt = uptimeMs
    this.enrolment = enrolment
    if (enrolment === undefined || uptimeMs - this.enrolledAt < MINUTE_MS) this.shed = new RecentGrowth(HOUR_MS, 24)
    return this.shed.note(sum(Object.values(this.parts.accounts.totals).map(({ shed }) => shed)), uptimeMs)
  }
}

const newFollowed = (rhythm: Rhythm): Followed => {
  const messages = new RecentGrowth(MINUTE_MS, 10)
  const parsed = new RecentGrowth(MINUTE_MS, 10)
  // both count from nothing, so that the first minutes of a gateway are among its recent ones
  messages.note(0, 0)
  parsed.note(0, 0)
  return { rhythm, messages, parsed, counted: 0, recent: { messages: 0, parsed: 0 } }
}

/** Number of the appliance's system; 0 where there is none. */
export const systemNumberOf = (path: string): number => Number(/^number (\d{1,9})$/m.exec(smallFile(path) ?? '')?.[1] ?? 0)

function endOf(path: string): number | undefined {
  const pem = path === '' ? undefined : smallFile(path)
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem).validToDate.getTime()
  } catch {
    return undefined // a file that is no certificate is said where it is used
  }
}
