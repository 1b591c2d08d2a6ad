// The first day of a release: crash loops, leaks, and a way to central that was lost. Looked at every five minutes of it in which the box
// runs; what must be so several times in a row is not the fault of a moment. Pure.
import * as z from 'zod'
import { type Baseline, baselineSchema, type Fault } from './facts.ts'

/** A day, at one every five minutes. */
export const CHECKS = 288
const IN_A_ROW = 3
const RESTARTS_MAX = 3
const KEPT_CHECKS = 12
const MIB = 1024 * 1024

const checkSchema = z.object({
  isUp: z.boolean(),
  isBack: z.boolean(),
  anonymousBytes: z.number(),
  sequence: z.number(),
  receipted: z.number(),
  central: z.enum(['there', 'away', 'none']),
})
export type Check = z.infer<typeof checkSchema>

export const secondStageSchema = z.object({
  before: baselineSchema,
  checks: z.number().default(0),
  /** How often systemd started it anew, all in all, and the number that systemd stated last. */
  restarts: z.number().default(0),
  restartsStated: z.number().default(0),
  /** The newest last. */
  recent: z.array(checkSchema).max(100).default([]),
})
export type SecondStage = z.infer<typeof secondStageSchema>

/** The stage with one more look at the release. */
export function withCheck(stage: SecondStage, check: Check, restartsStated: number): SecondStage {
  // it begins anew with the machine, and when somebody restarts the unit
  const more = restartsStated >= stage.restartsStated ? restartsStated - stage.restartsStated : restartsStated
  return {
    ...stage,
    checks: stage.checks + 1,
    restarts: stage.restarts + more,
    restartsStated,
    recent: [...stage.recent, check].slice(-KEPT_CHECKS),
  }
}

export function laterFault({ before, restarts, recent }: SecondStage): Fault | undefined {
  const last = recent.slice(-IN_A_ROW)
  if (restarts > RESTARTS_MAX) return { code: 'restarted', text: `It ended by itself ${restarts} times in its first day.` }
  if (last.length < IN_A_ROW) return undefined
  const all = (is: (check: Check) => boolean) => last.every(is)
  if (all(({ isUp }) => !isUp)) return { code: 'not-up', text: 'It did not answer for a quarter of an hour.' }
  if (before.hasCanary && all(({ isBack }) => !isBack))
    return { code: 'data-path', text: 'Marked messages that were sent to it did not come back for a quarter of an hour.' }
  const most = Math.max(before.anonymousBytes * 1.5, before.anonymousBytes + 64 * MIB)
  const now = last[last.length - 1]
  if (before.anonymousBytes > 0 && all(({ anonymousBytes }) => anonymousBytes > most))
    return { code: 'memory', text: `It takes ${mib(now.anonymousBytes)} MiB of memory; before it was ${mib(before.anonymousBytes)} MiB.` }
  if (all(({ sequence, receipted, central }) => central === 'there' && sequence > receipted && receipted === last[0].receipted))
    return { code: 'does-not-send', text: 'Nothing reached central for a quarter of an hour, though the box itself reaches it.' }
  return undefined
}

export const nothingBefore = (before: Baseline): SecondStage => secondStageSchema.parse({ before })

const mib = (bytes: number): string => (bytes / MIB).toFixed(1)
