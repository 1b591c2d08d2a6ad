// Limits how many wrong enrolment codes are tried. 80 random bits cannot be guessed anyway: this keeps the load down. The
// limit is for each network: with one for all of them, strangers could keep every member from enrolling. Time is an argument.
import ipaddr from 'ipaddr.js'
import { Refusal } from '../refusals.ts'

export interface WrongCodeLimits {
  readonly perNetwork: number
  readonly windowMs: number
}

export const wrongCodeLimits: WrongCodeLimits = { perNetwork: 10, windowMs: 15 * 60_000 }

/** Networks that are remembered; the longest known is forgotten first. */
const NETWORKS_MAX = 10_000

interface Window {
  count: number
  since: number
}

export class WrongCodes {
  private readonly limits: WrongCodeLimits
  private readonly networks = new Map<string, Window>()

  constructor(limits: WrongCodeLimits) {
    this.limits = limits
  }

  /** Refusal codes-too-many if this network has tried too many wrong codes. Comes before the look-up, so that a right code does not show either. */
  check(address: string, now: number): void {
    const { count, since } = this.windowOf(networkOf(address), now)
    if (count >= this.limits.perNetwork)
      throw new Refusal('codes-too-many', { retryAfterSeconds: Math.ceil((since + this.limits.windowMs - now) / 1000) })
  }

  count(address: string, now: number): void {
    const network = networkOf(address)
    const window = this.windowOf(network, now)
    if (!this.networks.has(network) && this.networks.size >= NETWORKS_MAX) {
      const [oldest] = this.networks.keys()
      this.networks.delete(oldest)
    }
    this.networks.set(network, window)
    window.count++
  }

  private windowOf(network: string, now: number): Window {
    const window = this.networks.get(network)
    return window === undefined || now - window.since >= this.limits.windowMs ? { count: 0, since: now } : window
  }
}

/** An IPv4 address, or the /64 of an IPv6 one: that is what one customer of a provider gets at least (RFC 6177). */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}
