// Watches the agent that runs: a sample at a time, and rounds of marked messages beside it.
import { setTimeout as sleep } from 'node:timers/promises'
import { isBack, sendRound, type Way, wayOf } from './canary.ts'
import type { Sample } from './facts.ts'
import { Observer } from './observe.ts'
import type { Pace } from './pace.ts'

export class Watch {
  readonly observer: Observer
  readonly samples: Sample[] = []
  /** Rounds that came back, and how many did not since the last one that did. */
  roundsBack = 0
  roundsMissing = 0
  private readonly pace: Pace
  private readonly way: Way | undefined
  private round: { readonly nonce: string; readonly sentAtMs: number } | undefined

  /** `sources` are those of the release that is trusted: which sockets the box has is not for the new one to say. */
  constructor(root: string, sources: readonly { readonly name: string; readonly address: string }[], pace: Pace) {
    this.pace = pace
    this.way = wayOf(sources)
    this.observer = new Observer(root, this.way?.kind === 'udp' ? this.way.port : undefined)
  }

  /** The next sample, a pause after the last one. */
  async next(signal: AbortSignal): Promise<Sample> {
    if (this.samples.length > 0) await sleep(this.pace.sampleMs, undefined, { signal })
    const sample = await this.observer.sample()
    this.samples.push(sample)
    if (this.round !== undefined && isBack(this.round.nonce, sample.said)) {
      this.roundsBack++
      this.roundsMissing = 0
      // the next one when its time has come
      this.round = { nonce: '', sentAtMs: this.round.sentAtMs }
    }
    return sample
  }

  /** Sends a round if it is time, and counts the one before as missing if it has not come back. Only for one that answers once. */
  async rounds(): Promise<void> {
    if (this.way === undefined) return
    const now = performance.now()
    if (this.round !== undefined && now - this.round.sentAtMs < this.pace.roundMs) return
    if (this.round !== undefined && this.round.nonce !== '') this.roundsMissing++
    this.round = { sentAtMs: now, nonce: await sendRound(this.way) }
  }
}
