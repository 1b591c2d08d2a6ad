// What the exact queries gave, as sightings: with the batches that prove it, and how far the boxes that sent them can be relied on.
import * as z from 'zod'
import type { Sighting } from '../findings/findings.ts'
import { type Letter, letterOf } from '../findings/judge.ts'
import { type RuleKey, ruleKeys, rules } from './rules.ts'

const whole = z.union([z.bigint(), z.number()]).transform(Number)

export const partSchema = z.object({
  rule: z.enum(ruleKeys),
  source: z.bigint(),
  source_kind: whole,
  detail: whole,
  member: whole,
  target: z.bigint().nullable(),
  total: whole,
  amount: whole,
  first: whole,
  last: whole,
  login: z.boolean(),
  detected: z.boolean(),
  allowed: z.boolean(),
  known: z.boolean(),
  somewhere: z.bigint().nullable(),
  somewhere_kind: whole.nullable(),
  /** The file's hour in the upper 32 bits, the batch's number in it in the lower. */
  batches: z.array(z.bigint()),
})
export type PartRow = z.infer<typeof partSchema>

/** A batch, as the register knows it. */
export interface Sent {
  readonly device: number
  readonly sequence: number
  readonly clock: number
  /** How long its device had been enrolled. */
  readonly ageMs: number
}

const attempts: readonly RuleKey[] = ['guessing', 'spraying', 'exploit', 'detected-inside', 'got-in']

export function sightingOf(row: PartRow, sent: readonly Sent[], reach: number): Sighting {
  return {
    rule: row.rule,
    technique: rules[row.rule].techniques.join(' '),
    source: row.source,
    sourceKind: row.source_kind,
    detail: row.detail,
    member: row.member,
    target: row.target,
    targetKind: row.somewhere_kind ?? 0,
    first: row.first,
    last: row.last,
    total: row.total,
    amount: row.amount,
    isProven: row.login || row.detected,
    isAllowed: row.allowed,
    isAttempt: attempts.includes(row.rule),
    letter: bestOf(sent.map(({ clock, ageMs }) => letterOf({ clock, ageMs, isProductKnown: row.known }))),
    network: row.somewhere === null || row.somewhere_kind === PSEUDONYM ? null : networkOf(row.somewhere),
    batches: sent,
    reach,
  }
}

const bestOf = (letters: readonly Letter[]): Letter => letters.toSorted()[0] ?? 'F'

const IPV4 = 0xffffn
/** Nothing follows from its bits. */
const PSEUDONYM = 2

/** The first 16 bits of an IPv4 address, which lies in ::ffff:0:0/96, or 32 of another. */
export const networkOf = (address: bigint): string => (address >> 32n === IPV4 ? `4:${address >> 16n}` : `6:${address >> 96n}`)
