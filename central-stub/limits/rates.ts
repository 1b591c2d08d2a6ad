// How often something may happen for each key: a burst, then one every so often. One number a key is kept (the generic cell
// rate algorithm, ITU-T I.371): the time at which the burst will be whole again. Pure: time is an argument, in ms.

export interface Rate {
  readonly burst: number
  readonly everyMs: number
}

/** Keys that are remembered; the one that was used longest ago is forgotten first, so strangers cannot fill memory. */
const KEYS_MAX = 10_000

export class Rates {
  private readonly rate: Rate
  private readonly wholeAt = new Map<string, number>()

  constructor(rate: Rate) {
    this.rate = rate
  }

  /** How long this key has to wait until it may again, in ms; 0 if it may now. */
  waitMs(key: string, now: number): number {
    const { burst, everyMs } = this.rate
    return Math.max(0, this.wholeOf(key, now) + everyMs - burst * everyMs - now)
  }

  /** Counts one, whether it was allowed or not; never more than the burst is owed, so that a wait that was told stays true. */
  count(key: string, now: number): void {
    const { burst, everyMs } = this.rate
    const wholeAt = Math.min(this.wholeOf(key, now) + everyMs, now + burst * everyMs)
    this.wholeAt.delete(key)
    this.wholeAt.set(key, wholeAt)
    if (this.wholeAt.size <= KEYS_MAX) return
    const [oldest] = this.wholeAt.keys()
    this.wholeAt.delete(oldest)
  }

  private wholeOf(key: string, now: number): number {
    const at = this.wholeAt.get(key) ?? now
    // more than is ever owed: the clock was set back since, and nobody is kept waiting for that
    return at > now + this.rate.burst * this.rate.everyMs ? now : Math.max(at, now)
  }
}
