// What a check gives, and helpers that checks share.
import type { Fault } from '../../errors.ts'
import type { Facts } from '../facts.ts'
import type { Level } from '../report/level.ts'

export interface Outcome {
  readonly level: Level
  /** A whole number in the unit of the check. */
  readonly value?: number | undefined
  /** What this box alone knows of it, with a code of its own: which file, which gateway. Never sent. */
  readonly local?: readonly Fault[]
  /** What a person may read, though nothing is wrong. */
  readonly notes?: readonly Fault[]
  readonly sinceMs?: number | undefined
  /** False for what is measured: it gets better only when it has been better for a while. */
  readonly isCertain?: boolean
}

export type Check = (facts: Facts) => Outcome

export const unknown: Outcome = { level: 'unknown' }
export const ok = (value?: number): Outcome => ({ level: 'ok', value })

/** Of a fault that is there or not. */
export const faulty = (level: Level, local: readonly Fault[], value = local.length): Outcome =>
  local.length === 0 ? { level: 'ok', value: 0, isCertain: true } : { level, value, local, isCertain: true }

/** Worse from a value on. */
export const above = (value: number, warn: number, bad: number): Level => (value > bad ? 'bad' : value > warn ? 'warn' : 'ok')
export const below = (value: number, warn: number, bad: number): Level => (value < bad ? 'bad' : value < warn ? 'warn' : 'ok')

export const secondsOf = (ms: number): number => Math.max(0, Math.round(ms / 1000))
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
