// Which sources were blocked, or failed to log in, in the last minutes. A table of fixed size: under a flood of sources
// the oldest of a neighbourhood make room, which is counted, and memory stays what it was at start.
import { hashWords } from '../lib/address-index.ts'

const SLOTS = 65_536
const NEIGHBOURHOOD = 8
/** How long a source is remembered. */
export const REMEMBERED_MS = 10 * 60_000

export const Mark = { blocked: 0, failedLogin: 1 } as const

export class RecentSources {
  /** Sources that were forgotten before their time. */
  evicted = 0
  private readonly words = new Uint32Array(SLOTS * 4)
  private readonly marked = new Float64Array(SLOTS * 2).fill(Number.NEGATIVE_INFINITY)

  /** Remembers the source at words[0, 4) at a time in ms. */
  mark(words: Uint32Array, mark: number, now: number): void {
    let slot = this.find(words)
    if (slot < 0) {
      slot = this.oldest(words)
      if (this.latest(slot) > now - REMEMBERED_MS) this.evicted++
      for (let i = 0; i < 4; i++) this.words[slot * 4 + i] = words[i]
      this.marked[slot * 2] = this.marked[slot * 2 + 1] = Number.NEGATIVE_INFINITY
    }
    this.marked[slot * 2 + mark] = now
  }

  isMarked(words: Uint32Array, mark: number, now: number): boolean {
    const slot = this.find(words)
    return slot >= 0 && this.marked[slot * 2 + mark] > now - REMEMBERED_MS
  }

  private find(words: Uint32Array): number {
    const home = hashWords(words, 0, 0)
    for (let i = 0; i < NEIGHBOURHOOD; i++) {
      const slot = (home + i) & (SLOTS - 1)
      const at = slot * 4
      if (
        this.words[at + 3] === words[3] &&
        this.words[at + 2] === words[2] &&
        this.words[at + 1] === words[1] &&
        this.words[at] === words[0]
      )
        return slot
    }
    return -1
  }

  private oldest(words: Uint32Array): number {
    const home = hashWords(words, 0, 0)
    let best = home & (SLOTS - 1)
    for (let i = 1; i < NEIGHBOURHOOD; i++) {
      const slot = (home + i) & (SLOTS - 1)
      if (this.latest(slot) < this.latest(best)) best = slot
    }
    return best
  }

  private latest(slot: number): number {
    return Math.max(this.marked[slot * 2], this.marked[slot * 2 + 1])
  }
}
