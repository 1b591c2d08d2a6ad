// Tells central how the box is: on the way of the batches, with the same connection. A report that does not get through costs nothing
// but itself; the next one says more. Every five minutes; where a level changed, with the next batch, but at most once a minute; and once
// soon after a start, so that whoever watches a restart sees that the box can send.
import { type Fault, faultOf } from '../errors.ts'
import { refusalOf } from './enrol.ts'
import type { CentralClient } from './pinned-client.ts'

const WITH_BATCHES_MS = 60_000
const ALONE_MS = 300_000
const FIRST_MS = 10_000
/** A central that knows no reports is asked again after that. */
const UNKNOWN_MS = 3_600_000

export interface ReportSource {
  /** The bytes of agent/health/report. */
  report(): Uint8Array
  /** What of it is news when it changes, as text. */
  levels(): string
  /** What central answered. */
  answered(body: unknown): void
}

export class Reporter {
  /** When central took one, ms since 1970; 0 before the first. */
  lastAt = 0
  /** How many it took. */
  taken = 0
  failure: (Fault & { readonly since: number }) | undefined
  private readonly source: ReportSource
  private next: number
  private nextWithBatch: number
  /** As central knows them. */
  private levels: string | undefined

  /** `uptimeMs` is of a clock that never goes back, here and below. */
  constructor(source: ReportSource, uptimeMs: number) {
    this.source = source
    this.next = uptimeMs + FIRST_MS
    this.nextWithBatch = uptimeMs
  }

  /** How long none is to be sent, in ms; `hasExchanged`: a batch was just taken. */
  waitMs(uptimeMs: number, hasExchanged: boolean): number {
    const wait = Math.max(0, this.next - uptimeMs)
    if (!hasExchanged || wait === 0 || uptimeMs < this.nextWithBatch) return wait
    if (this.source.levels() !== this.levels) return 0
    this.nextWithBatch = uptimeMs + WITH_BATCHES_MS
    return wait
  }

  /** One report. Never throws; gives by how much our clock differs from central's, as far as that is known. */
  async send(client: CentralClient, signal: AbortSignal, uptimeMs: () => number): Promise<number | undefined> {
    try {
      const levels = this.source.levels()
      const answer = await client.post('/v1/health', this.source.report(), signal)
      if (answer.status === 200 || answer.status === 204) {
        this.source.answered(answer.body)
        this.taken++
        this.levels = levels
        Object.assign(this, { lastAt: Date.now(), failure: undefined })
        this.schedule(uptimeMs(), WITH_BATCHES_MS, ALONE_MS)
      } else {
        const wait = answer.status === 404 ? UNKNOWN_MS : Math.max(WITH_BATCHES_MS, answer.retryAfterSeconds * 1000)
        this.schedule(uptimeMs(), wait, Math.max(wait, ALONE_MS))
        // an older central knows no reports, and nothing is wrong with that
        if (answer.status !== 404) this.failed(refusalOf(answer))
      }
      return answer.clockErrorMs
    } catch (error) {
      this.schedule(uptimeMs(), WITH_BATCHES_MS, WITH_BATCHES_MS)
      if (!signal.aborted) this.failed(error)
      return undefined
    }
  }

  /** The clock was set: what is kept of times goes with it. */
  moveTimes(jumpMs: number): void {
    if (this.lastAt > 0) this.lastAt += jumpMs
    if (this.failure !== undefined) this.failure = { ...this.failure, since: this.failure.since + jumpMs }
  }

  private failed(error: unknown): void {
    const fault = faultOf(error)
    this.failure = { ...fault, since: this.failure?.since ?? Date.now() }
  }

  private schedule(uptimeMs: number, withBatchMs: number, aloneMs: number): void {
    this.nextWithBatch = uptimeMs + withBatchMs
    this.next = uptimeMs + aloneMs
  }
}
