// Retention, composed: one round a minute looks at every hour of arrivals and every file of suspicious events, and deletes what has to
// go. Rounds come one after the other; what fails in one is said, holds back nothing else, and is tried again in the next.
import * as z from 'zod'
import { Refusal } from '../refusals.ts'
import { HOUR_MS, startOfDay } from './calendar.ts'
import { advance, type ClockState, confirm, type Reading } from './clock.ts'
import { expire } from './expiry.ts'
import { type Ground, withConnection } from './ground.ts'
import { type AgedHour, observeHours } from './hours.ts'
import { noteCollection, noteCombination } from './log-hours.ts'
import { LATE_MS, reasons, refuseFrom, SWEEP_MS, unreadFrom } from './policy.ts'
import { askRecall, doRecalls, type RecalledSet } from './recall.ts'
import { recoverErasures } from './statements.ts'
import { SuspectFiles } from './suspect-files.ts'
import { dropUnread, finishHour, isEntered, sweepHour } from './sweep.ts'

export interface RetentionOptions extends Omit<Ground, 'report'> {
  readonly report?: (error: unknown) => void
  readonly readClock: () => Reading
}

/** How retention stands, for the operator. Times are ISO 8601. */
export interface RetentionStatus {
  readonly lastRound: string | null
  readonly deletesBy: string
  /** Central's clock has jumped ahead, and is not believed yet. */
  readonly isClockDoubted: boolean
  readonly hours: number
  readonly oldestSince: string | null
  readonly refusesFrom: string | null
  /** Hours that should have been swept, and those that cannot be read. */
  readonly late: readonly string[]
  readonly unreadable: readonly string[]
  readonly files: number
  readonly damagedFiles: readonly string[]
}

const RETRY_SECONDS = 600
const clockSchema = z.object({ state: z.string() })

export class Retention {
  private readonly ground: Ground
  private readonly options: RetentionOptions
  private readonly files: SuspectFiles
  private clock: ClockState | undefined
  private hours: readonly AgedHour[] = []
  private refusesFromMs = Number.POSITIVE_INFINITY
  private readonly damage = new Map<string, string>()
  private lastRoundMs: number | undefined
  private lastExpiry = 0
  private lastLook: number | undefined
  private isPrepared = false
  private tail: Promise<unknown> = Promise.resolve()

  private constructor(options: RetentionOptions) {
    this.options = options
    this.ground = { ...options, report: options.report ?? (error => console.error(error)) }
    this.files = new SuspectFiles(this.ground)
    const [kept] = options.register.read(clockSchema, 'SELECT state FROM retention_clock')
    this.clock = kept === undefined ? undefined : JSON.parse(kept.state)
  }

  /** Takes up what a crash has left and makes the views; nothing is swept yet (`round` does that). On a full disk it is done later. */
  static async open(options: RetentionOptions): Promise<Retention> {
    const retention = new Retention(options)
    await retention.attempt('start', () => retention.prepare())
    return retention
  }

  /** To be called when DuckDB was opened again: what was in its memory is gone. */
  reopened(): void {
    void this.inTurn(() => this.attempt('views', () => this.files.refreshView()))
  }

  /** Everything that is due now. */
  round(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.isPrepared) await this.prepare()
      const now = this.look()
      for (const hour of this.hours) await this.attempt(hour.name, () => this.takeHour(hour, now))
      await this.attempt('merge', () => this.mergeDays(now))
      await this.attempt('recall', () => doRecalls(this.ground, this.files, this.readable(), now))
      if (now - this.lastExpiry >= HOUR_MS)
        await this.attempt('expiry', async () => {
          await expire(this.ground, this.files, this.readable(), now)
          noteCombination(this.ground, now)
          this.ground.register.checkpoint()
          this.lastExpiry = now
        })
      this.look()
      this.lastRoundMs = now
    })
  }

  /** Takes back rows; how many went. */
  recall(set: RecalledSet): Promise<number> {
    return this.inTurn(async () => {
      const now = this.look()
      askRecall(this.ground, set, now)
      return doRecalls(this.ground, this.files, this.readable(), now)
    })
  }

  /** A refusal if what is there could not be deleted within five working days any more. */
  mayIngest(wallMs: number): Refusal | undefined {
    const now = Math.max(wallMs, this.clock?.deletionMs ?? 0)
    return now < this.refusesFromMs ? undefined : new Refusal('retention-overdue', { retryAfterSeconds: RETRY_SECONDS })
  }

  /** The operator says that central's clock is right. */
  confirmClock(): void {
    this.clock = confirm(this.clock, this.options.readClock())
    this.keepClock()
  }

  status(): RetentionStatus {
    const text = (ms: number | undefined) => (ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString())
    const now = this.clock?.deletionMs ?? 0
    return {
      lastRound: text(this.lastRoundMs),
      deletesBy: new Date(now).toISOString(),
      isClockDoubted: this.clock?.ahead !== undefined,
      hours: this.hours.length,
      oldestSince: text(this.hours[0]?.sinceMs),
      refusesFrom: text(this.refusesFromMs),
      late: this.hours.filter(({ sinceMs }) => now - sinceMs > LATE_MS).map(({ name }) => name),
      unreadable: [...this.damage.keys()],
      files: this.files.live().length,
      damagedFiles: this.files.damaged().map(({ name }) => name),
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.tail.catch(() => undefined)
  }

  private async prepare(): Promise<void> {
    await this.files.recover()
    recoverErasures(this.ground)
    await this.files.refreshView()
    this.look()
    this.isPrepared = true
  }

  private async takeHour(hour: AgedHour, now: number): Promise<void> {
    const { ground, files } = this
    if (isEntered(ground, hour)) return finishHour(ground, files, hour.name)
    if (!hour.isReadable) {
      // arrivals have said it
      this.damage.set(hour.name, hour.damage ?? 'it cannot be opened')
      if (now >= unreadFrom(hour.sinceMs)) await dropUnread(ground, files, hour)
      return
    }
    try {
      if (!hour.isCollected && now >= hour.sinceMs + HOUR_MS) await noteCollection(ground, hour)
      if (now >= hour.sinceMs + SWEEP_MS) await sweepHour(ground, files, hour, [])
      this.damage.delete(hour.name)
    } catch (error) {
      this.sayDamage(hour.name, error)
      if (now >= unreadFrom(hour.sinceMs) && !(await this.isReadable(hour))) await dropUnread(ground, files, hour)
    }
  }

  /** One file a day: those of its hours are joined when all of them are swept. */
  private async mergeDays(now: number): Promise<void> {
    const left = new Set(this.ground.arrivals.hours().map(({ startMs }) => startOfDay(startMs)))
    const days = Map.groupBy(this.files.live(), ({ day }) => day)
    for (const [day, files] of days) {
      const startMs = Date.parse(day)
      if (files.length < 2 || left.has(startMs) || now < startMs + 24 * HOUR_MS + SWEEP_MS) continue
      await this.files.replace(files, 'true', { policy: 'suspicious', reason: reasons.quiet })
    }
  }

  private async isReadable({ name }: AgedHour): Promise<boolean> {
    try {
      await withConnection(this.ground.arrivals, connection =>
        connection.run(`SELECT max(time), max(source), max(count), max(batch) FROM "h_${name.replaceAll('-', '_')}".events`),
      )
      return true
    } catch {
      return false // the error of the sweep has been reported
    }
  }

  private sayDamage(name: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    if (this.damage.get(name) === text) return
    this.damage.set(name, text)
    this.ground.report(new Error(`retention-hour-failed: arrivals/${name}.duckdb could not be swept; all others are`, { cause: error }))
  }

  private async attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.ground.report(new Error(`retention-failed: ${what}; it is tried again in a minute`, { cause: error }))
    }
  }

  private readable(): AgedHour[] {
    const bad = new Map(this.ground.arrivals.hours().map(({ name, damage }) => [name, damage]))
    return this.hours.filter(({ name, isReadable }) => isReadable && bad.get(name) === undefined && !this.damage.has(name))
  }

  /** Reads the clock, and the hours that are there; the time that deletion goes by. */
  private look(): number {
    this.clock = advance(this.clock, this.options.readClock())
    this.keepClock()
    const now = this.clock.deletionMs
    this.hours = observeHours(this.ground, now, this.lastLook)
    this.lastLook = now
    this.refusesFromMs = this.hours.length === 0 ? Number.POSITIVE_INFINITY : refuseFrom(this.hours[0].sinceMs)
    return now
  }

  private keepClock(): void {
    const state = JSON.stringify(this.clock)
    this.ground.register.transact(
      transaction => transaction.run('INSERT OR REPLACE INTO retention_clock VALUES (1, $state)', { state }),
      'reserve',
    )
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.tail.then(work, work)
    this.tail = done.catch(() => undefined)
    return done
  }
}
