// Keeps levels from flapping: what is measured gets worse at once, and better only when it has been better for a minute.
import type { Outcomes } from './checks/index.ts'
import type { Outcome } from './checks/outcome.ts'
import { levels } from './report/level.ts'
import { type CheckName, checkNames } from './report/words.ts'

const BETTER_FOR_MS = 60_000

interface Held {
  readonly outcome: Outcome
  /** Since when it has been better than that; undefined while it is not. */
  readonly betterSince: number | undefined
}

export class SettledLevels {
  private readonly held = new Map<CheckName, Held>()

  /** `now` in ms of a clock that never goes back. */
  settle(outcomes: Outcomes, now: number): Outcomes {
    return Object.fromEntries(checkNames.map(name => [name, this.settleOne(name, outcomes[name], now)])) as Record<CheckName, Outcome>
  }

  private settleOne(name: CheckName, outcome: Outcome, now: number): Outcome {
    const held = this.held.get(name)
    const isBetter = held !== undefined && held.outcome.level !== 'unknown' && rank(outcome) < rank(held.outcome)
    const betterSince = isBetter ? (held.betterSince ?? now) : undefined
    const isKept = isBetter && outcome.isCertain !== true && now - (betterSince ?? now) < BETTER_FOR_MS
    const next = isKept ? held.outcome : outcome
    this.held.set(name, { outcome: next, betterSince: isKept ? betterSince : undefined })
    return next
  }
}

/** What is not known any more is not held: it passes for neither. */
const rank = ({ level }: Outcome): number => (level === 'unknown' ? levels.length : levels.indexOf(level))
