// Which sources were blocked, or failed to log in, in the last minutes. A table of fixed size: under a flood of sources
// the oldest of a neighbourhood are evicted, which is counted, and memory stays what it was at start. Where a source has its
// place is secret (keyed-hash.ts): nobody can choose addresses that evict a certain one, his own for example.
import { ADDRESS_WORDS, AddressSum, mix, randomKeys } from '../lib/keyed-hash.ts'

const SLOTS = 65_536
const SLOT_BITS = 16
const NEIGHBOURHOOD = 8
/** How long a source is remembered. */
export const REMEMBERED_MS = 10 * 60_000
const REMEMBERED_SECONDS = REMEMBERED_MS / 1000

/** Bits of what `marksOf` answers. */
export const Mark = { blocked: 1, failedLogin: 2 } as const

/** A slot is half a cache line: four words of the address, and the seconds since 1970 of each mark (0: never). */
const SLOT_WORDS = 8
const BLOCKED_AT = 4
const FAILED_AT = 5

export class RecentSources {
  /** Sources that were forgotten before their time. */
  evicted = 0
  private readonly table = new Uint32Array(SLOTS * SLOT_WORDS)
  private readonly sum: AddressSum

  constructor(keys = randomKeys(ADDRESS_WORDS)) {
    this.sum = new AddressSum(keys)
  }

  /** Remembers the source at words[0, 4) at a time in ms. */
  mark(words: Uint32Array, mark: number, now: number): void {
    const { table } = this
    const seconds = Math.floor(now / 1000)
    const home = this.homeOf(words)
    let at = this.find(words, home)
    if (at < 0) {
      at = this.oldest(home)
      if (this.latest(at) > oldestAt(now)) this.evicted++
      for (let i = 0; i < 4; i++) table[at + i] = words[i]
      table[at + BLOCKED_AT] = table[at + FAILED_AT] = 0
    }
    table[at + (mark === Mark.blocked ? BLOCKED_AT : FAILED_AT)] = seconds
  }

  /** The marks that the source at words[0, 4) has at a time in ms. */
  marksOf(words: Uint32Array, now: number): number {
    const at = this.find(words, this.homeOf(words))
    if (at < 0) return 0
    const { table } = this
    const oldest = oldestAt(now)
    return (table[at + BLOCKED_AT] > oldest ? Mark.blocked : 0) | (table[at + FAILED_AT] > oldest ? Mark.failedLogin : 0)
  }

  /**
   * The clock was set by so many ms, and says `now`: what was remembered stays as long ago as it was. Else a clock that was ahead would
   * have sources remembered until it is there again, and one that was behind would have all of them forgotten.
   */
  move(jumpMs: number, now: number): void {
    const { table } = this
    const jump = Math.round(jumpMs / 1000)
    const present = Math.floor(now / 1000)
    for (let at = 0; at < table.length; at += SLOT_WORDS)
      for (const field of [at + BLOCKED_AT, at + FAILED_AT]) {
        // marked by the new clock already, or never
        const isOfNew = jump > 0 ? table[field] + jump > present : table[field] <= present
        if (table[field] !== 0 && !isOfNew) table[field] = Math.max(1, table[field] + jump)
      }
  }

  /** The first slot of a source's neighbourhood. */
  private homeOf(words: Uint32Array): number {
    return mix(this.sum.of(words, 0)) >>> (32 - SLOT_BITS)
  }

  /** Where the source's slot begins in the table, or -1. */
  private find(words: Uint32Array, home: number): number {
    const { table } = this
    for (let i = 0; i < NEIGHBOURHOOD; i++) {
      const at = ((home + i) & (SLOTS - 1)) * SLOT_WORDS
      if (table[at + 3] === words[3] && table[at + 2] === words[2] && table[at + 1] === words[1] && table[at] === words[0]) return at
    }
    return -1
  }

  private oldest(home: number): number {
    let best = home * SLOT_WORDS
    for (let i = 1; i < NEIGHBOURHOOD; i++) {
      const at = ((home + i) & (SLOTS - 1)) * SLOT_WORDS
      if (this.latest(at) < this.latest(best)) best = at
    }
    return best
  }

  private latest(at: number): number {
    return Math.max(this.table[at + BLOCKED_AT], this.table[at + FAILED_AT])
  }
}

/** Marks of this second and before are forgotten; never less than 0, which stands for never. */
const oldestAt = (now: number): number => Math.max(0, Math.floor(now / 1000) - REMEMBERED_SECONDS)
