// What a release on probation may not do, a rule a row. Each is compared with what the old release was (docs/probation.md). Pure: samples
// in, the first fault out. What does not depend on the release, such as central or a full disk, does not count against it.
import type { Baseline, Fault, FaultCode, Sample } from './facts.ts'
import { type Pace, START_MS, STEADY_MS } from './pace.ts'

const MIB = 1024 * 1024
const QUEUE_MAX_BYTES = MIB
/** More than before, of all that is received. */
const LOSSES_MAX = 0.01
/** Beside which a difference of a few messages is none. */
const LOSSES_LEAST_PER_SECOND = 1
const MEMORY_FACTOR = 1.5
const MEMORY_BYTES = 64 * MIB
const GROWTH_BYTES_PER_SECOND = MIB / 2
const PROCESSOR_FACTOR = 3
const PROCESSOR_SHARE = 0.2
const MESSAGES_LEAST = 200
const ROUNDS_MISSING = 2
const UNACCOUNTED_SAMPLES = 3

export interface Watched {
  readonly before: Baseline
  readonly pace: Pace
  /** All since the switch, at `switchedAtMs`; never empty. */
  readonly samples: readonly Sample[]
  readonly switchedAtMs: number
  /** How many rounds of marked messages, one after the other and up to now, did not come back. */
  readonly roundsMissing: number
}

type Rule = (watched: Watched, last: Sample, up: readonly Sample[]) => string | undefined

/** In the order in which they are believed. `up` are the samples since the release answered. */
const rules: Readonly<Partial<Record<FaultCode, Rule>>> = {
  'not-up': ({ before, samples, switchedAtMs }, last, up) => {
    const limit = startLimitMs(before)
    if (up.length > 0 || last.atMs - switchedAtMs < limit) return undefined
    return `It did not answer within ${seconds(limit)} (${samples.at(-1)?.state}); the release before started in ${seconds(before.startMs)}.`
  },
  restarted: ({ samples, before }, last, up) => {
    const first = up[0] ?? samples.find(({ pid }) => pid !== 0 && pid !== before.pid)
    if (
      first === undefined ||
      last.pid === before.pid ||
      (last.pid === first.pid && last.restarts === first.restarts && last.state !== 'failed')
    )
      return undefined
    return `It ended by itself and was started again ${Math.max(1, last.restarts)} times.`
  },
  'does-not-read': ({ pace }, last, up) => {
    const recent = up.filter(({ atMs }) => atMs >= last.atMs - pace.queuedMs)
    if (last.atMs - (up[0]?.atMs ?? last.atMs) < pace.queuedMs || recent.length < 2) return undefined
    if (!recent.every(({ udp }) => (udp?.queuedBytes ?? 0) > QUEUE_MAX_BYTES)) return undefined
    return `More than ${QUEUE_MAX_BYTES / MIB} MiB of messages waited unread in the kernel for ${seconds(pace.queuedMs)}.`
  },
  'loses-messages': ({ before, pace }, last, up) => {
    const [first] = up
    const passed = last.atMs - (first?.atMs ?? last.atMs)
    if (passed < pace.queuedMs) return undefined
    const drops = (((last.udp?.drops ?? 0) - (first.udp?.drops ?? 0)) * 1000) / passed
    const most = before.dropsPerSecond + before.receivedPerSecond * LOSSES_MAX + LOSSES_LEAST_PER_SECOND
    return drops > most
      ? `The kernel dropped ${drops.toFixed(1)} messages a second; before it was ${before.dropsPerSecond.toFixed(1)}.`
      : undefined
  },
  'data-path': ({ roundsMissing, before }) =>
    before.hasCanary && roundsMissing >= ROUNDS_MISSING
      ? `Marked messages that were sent to it did not come back, ${roundsMissing} times in a row.`
      : undefined,
  'keeps-nothing': ({ pace, before }, last, up) => {
    const since = up.find(({ ledger }) => ledger?.generation === last.ledger?.generation)
    if (!before.hasCanary || since === undefined || last.atMs - since.atMs < pace.keepsMs || last.isDiskFull) return undefined
    return `It wrote nothing into its ledger for ${seconds(pace.keepsMs)}, though messages came.`
  },
  'does-not-add-up': (_, last, up) => {
    const recent = up.slice(-UNACCOUNTED_SAMPLES)
    if (recent.length < UNACCOUNTED_SAMPLES || recent.some(({ ledger }) => (ledger?.unaccounted ?? 0) === 0)) return undefined
    return `What became of ${last.ledger?.unaccounted} messages is in none of its counts.`
  },
  'source-missing': ({ before }, last, up) => {
    const missing = before.sources.filter(({ name }) => last.said?.sources.every(each => each.name !== name)).map(({ name }) => name)
    if (last.said === undefined || missing.length === 0 || last.atMs - up[0].atMs < START_MS / 2) return undefined
    return `It does not receive from ${missing.join(', ')}, which the release before did.`
  },
  memory: ({ before }, last, up) => {
    const now = last.anonymousBytes ?? 0
    const most = Math.max(before.anonymousBytes * MEMORY_FACTOR, before.anonymousBytes + MEMORY_BYTES)
    if (before.anonymousBytes > 0 && now > most)
      return `It takes ${mib(now)} MiB of memory; before it was ${mib(before.anonymousBytes)} MiB.`
    const half = secondHalf(up)
    const passed = last.atMs - (half[0]?.atMs ?? last.atMs)
    const growth = ((now - (half[0]?.anonymousBytes ?? now)) * 1000) / passed
    // one that has just started grows until it has what the old one had
    if (passed < STEADY_MS || growth < GROWTH_BYTES_PER_SECOND || now < before.anonymousBytes * 1.1) return undefined
    return `Its memory grew by ${mib(growth)} MiB a second, to ${mib(now)} MiB.`
  },
  processor: ({ before }, last, up) => {
    const [first] = secondHalf(up)
    const passed = last.atMs - (first?.atMs ?? last.atMs)
    if (passed < STEADY_MS || before.processorSecondsPerMessage === undefined) return undefined
    const took = (last.processorSeconds ?? 0) - (first.processorSeconds ?? 0)
    const messages = (last.ledger?.received ?? 0) - (first.ledger?.received ?? 0)
    const share = (took * 1000) / passed
    if (messages < MESSAGES_LEAST || share < PROCESSOR_SHARE) return undefined
    const ratio = took / messages / before.processorSecondsPerMessage
    return ratio > PROCESSOR_FACTOR ? `A message takes it ${ratio.toFixed(1)} times as long as the release before.` : undefined
  },
}

/** The first fault that the samples show; undefined if there is none so far. */
export function faultOf(watched: Watched): Fault | undefined {
  const last = watched.samples[watched.samples.length - 1]
  const up = sinceUp(watched.samples, watched.before.pid)
  for (const [code, rule] of Object.entries(rules) as [FaultCode, Rule][]) {
    if (up.length === 0 && code !== 'not-up' && code !== 'restarted') continue
    const text = rule(watched, last, up)
    if (text !== undefined) return { code, text }
  }
  return undefined
}

export const startLimitMs = ({ startMs }: Pick<Baseline, 'startMs'>): number => Math.max(START_MS, 3 * startMs)

/** Since it first answered; `before` is the process of the old release, which may not be gone yet. */
export function sinceUp(samples: readonly Sample[], before: number): readonly Sample[] {
  const first = samples.findIndex(({ state, pid, said }) => state === 'active' && pid !== before && said !== undefined)
  return first < 0 ? [] : samples.slice(first)
}

/** Since when something has waited for a receipt, with none in all that time; undefined if nothing does. */
export function unsentSince(up: readonly Sample[]): number | undefined {
  const last = up.at(-1)?.ledger
  if (last === undefined || last.sequence <= last.receipted) return undefined
  let since: number | undefined
  for (const { atMs, ledger } of up.toReversed()) {
    if (ledger === undefined || ledger.receipted !== last.receipted || ledger.sequence <= ledger.receipted) break
    since = atMs
  }
  return since
}

function secondHalf(up: readonly Sample[]): readonly Sample[] {
  const [first, last] = [up[0], up[up.length - 1]]
  if (first === undefined) return []
  const middle = (first.atMs + last.atMs) / 2
  return up.filter(({ atMs }) => atMs >= middle)
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`
const mib = (bytes: number): string => (bytes / MIB).toFixed(1)
