// `cyberalarm-box judge first`: the first minute of a release, compared with the one before. It is left at once when it is worse.
import { readFileSync } from 'node:fs'
import { isErrorWithCode, writeDurable } from '../../../agent/lib/durable-file.ts'
import { boxPathsBelow } from '../paths.ts'
import type { JudgeOptions } from './baseline.ts'
import { type Baseline, baselineSchema, type Fault } from './facts.ts'
import { nothingBefore } from './later-rules.ts'
import type { Pace } from './pace.ts'
import { probeCentral } from './probe.ts'
import { faultOf, sinceUp, startLimitMs } from './rules.ts'
import { SendsWatch } from './sends.ts'
import { readMetadata } from './updater-check.ts'
import { writeVerdict } from './verdict.ts'
import { Watch } from './watch.ts'

const SAMPLES_KEPT = 200

/** Of a box of which nothing is known: nothing ran, or nothing answered. */
const unknown: Baseline = {
  version: '',
  pid: 0,
  startMs: 0,
  sources: [],
  hasCanary: false,
  receivedPerSecond: 0,
  dropsPerSecond: 0,
  anonymousBytes: 0,
  receipted: 0,
  hasAnswers: false,
}

interface Outcome {
  readonly fault?: Fault | undefined
  /** What could not be found out, for people. */
  readonly note?: string
}

/** Writes the verdict; what follows from it is the guard's to do. */
export async function judgeFirst({ root, pace, signal, print }: JudgeOptions): Promise<number> {
  const { probation, probationSamples } = boxPathsBelow(root)
  const before = readBaseline(root)
  const watch = new Watch(root, before.sources, pace)
  const { fault, note } = await watchFirst(root, before, watch, pace, signal)
  // the next stage, which begins with the same baseline, and outlasts a restart of the machine
  if (fault === undefined) writeDurable(probation, JSON.stringify(nothingBefore(before)), { mode: 0o600 })
  writeDurable(probationSamples, JSON.stringify(watch.samples.slice(-SAMPLES_KEPT)), { mode: 0o600 })
  writeVerdict(root, fault ?? { code: 'good', text: note ?? 'It is as good as the release before, so far.' })
  print(fault === undefined ? (note ?? 'good so far') : `${fault.code}: ${fault.text}`)
  return 0
}

async function watchFirst(root: string, before: Baseline, watch: Watch, pace: Pace, signal: AbortSignal): Promise<Outcome> {
  const switchedAtMs = performance.now()
  const sending = new SendsWatch(before, pace, () => probeCentral(root, signal))
  // one that starts slowly is watched for most of the time all the same
  const leastUpMs = pace.firstMs - Math.min(startLimitMs(before), pace.firstMs / 2)
  for (;;) {
    const { atMs } = await watch.next(signal)
    const { samples, roundsMissing } = watch
    const up = sinceUp(samples, before.pid)
    if (up.length > 0) await watch.rounds()
    const fault = faultOf({ before, pace, samples, switchedAtMs, roundsMissing })
    if (fault !== undefined) return { fault }
    const sends = await sending.look(up)
    if (sends === 'fault') return { fault: doesNotSend(pace) }
    const passedMs = atMs - switchedAtMs
    const isOver = passedMs >= pace.firstMs && up.length > 0 && atMs - up[0].atMs >= leastUpMs
    if (!isOver || (sends === 'waits' && passedMs < pace.putOffMs)) continue
    const updater = await updaterFault(root, before)
    if (updater !== undefined) return { fault: updater }
    if (sends === 'waits') return { note: 'Central could not be reached all the time, so whether it sends is not known yet.' }
    if (samples.some(({ isDiskFull }) => isDiskFull)) return { note: 'The disk is full, so whether it keeps its counts is not known yet.' }
    return {}
  }
}

const doesNotSend = ({ sendsMs }: Pace): Fault => ({
  code: 'does-not-send',
  text: `Nothing reached central for ${Math.round(sendsMs / 1000)} s, though the box itself reaches it.`,
})

/** The old release read the metadata of updates: then the new one has to, and read the same or what came since. */
async function updaterFault(root: string, { metadata: old }: Baseline): Promise<Fault | undefined> {
  if (old === undefined) return undefined
  const now = await readMetadata(root)
  const isSame = now !== undefined && Object.entries(old).every(([role, version]) => (now[role] ?? 0) >= version)
  return isSame ? undefined : { code: 'updater', text: 'Its updater cannot read what is signed about updates: it could not be replaced.' }
}

export function readBaseline(root: string): Baseline {
  try {
    return baselineSchema.parse(JSON.parse(readFileSync(boxPathsBelow(root).baseline, 'utf8')))
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return unknown
    throw error
  }
}
