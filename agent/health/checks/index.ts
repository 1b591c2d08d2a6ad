// The one table of checks: facts in, level and number out. Each has its words, its thresholds and its number in report/words.ts.
import type { Facts } from '../facts.ts'
import { type CheckName, checkNames } from '../report/words.ts'
import { machine } from './machine.ts'
import type { Check, Outcome } from './outcome.ts'
import { reading } from './reading.ts'
import { release } from './release.ts'
import { senders } from './senders.ts'
import { sending } from './sending.ts'

export const checks: Readonly<Record<CheckName, Check>> = { ...sending, ...senders, ...reading, ...machine, ...release }

export type Outcomes = Readonly<Record<CheckName, Outcome>>

export const outcomesOf = (facts: Facts): Outcomes =>
  Object.fromEntries(checkNames.map(name => [name, checks[name](facts)])) as Record<CheckName, Outcome>
