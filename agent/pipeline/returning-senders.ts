// Which senders without a number come back: a table of fixed size, in which nobody can choose whose place he takes. Forged
// senders that are there once hold their places for minutes only; a gateway that goes on sending gets one, and then returns.
import { randomInt } from 'node:crypto'

/** Long enough after the first time, and before it is forgotten. */
const AFTER_MS = 60_000
const BEFORE_MS = 600_000
const SLOTS = 4096

export class ReturningSenders {
  private readonly addresses: string[] = new Array(SLOTS).fill('')
  private readonly since = new Float64Array(SLOTS)
  private readonly key = randomInt(2 ** 32)

  /** Whether this sender was here before. */
  hasReturned(address: string, now: number): boolean {
    const slot = this.slotOf(address)
    const age = now - this.since[slot]
    if (age < 0 || age >= BEFORE_MS) {
      this.addresses[slot] = address
      this.since[slot] = now
      return false
    }
    return this.addresses[slot] === address && age >= AFTER_MS
  }

  /** FNV-1a from a random start. */
  private slotOf(address: string): number {
    let hash = this.key
    for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193)
    return (hash ^ (hash >>> 15)) & (SLOTS - 1)
  }
}
