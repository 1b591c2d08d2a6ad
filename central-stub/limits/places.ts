// The places for requests in flight, from before a body is read until it is answered: a limit for each device, each member,
// each network, and all together. When all are taken, a body that comes in too slowly gives way, and so does the latest body
// of a member that has more places than the newcomer's would have, also one that is whole and waits for its turn. Pure: time is an argument, in ms.
import { Refusal } from '../refusals.ts'

export interface PlaceLimits {
  readonly perDevice: number
  readonly perMember: number
  readonly perNetwork: number
  readonly total: number
  /** A body is not slow before this age... */
  readonly graceMs: number
  /** ...and after it only while it has come in at less than this. It counts while others wait, not on a quiet day. */
  readonly leastBytesPerSecond: number
}

/**
 * 32 bodies of 4 MiB are 128 MiB. A line of 0.5 Mbit/s brings 62,500 bytes a second. More devices than `perNetwork` behind one
 * address have to wait for each other; so do all behind a balancer that hides their addresses.
 */
export const deviceLimits: PlaceLimits = {
  perDevice: 8,
  perMember: 12,
  perNetwork: 24,
  total: 32,
  graceMs: 5000,
  leastBytesPerSecond: 32 * 1024,
}

/** For enrolment, whose bodies are 16 KiB at most. Nobody is known there: what counts is the network. */
export const strangerLimits: PlaceLimits = {
  perDevice: 64,
  perMember: 64,
  perNetwork: 16,
  total: 64,
  graceMs: 2000,
  leastBytesPerSecond: 4 * 1024,
}

/** For files of updates, which anybody may get. What counts is what goes out: a line of 64 kbit/s takes 8,000 bytes a second. */
export const downloadLimits: PlaceLimits = {
  perDevice: 256,
  perMember: 256,
  perNetwork: 32,
  total: 256,
  graceMs: 60_000,
  leastBytesPerSecond: 4 * 1024,
}

export interface Caller {
  readonly device: string
  readonly member: string
  readonly network: string
}

export interface Place extends Caller {
  readonly since: number
  /** Of a download, what was sent. */
  receivedBytes: number
  /** True once all of the body is there: from then on it is not slow, however long it waits for its turn. */
  isWhole: boolean
  /** Set while the body comes in or waits for its turn, or a download goes out; called if it has to give way. Undefined before and after: then it stays. */
  giveWay: (() => void) | undefined
}

export class Places {
  private readonly limits: PlaceLimits
  private readonly taken = new Set<Place>()

  constructor(limits: PlaceLimits) {
    this.limits = limits
  }

  get count(): number {
    return this.taken.size
  }

  /** A place; the caller gives it back with `leave`. Refusal device-busy, member-busy, address-busy or central-busy. */
  enter(caller: Caller, now: number): Place {
    const { perDevice, perMember, perNetwork, total } = this.limits
    const [ofDevice, ofMember, ofNetwork] = (['device', 'member', 'network'] as const).map(
      kind => [...this.taken].filter(place => place[kind] === caller[kind]).length,
    )
    if (ofDevice >= perDevice) throw new Refusal('device-busy', { retryAfterSeconds: 1 })
    const isOfMember = (place: Place) => place.member === caller.member
    const isOfNetwork = (place: Place) => place.network === caller.network
    if (ofMember >= perMember && !this.makeRoom(isOfMember, 'device', caller, now))
      throw new Refusal('member-busy', { retryAfterSeconds: 2 })
    if (ofNetwork >= perNetwork && !this.makeRoom(isOfNetwork, 'member', caller, now))
      throw new Refusal('address-busy', { retryAfterSeconds: 2 })
    if (this.taken.size >= total && !this.makeRoom(() => true, 'member', caller, now))
      throw new Refusal('central-busy', { retryAfterSeconds: 5 })
    const place: Place = { ...caller, since: now, receivedBytes: 0, isWhole: false, giveWay: undefined }
    this.taken.add(place)
    return place
  }

  leave(place: Place): void {
    this.taken.delete(place)
  }

  /** Takes a place from one that has to give way to the newcomer, members or devices having equal shares; false if there is none. */
  private makeRoom(isAmong: (place: Place) => boolean, sharer: 'member' | 'device', newcomer: Caller, now: number): boolean {
    const counts = new Map<string, number>()
    for (const place of this.taken) counts.set(place[sharer], (counts.get(place[sharer]) ?? 0) + 1)
    const held = (one: Caller) => counts.get(one[sharer]) ?? 0
    const share = held(newcomer) + 1
    const movable = [...this.taken].filter(place => place.giveWay !== undefined && isAmong(place))
    const slow = movable.filter(place => this.isSlow(place, now))
    const greedy = movable.filter(place => held(place) > share)
    // of the one that has most; the latest, because least of it has come in
    const [first] = (slow.length > 0 ? slow : greedy).sort((a, b) => held(b) - held(a) || b.since - a.since)
    if (first === undefined) return false
    this.taken.delete(first)
    first.giveWay?.()
    return true
  }

  private isSlow({ since, receivedBytes, isWhole }: Place, now: number): boolean {
    const ageMs = now - since
    return !isWhole && ageMs >= this.limits.graceMs && receivedBytes < (ageMs / 1000) * this.limits.leastBytesPerSecond
  }
}
