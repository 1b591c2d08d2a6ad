// The loop around the rounds. Nobody waits for it: ingest stores and signs whether or not anything is found. A round that fails is
// told of and done again; only `close` ends the loop.
import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CorrelatorContext } from './context.ts'
import { Correlator } from './correlator.ts'
import { Hot } from './hot.ts'
import type { HourFile } from './hour-files.ts'

/** Rounds that follow faster cost as much each and find nothing sooner. */
const ROUND_MS = 100
/** When nothing arrives. */
const IDLE_MS = 250
/** After a round that failed. */
const FAILED_MS = 1000
/** Failures are told of once in so long. */
const REPORT_EVERY_MS = 60_000

/** What arrived, as central holds it. */
interface Arrivals {
  /** How often the files were opened; what was in memory is gone each time. */
  readonly openings: number
  hours(): readonly (HourFile & { readonly damage: string | undefined })[]
  connect(): Promise<DuckDBConnection>
  /** Leaves out the files that are damaged. */
  examine(): Promise<unknown>
}

export interface CorrelationOptions extends Pick<CorrelatorContext, 'register' | 'now'> {
  readonly arrivals: Arrivals
  readonly report: (error: unknown) => void
}

/** How correlation is, for the operator. */
export interface CorrelationReport {
  readonly events: number
  readonly rounds: number
  readonly findings: number
  readonly failed: number
  /** From the arrival of a batch to the end of its round: the last one, and the longest since the start. */
  readonly lastLagMs: number
  readonly longestLagMs: number
  /** Rows that memory had no room for, by table. */
  readonly dropped: Readonly<Record<string, number>>
}

export class Correlation {
  private readonly options: CorrelationOptions
  private readonly ending = new AbortController()
  private readonly ended: Promise<void>
  private correlator: Correlator | undefined
  private madeFor = -1
  private failed = 0
  private reportedAt = Number.NEGATIVE_INFINITY

  constructor(options: CorrelationOptions) {
    this.options = options
    this.ended = this.run()
  }

  get report(): CorrelationReport {
    const { counts, lag, dropped } = this.correlator ?? nothing
    return { ...counts, failed: this.failed, lastLagMs: lag.lastMs, longestLagMs: lag.longestMs, dropped }
  }

  /** Forgets everything and begins anew from what is stored: to be called when a member has taken events back. */
  forget(): void {
    this.madeFor = -1
  }

  /** Waits for the round that is under way. */
  async close(): Promise<void> {
    this.ending.abort()
    await this.ended
    this.correlator?.close()
  }

  private async run(): Promise<void> {
    const { signal } = this.ending
    while (!signal.aborted) {
      const began = performance.now()
      const waitMs = await this.attempt()
      const leftMs = Math.max(1, began + waitMs - performance.now())
      // the signal ends the wait
      await sleep(leftMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** One round, or one part of what is older if nothing has arrived. Gives how long after its begin the next may follow. */
  private async attempt(): Promise<number> {
    try {
      const correlator = await this.ready()
      if (await correlator.round()) return ROUND_MS
      await correlator.backfill()
      return IDLE_MS
    } catch (error) {
      if (this.ending.signal.aborted) return FAILED_MS
      this.failed++
      const now = performance.now()
      if (now - this.reportedAt < REPORT_EVERY_MS) return FAILED_MS
      this.reportedAt = now
      this.options.report(error)
      // a file that cannot be read must not hold up the others
      await this.options.arrivals.examine().catch(this.options.report)
      return FAILED_MS
    }
  }

  /** Memory is lost when the files are opened again: then all begins anew, as at a start. */
  private async ready(): Promise<Correlator> {
    const { arrivals, register, now } = this.options
    const connection = this.correlator === undefined || this.madeFor !== arrivals.openings ? await arrivals.connect() : undefined
    if (connection === undefined && this.correlator !== undefined) return this.correlator
    this.correlator?.close()
    this.correlator = undefined
    this.madeFor = arrivals.openings
    const hot = await Hot.open(connection ?? (await arrivals.connect()))
    const hours = () => arrivals.hours().filter(({ damage }) => damage === undefined)
    this.correlator = new Correlator({ hot, register, hours, now })
    return this.correlator
  }
}

const nothing = { counts: { events: 0, rounds: 0, findings: 0 }, lag: { lastMs: 0, longestMs: 0 }, dropped: {} }
