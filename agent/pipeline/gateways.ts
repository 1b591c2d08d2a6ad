// The gateways that log to this box: what is known of each while the agent runs, and the number by which central knows it.
// Numbers are kept on disk, because a gateway is the same gateway after a restart; its address never leaves.
// Anyone can forge UDP senders, so numbers have to come back. A sender gets one at once while there are any. When there are none,
// a sender that comes back after a minute gets the place of the one that has been silent longest, and a new number: no number
// stands for two gateways before all 65,535 were given, and then the round says which it is.
import * as z from 'zod'
import { fromJson, mendState, toJson, writeState } from '../lib/state-file.ts'
import type { Recogniser } from '../recognisers/recogniser.ts'
import { GatewayClock } from './gateway-clock.ts'
import { ReturningSenders } from './returning-senders.ts'

/** So many have a number at a time; messages of all others are counted under number 0. */
const GATEWAYS_MAX = 1023
/** What the batch has room for. */
const NUMBER_MAX = 65_535

const DAY_MS = 86_400_000
/** Whose readable messages came over a day keeps its number for a month of silence; others for minutes, once numbers are short. */
const ESTABLISHED_MS = DAY_MS
const ESTABLISHED_KEPT_MS = 30 * DAY_MS
const KEPT_MS = 600_000
/** However many senders there are, numbers last for weeks: one is given away in this time. */
const GIVEN_AWAY_EVERY_MS = 10_000
/** How old the times on the disk may be. */
const SAVED_EVERY_MS = 3_600_000

const placeSchema = z.looseObject({
  number: z.int().min(1).max(NUMBER_MAX),
  address: z.string().max(100),
  /** When its first message came, and the last that could be read; ms since 1970. */
  since: z.number(),
  heard: z.number(),
})
type Place = z.infer<typeof placeSchema>

/** What is kept on the disk. `next` is the next number; `round` counts how often all were given. */
export const numberingSchema = z.looseObject({
  next: z.int().min(1).max(NUMBER_MAX),
  round: z.int().nonnegative(),
  /** A newer release may have room for more. */
  gateways: z.array(placeSchema).max(NUMBER_MAX),
})
export type Numbering = z.infer<typeof numberingSchema>
export const emptyNumbering: Numbering = { next: 1, round: 0, gateways: [] }

export class Gateway {
  readonly number: number
  readonly address: string
  readonly clock = new GatewayClock()
  messages = 0
  /** Messages that a recogniser could read: events, and others that it knows. */
  parsed = 0
  lastMessageAt = 0
  /** When the last message came that could be read, to a second. */
  heardAt = 0
  /** Of the last whole second. */
  messagesPerSecond = 0
  private counted = 0
  private countedParsed = 0
  /** The recogniser that read the last message; tried first for the next. */
  recogniser: Recogniser | undefined
  /** Only from there marked messages are taken (canary.ts): nobody outside can send from these addresses. */
  readonly isLoopback: boolean

  constructor(number: number, address: string) {
    this.number = number
    this.address = address
    this.isLoopback = isLoopback(address)
  }

  /** To be called once a second. */
  tick(): void {
    this.messagesPerSecond = this.messages - this.counted
    this.counted = this.messages
    if (this.parsed > this.countedParsed) this.heardAt = this.lastMessageAt
    this.countedParsed = this.parsed
  }
}

export class Gateways {
  private readonly known = new Map<string, Gateway>()
  private readonly others = new Gateway(0, 'others')
  /** Stands for addresses of this machine that sent nothing but marked messages: those take no number. */
  private readonly unnumbered = new Gateway(0, LOOPBACK)
  private readonly places: Map<string, Place>
  private readonly senders = new ReturningSenders()
  private readonly save: (numbering: Numbering) => void
  /** What a newer release keeps beside. */
  private readonly newer: object
  private next: number
  private round: number
  private isSaved = true
  private lookedAt = 0

  /** `numbering`: of earlier runs. `save` is called by `flush` when it has changed. */
  constructor({ next, round, gateways, ...newer }: Numbering, save: (numbering: Numbering) => void) {
    this.newer = newer
    this.next = next
    this.round = round
    this.places = new Map(gateways.map(place => [place.address, { ...place }]))
    this.save = save
  }

  /** Of an address of this machine, give it to `numbered` before a message is counted for it. */
  get(address: string): Gateway {
    return this.known.get(address) ?? this.add(address)
  }

  /** What `get` gave, with a number: for a message that counts as one of a gateway. */
  numbered(gateway: Gateway, address: string): Gateway {
    return gateway === this.unnumbered ? this.addNumbered(address) : gateway
  }

  /** To be called for each readable message of a sender without a number. */
  returned(address: string, now: number): void {
    if (!this.senders.hasReturned(address, now) || Math.abs(now - this.lookedAt) < GIVEN_AWAY_EVERY_MS) return
    this.lookedAt = now
    const silent = this.longestSilent(now)
    if (silent === undefined) return
    this.places.delete(silent.address)
    this.known.delete(silent.address)
    this.newPlace(address, now)
  }

  /** Those that sent something since start. */
  get active(): Gateway[] {
    return this.others.messages > 0 ? [...this.known.values(), this.others] : [...this.known.values()]
  }

  /** The number of an address, and since when it has it; undefined for one without. */
  placeOf(address: string): { readonly number: number; readonly since: number } | undefined {
    return this.places.get(address)
  }

  /** How many numbers were given, in all rounds. */
  get given(): number {
    return givenOf({ next: this.next, round: this.round })
  }

  /** For central, with the counts of a batch: what its numbers of gateways mean, once they have begun anew. */
  get accounting(): Readonly<Record<string, number>> {
    return this.round === 0 ? {} : { 'gateways.round': this.round }
  }

  /** To be called once a second. */
  tick(): void {
    for (const gateway of this.active) {
      gateway.tick()
      const heard = this.places.get(gateway.address)?.heard ?? gateway.heardAt
      if (gateway.heardAt - heard >= SAVED_EVERY_MS) this.isSaved = false
    }
  }

  /** Keeps new numbers on the disk; throws what `save` throws, and then tries again the next time. */
  flush(): void {
    if (this.isSaved) return
    for (const place of this.places.values()) place.heard = this.heard(place)
    this.save({ ...this.newer, next: this.next, round: this.round, gateways: [...this.places.values()] })
    this.isSaved = true
  }

  private add(address: string): Gateway {
    return isLoopback(address) && !this.places.has(address) ? this.unnumbered : this.addNumbered(address)
  }

  private addNumbered(address: string): Gateway {
    let place = this.places.get(address)
    if (place === undefined) {
      if (this.places.size >= GATEWAYS_MAX) return this.others
      place = this.newPlace(address, Date.now())
    }
    const gateway = new Gateway(place.number, address)
    this.known.set(address, gateway)
    return gateway
  }

  private newPlace(address: string, now: number): Place {
    const used = new Set([...this.places.values()].map(({ number }) => number))
    while (used.has(this.next)) this.advance()
    const place = { number: this.next, address, since: now, heard: now }
    this.advance()
    this.places.set(address, place)
    this.isSaved = false
    return place
  }

  private advance(): void {
    if (this.next < NUMBER_MAX) this.next++
    else {
      this.next = 1
      this.round++
    }
  }

  private heard({ address, heard }: Place): number {
    return Math.max(heard, this.known.get(address)?.heardAt ?? 0)
  }

  /** Of those that may lose their number. */
  private longestSilent(now: number): Place | undefined {
    let found: Place | undefined
    for (const place of this.places.values()) {
      const heard = this.heard(place)
      const isEstablished = heard - place.since >= ESTABLISHED_MS
      if (now - heard < (isEstablished ? ESTABLISHED_KEPT_MS : KEPT_MS)) continue
      if (found === undefined || heard < this.heard(found)) found = place
    }
    return found
  }
}

const LOOPBACK = '127.0.0.1'
/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

/** How many numbers were given, in all rounds. */
const givenOf = ({ next, round }: Pick<Numbering, 'next' | 'round'>): number => round * NUMBER_MAX + next - 1

export interface OpenedGateways {
  readonly gateways: Gateways
  /** What was wrong with the copies of the file. */
  readonly damage: readonly string[]
  /** How many numbers were given whose gateways are not known any more. */
  readonly lost: number
}

/**
 * Gateways whose numbers are kept in the JSON file at `path`. Where no copy of it can be used, numbers go on after the `given` ones
 * that were given before: to central a number never becomes another gateway.
 */
export function openGateways(path: string, given: number): OpenedGateways {
  const { value = emptyNumbering, damage } = mendState(path, fromJson(readNumbering))
  const lost = Math.max(0, given - givenOf(value))
  const numbering = lost === 0 ? value : { ...value, next: (given % NUMBER_MAX) + 1, round: Math.floor(given / NUMBER_MAX) }
  return { gateways: new Gateways(numbering, all => writeState(path, toJson(all))), damage, lost }
}

/** Also of the older form: addresses in the order of their numbers. */
export function readNumbering(stored: unknown): Numbering {
  const { data: older } = z.object({ addresses: z.array(z.string().max(100)).max(GATEWAYS_MAX) }).safeParse(stored)
  if (older === undefined) return numberingSchema.parse(stored)
  const heard = Date.now()
  const gateways = older.addresses.map((address, index) => ({ number: index + 1, address, since: 0, heard }))
  return { next: gateways.length + 1, round: 0, gateways }
}
