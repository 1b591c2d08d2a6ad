// Slows down whoever guesses enrolment codes. 80 random bits are out of reach anyway: this keeps the noise down, and it
// is what an operator sees in the log. Pure but for its own counters; time is an argument.
import ipaddr from 'ipaddr.js'
import { Refusal } from './refusals.ts'

export interface WrongCodeLimits {
  readonly perAddress: number
  readonly total: number
  readonly windowMs: number
}

export const wrongCodeLimits: WrongCodeLimits = { perAddress: 10, total: 1000, windowMs: 15 * 60_000 }

/** Networks that are remembered; the longest known is forgotten first. */
const NETWORKS_MAX = 10_000

interface Window {
  count: number
  since: number
}

export class WrongCodes {
  private readonly limits: WrongCodeLimits
  private readonly networks = new Map<string, Window>()
  private readonly all: Window = { count: 0, since: 0 }

  constructor(limits: WrongCodeLimits) {
    this.limits = limits
  }

  /** Refusal codes-too-many if this network, or all together, have tried too many wrong codes. Comes before the look-up, so that a right code does not show either. */
  check(address: string, now: number): void {
    for (const [window, limit] of [
      [this.all, this.limits.total],
      [this.windowOf(address, now), this.limits.perAddress],
    ] as const) {
      this.roll(window, now)
      if (window.count >= limit)
        throw new Refusal('codes-too-many', { retryAfterSeconds: Math.ceil((window.since + this.limits.windowMs - now) / 1000) })
    }
  }

  count(address: string, now: number): void {
    const network = networkOf(address)
    const window = this.windowOf(address, now)
    if (!this.networks.has(network) && this.networks.size >= NETWORKS_MAX) {
      const [oldest] = this.networks.keys()
      this.networks.delete(oldest)
    }
    this.networks.set(network, window)
    for (const one of [this.all, window]) {
      this.roll(one, now)
      one.count++
    }
  }

  private windowOf(address: string, now: number): Window {
    return this.networks.get(networkOf(address)) ?? { count: 0, since: now }
  }

  private roll(window: Window, now: number): void {
    if (now - window.since < this.limits.windowMs) return
    window.count = 0
    window.since = now
  }
}

/** An IPv4 address, or the /64 of an IPv6 one: that is what one customer of a provider gets at least (RFC 6177). */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}
