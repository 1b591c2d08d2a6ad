// Which stalls of the agent's main thread are its own fault. A stall is forgiven for the time in which the agent was ready to
// run and other programs, or the host, had the processors. That time is known for whole seconds only, so it says that the
// agent waited, not that it waited during the stall. A process beside it that has nothing to do shows how late the machine
// wakes anyone: no more than twice that is forgiven. Twice, because an idle process is preferred when it wakes, while a busy
// one may wait for a second turn within the same stall.

const STALL_MAX_MS = 50
const TURNS = 2

/** What was seen in about one second. */
interface StallSample {
  /** Since the agent listened. */
  readonly longestStallMs: number
  readonly waitedMs: number
  readonly stolenMs: number
}

interface Stall {
  readonly second: number
  readonly stallMs: number
  readonly waitedMs: number
  readonly stolenMs: number
  readonly ownMs: number
}

/**
 * Each stall that was longer than all before. `machineStallMs`: how late the idle process was woken at worst. On a quiet
 * machine only what the host took is forgiven.
 */
export function judgeStalls(samples: readonly StallSample[], machineStallMs: number, isQuiet: boolean): Stall[] {
  // a stall is reported when it is over, so what kept the agent waiting may have been in the second before
  return samples.flatMap((sample, second) => {
    const before = samples[second - 1] ?? { longestStallMs: 0, waitedMs: 0, stolenMs: 0 }
    const stallMs = sample.longestStallMs
    if (stallMs <= before.longestStallMs) return []
    const [waitedMs, stolenMs] = [sample.waitedMs + before.waitedMs, sample.stolenMs + before.stolenMs]
    const forgivenMs = Math.min(stolenMs + (isQuiet ? 0 : waitedMs), TURNS * machineStallMs)
    return [{ second, stallMs, waitedMs, stolenMs, ownMs: Math.max(0, stallMs - forgivenMs) }]
  })
}

export const isTooLong = (stall: Stall): boolean => stall.ownMs > STALL_MAX_MS
/** Whether it passes only because of what was forgiven. */
export const isForgiven = (stall: Stall): boolean => !isTooLong(stall) && stall.stallMs > STALL_MAX_MS

export const formatStall = ({ second, stallMs, waitedMs, stolenMs, ownMs }: Stall): string =>
  `${stallMs} ms in second ${second} (kept waiting ${waitedMs.toFixed(1)}, stolen by the host ${stolenMs}, its own ${ownMs.toFixed(1)})`
