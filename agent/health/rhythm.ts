// The longest silence that is usual for a gateway, for each hour of the day, apart for working days and weekends: a firewall that is
// quiet every night is not silent then, and at noon it is after minutes. What is learned is an average of what was longest in such an
// hour, of which the newer counts more: one long failure is forgotten in weeks. 48 numbers a gateway. Hours and days are those of UTC:
// a zone moves them, and a rhythm moves with them. Pure: time is an argument, ms since 1970.

const HOUR_MS = 3_600_000
const SLOTS = 48
/** How much of a longer silence than usual is taken over at once, and of a shorter one. */
const UP = 0.5
const DOWN = 0.1
/** Before that many messages, over that long, nothing is usual. */
export const KNOWN_FROM_MESSAGES = 200
const KNOWN_FROM_HOURS = 1
/** Nobody waits that long for a firewall. */
const LONGEST_MS = 30 * 24 * HOUR_MS

const slotOf = (now: number): number => {
  const date = new Date(now)
  const isWeekend = date.getUTCDay() === 0 || date.getUTCDay() === 6
  return date.getUTCHours() + (isWeekend ? 24 : 0)
}

export interface KeptRhythm {
  readonly messages: number
  readonly lastAt: number
  /** Seconds, by slot; -1 where nothing is known of it. */
  readonly usual: readonly number[]
}

export class Rhythm {
  private readonly usual: number[]
  private messages: number
  private lastAt: number
  /** Of the hour that is under way: the longest silence that ended in it, or reached its end. */
  private hour = 0
  private longestMs = 0

  constructor(kept: KeptRhythm = { messages: 0, lastAt: 0, usual: [] }) {
    this.usual = Array.from({ length: SLOTS }, (_, slot) => kept.usual[slot] ?? -1)
    this.messages = kept.messages
    this.lastAt = kept.lastAt
  }

  /** To be called about once a second for a gateway that sends: how many messages came since the last call, and when the last one did. */
  heard(messages: number, lastMessageAt: number): void {
    if (messages === 0) return
    this.messages = Math.min(1_000_000_000, this.messages + messages)
    // a clock that was set back tells nothing
    if (this.lastAt > 0 && lastMessageAt > this.lastAt) this.silence(this.lastAt, lastMessageAt)
    this.lastAt = lastMessageAt
  }

  /** The longest usual silence at this hour; undefined while too little is known. */
  usualMs(now: number): number | undefined {
    const known = this.usual.filter(seconds => seconds >= 0)
    if (this.messages < KNOWN_FROM_MESSAGES || known.length < KNOWN_FROM_HOURS) return undefined
    const seconds = this.usual[slotOf(now)]
    return 1000 * (seconds >= 0 ? seconds : Math.max(...known))
  }

  get lastMessageAt(): number {
    return this.lastAt
  }

  get kept(): KeptRhythm {
    return { messages: this.messages, lastAt: this.lastAt, usual: this.usual.map(seconds => Math.round(seconds)) }
  }

  /** A silence that is over: it counts for each hour that it reaches into, with how long it had lasted when that hour ended. */
  private silence(from: number, to: number): void {
    const start = Math.max(from, to - LONGEST_MS)
    for (let hour = Math.floor(start / HOUR_MS); hour * HOUR_MS <= to; hour++) {
      if (hour !== this.hour) {
        if (this.hour > 0) this.learn(this.hour * HOUR_MS, this.longestMs)
        this.hour = hour
        this.longestMs = 0
      }
      this.longestMs = Math.max(this.longestMs, Math.min(to, (hour + 1) * HOUR_MS) - from)
    }
  }

  private learn(at: number, longestMs: number): void {
    const slot = slotOf(at)
    const seconds = longestMs / 1000
    const usual = this.usual[slot]
    this.usual[slot] = usual < 0 ? seconds : usual + (seconds - usual) * (seconds > usual ? UP : DOWN)
  }
}
