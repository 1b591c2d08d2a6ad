// The row of a check, and how its numbers are put into words.
import type { FailureCode } from '../../errors.ts'
import { grouped, spanText } from '../../lib/table.ts'
import type { Level, Unit } from './level.ts'

export interface CheckWords {
  readonly number: number
  /** Of a finding, where nothing more particular is known. */
  readonly code: FailureCode
  /** Of the value, which is a whole number. */
  readonly unit: Unit
  /** What is measured, for the documentation and for people who read numbers. */
  readonly measures: string
  /** From which value on something is wrong; for the documentation. `-`: never. */
  readonly warn: string
  readonly bad: string
  /** A sentence without its full stop; `value` is undefined where there is none. */
  says(value: number | undefined, level: Level): string
}

export const days = (value = 0): string => (value === 1 ? '1 day' : `${grouped(value)} days`)
export const span = (value = 0): string => spanText(value)
export const messages = (value = 0): string => (value === 1 ? '1 message' : `${grouped(value)} messages`)
export const times = (value = 0): string => (value === 1 ? 'once' : `${grouped(value)} times`)
export const perMille = (value = 0): string => `${(value / 10).toFixed(1)} %`
export const always = (sentence: string) => () => sentence
export const row = (
  number: number,
  code: FailureCode,
  unit: Unit,
  [measures, warn, bad]: readonly [string, string, string],
  says: CheckWords['says'],
): CheckWords => ({ number, code, unit, measures, warn, bad, says })
