// Whether a release gets through to central. That nothing does is its fault only if the system's own client gets through meanwhile: once
// central was away, the release may be waiting to try again, and is given time.
import type { Baseline, Sample } from './facts.ts'
import type { Pace } from './pace.ts'
import type { Central } from './probe.ts'
import { unsentSince } from './rules.ts'

/** `fine`: nothing waits, or not for long. `waits`: nothing gets through, and that is not known to be its fault. */
export type Sends = 'fine' | 'waits' | 'fault'

export class SendsWatch {
  private readonly before: Pick<Baseline, 'hasAnswers'>
  private readonly pace: Pick<Pace, 'sendsMs'>
  private readonly probe: () => Promise<Central>
  private seen: Central[] = []
  private wasAway = false

  constructor(before: Pick<Baseline, 'hasAnswers'>, pace: Pick<Pace, 'sendsMs'>, probe: () => Promise<Central>) {
    this.before = before
    this.pace = pace
    this.probe = probe
  }

  /** Asks central in the middle of the time that a release has, and at its end. */
  async look(up: readonly Sample[]): Promise<Sends> {
    const { sendsMs } = this.pace
    const waitedMs = this.waitedMs(up)
    if (waitedMs < sendsMs / 2) this.seen = []
    if (waitedMs >= (sendsMs * (this.seen.length + 1)) / 2 && this.seen.length < 2) this.seen.push(await this.probe())
    if (this.seen.includes('none')) return 'fine'
    if (this.seen.includes('away')) this.wasAway = true
    if (waitedMs < sendsMs) return this.wasAway && waitedMs > 0 ? 'waits' : 'fine'
    return this.wasAway || this.seen.length < 2 ? 'waits' : 'fault'
  }

  /** How long something has waited; or since it answered, if central answered the release before and has not answered this one. */
  private waitedMs(up: readonly Sample[]): number {
    const last = up.at(-1)
    if (last === undefined || last.isDiskFull) return 0
    const since = unsentSince(up)
    if (since !== undefined) return last.atMs - since
    return this.before.hasAnswers && (last.said?.central.lastAnswerAt ?? null) === null ? last.atMs - up[0].atMs : 0
  }
}
