// From events to findings. A round takes what has arrived since the last one, opens the gate by sketches, proves by exact
// queries, and stores findings in the register; it runs at most every 100 ms, and one that is late takes more at almost the same
// cost. What a round did counts only once its findings are stored: whatever fails before is done again by the next one.
import * as z from 'zod'
import { bytesOf, recordFindings } from '../findings/findings.ts'
import { backfillDay, backfillHour } from './backfill.ts'
import type { CorrelatorContext } from './context.ts'
import { Evidence } from './evidence.ts'
import { addAttempts, besideTables, freshTable, mergeTargets, mergeTouched, type Part, touchedTable } from './fresh.ts'
import { markPassed, passClosingTable, passTable, passTargetsTable, windowTable } from './gate.ts'
import { fileNumber, HOUR_MS, type HourFile, schemaOf } from './hour-files.ts'
import { newsTable, rememberNews } from './news.ts'
import { attemptHitTables, attemptParts, triedTables } from './prove-attempts.ts'
import {
  addRecent,
  type File,
  forgetRecent,
  hitTables,
  lookTable,
  lookTargetTable,
  scanParts,
  spanOf,
  type Where,
  wantedTable,
} from './prove-scans.ts'
import { limits } from './rules.ts'
import { DailyShare } from './share.ts'
import { type PartRow, partSchema, sightingOf } from './sightings.ts'
import { randomSalt } from './sketch.ts'
import { askSlow, lookSlow, markSlow, passSlow, slowParts } from './slow.ts'

/** Rows of one round; of more, the next one takes the rest. */
const ROUND_ROWS = 500_000
/** Rows that are kept in memory for looks, 60 bytes each. */
const RECENT_ROWS = 5_000_000
/** What a round asks of the files: hours of events before the hours of arrival that may hold them, for a box whose clock is ahead. */
const AHEAD_HOURS = 2
/** No attempt has this round. */
const NO_ROUND = 0xffff_ffff
const SEVEN_DAYS_S = 7 * 86_400
const DAY_MS = 24 * HOUR_MS
/** What retention keeps for longer. */
const SUSPECTS = 'suspect.events'
/** Rounds after which the tables in memory are looked at. */
const BOUND_EVERY = 8
/** They take days: some seconds more are nothing, and 30 days of sketches are not read in each round. */
const SLOW_EVERY_MS = 5000

const counter = z.union([z.bigint(), z.number()]).transform(Number)
const headSchema = z.object({ last: counter.nullable(), arrived_at: counter.nullable() })

type Arrived = Part & { readonly arrivedAt: number }

const forgottenSchema = z.object({ file: counter, batch: counter })
const spanSchema = z.object({ wanted: counter, low: counter.nullable(), high: counter.nullable() })
const memberSchema = z.object({ member: counter })

export class Correlator {
  /** Since the start: events taken in, rounds, and findings that were new. */
  readonly counts = { events: 0, rounds: 0, findings: 0 }
  /** Longest time from the arrival of a batch to the end of its round, of the last one and since the start. */
  readonly lag = { lastMs: 0, longestMs: 0 }
  private readonly context: CorrelatorContext
  private readonly salt = randomSalt()
  /** The last batch taken of each hour file. */
  private readonly taken = new Map<number, number>()
  /** When a member was last heard of, in seconds. */
  private readonly heard = new Map<number, number>()
  private readonly evidence: Evidence
  /** Older hours and days that are still to be read. */
  private readonly older: (() => Promise<void>)[]
  /** Of each file the last batch whose events are no longer in memory. */
  private readonly forgotten = new Map<number, number>()
  /** The first hour whose events are all in memory, or forgotten by `forgotten`. */
  private recentSince: number
  /** When slow scans are looked for again. */
  private slowAt = Number.NEGATIVE_INFINITY
  private readonly share = new DailyShare()
  private attached: ReadonlySet<string> = new Set()
  private round_ = 0
  private closedHour: number

  constructor(context: CorrelatorContext) {
    this.context = context
    this.closedHour = Math.floor(context.now() / HOUR_MS)
    this.recentSince = this.closedHour - 1
    this.evidence = new Evidence(context)
    this.older = this.olderParts()
  }

  /** From then on it cannot be used. */
  close(): void {
    this.context.hot.end()
  }

  /** What the tables in memory had to drop because they were full. */
  get dropped(): Readonly<Record<string, number>> {
    return { ...this.context.hot.dropped, findings: this.share.refused }
  }

  /** One round. False if nothing had arrived. */
  async round(): Promise<boolean> {
    this.attached = await this.context.hot.attached()
    await this.closeHours()
    const parts = await this.whatArrived()
    for (const part of parts) await this.takeIn(part)
    return parts.length > 0
  }

  /** Reads one part of what is older than the rounds go back, if there is any left. */
  async backfill(): Promise<void> {
    const [next] = this.older
    if (next === undefined) return
    // a part that cannot be read holds up no other
    this.older.shift()
    await next()
  }

  private olderParts(): (() => Promise<void>)[] {
    const { hot, hours, now } = this.context
    const [present, today] = [Math.floor(now() / HOUR_MS), Math.floor(now() / DAY_MS)]
    const files = hours().filter(one => fileNumber(one) < present - 1)
    const days = Array.from({ length: limits.slowWindowDays }, (_, ago) => today - ago)
    const addHour = async (one: HourFile) => {
      if ((await hot.attached()).has(schemaOf(one))) await hot.run(backfillHour(schemaOf(one), fileNumber(one), today, this.salt))
    }
    const addDay = async (day: number) => {
      if (await hot.hasSuspects()) await hot.run(backfillDay(SUSPECTS, day, this.salt))
    }
    return [...files.map(one => () => addHour(one)), ...days.map(day => () => addDay(day))]
  }

  /** What is new in each file, at most as many rows as a round takes. */
  private async whatArrived(): Promise<Arrived[]> {
    const { hot, now } = this.context
    const present = Math.floor(now() / HOUR_MS)
    const parts: Arrived[] = []
    for (const { schema, file } of this.filesSince(present - 1 + AHEAD_HOURS)) {
      const after = this.taken.get(file) ?? 0
      const [head] = await hot.read(
        headSchema,
        `SELECT max(batch) AS last, min(arrived_at) AS arrived_at FROM (
          SELECT batch, rows, arrived_at, sum(rows) OVER (ORDER BY batch) AS sum FROM "${schema}".batches WHERE batch > ${after})
         WHERE sum - rows < ${ROUND_ROWS}`,
      )
      if (head.last !== null) parts.push({ schema, file, after, upTo: head.last, arrivedAt: head.arrived_at ?? now() })
    }
    return parts
  }

  private async takeIn(part: Arrived): Promise<void> {
    const { hot } = this.context
    const round = this.round_ + 1
    await hot.run(freshTable(part))
    for (const { member } of await hot.read(memberSchema, 'SELECT DISTINCT member FROM hot.fresh')) this.heard.set(member, part.file * 3600)
    await hot.run(touchedTable(this.salt))
    await hot.run(mergeTouched)
    await hot.run(windowTable)
    await hot.run(mergeTargets(this.salt))
    await hot.run(besideTables)
    await hot.run(addAttempts(round))
    await hot.run(addRecent(part))
    await hot.run(askSlow)
    await hot.run(`${passTable}; ${passTargetsTable}`)
    await this.prove(round)
    await hot.run(markPassed)
    this.counts.events += await hot.rows('fresh')
    this.counts.rounds++
    this.round_ = round
    this.taken.set(part.file, part.upTo)
    const lagMs = this.context.now() - part.arrivedAt
    this.lag.lastMs = lagMs
    this.lag.longestMs = Math.max(this.lag.longestMs, lagMs)
    if (round % BOUND_EVERY === 0) await hot.bound()
    await this.boundRecent()
  }

  private async boundRecent(): Promise<void> {
    const { hot } = this.context
    if ((await hot.rows('recent')) <= RECENT_ROWS) return
    await hot.run(forgetRecent(RECENT_ROWS / 2))
    const [{ file, batch }] = await hot.read(forgottenSchema, 'FROM hot.forgotten')
    for (const one of this.taken.keys()) if (one < file) this.forgotten.set(one, this.taken.get(one) ?? 0)
    this.forgotten.set(file, batch)
  }

  /** Looks at what passed, and stores what it is. */
  private async prove(round: number): Promise<void> {
    const { hot } = this.context
    await this.look()
    await hot.run(hitTables)
    await hot.run(scanParts)
    // who comes back after a scan got in: prove-attempts.ts asks for it
    await hot.run('INSERT INTO hot.scanned SELECT source, member, max(refused) FROM hot.scan_part WHERE refused IS NOT NULL GROUP BY ALL')
    await hot.run(triedTables(round))
    await hot.run(attemptHitTables(round))
    await hot.run(attemptParts)
    const slow = (await this.lookForSlow()) ? ['slow_part'] : []
    await hot.run(newsTable(['scan_part', 'attempt_part', ...slow]))
    const news = await hot.read(partSchema, 'FROM hot.news')
    await this.store(news.filter(row => row.rule !== 'slow' || !this.wasFast(row.source)))
    await hot.run(rememberNews)
  }

  private async look(): Promise<void> {
    const { hot } = this.context
    await hot.run(wantedTable)
    const [sources] = await hot.read(spanSchema, spanOf('wanted'))
    const [targets] = await hot.read(spanSchema, spanOf('wanted_target'))
    // also when nothing is wanted: the tables of the last look are replaced
    await hot.run(lookTable(this.where(sources), sources.low ?? 0, sources.high ?? 0))
    await hot.run(lookTargetTable(this.where(targets), targets.low ?? 0, targets.high ?? 0))
  }

  /** Events of the hours that rounds have taken in are in memory, but for what was forgotten; others are in the files. */
  private where({ wanted, low }: z.infer<typeof spanSchema>): Where {
    const hour = wanted === 0 || low === null ? Number.POSITIVE_INFINITY : low
    if (hour < this.recentSince) return { recent: false, files: this.filesSince(hour) }
    const files = this.filesSince(0).flatMap(one => {
      const upTo = this.forgotten.get(one.file)
      return upTo === undefined || wanted === 0 ? [] : [{ ...one, upTo }]
    })
    return { recent: true, files }
  }

  /** The files that may hold events of an hour and later ones. */
  private filesSince(hour: number): File[] {
    const files = this.context.hours().map(one => ({ schema: schemaOf(one), file: fileNumber(one) }))
    return files.filter(({ schema, file }) => file + AHEAD_HOURS >= hour && this.attached.has(schema))
  }

  /** Whether there may be slow scans among those heard of. */
  private async lookForSlow(): Promise<boolean> {
    const { hot, now } = this.context
    const today = Math.floor(now() / DAY_MS)
    if (performance.now() < this.slowAt) return false
    this.slowAt = performance.now() + (this.context.slowEveryMs ?? SLOW_EVERY_MS)
    await hot.run(passSlow(today))
    const isOpen = (await hot.rows('slow_passed')) > 0
    if (isOpen) await hot.run(`${lookSlow(this.filesSince(0), (await hot.hasSuspects()) ? SUSPECTS : undefined, today)}; ${slowParts}`)
    await hot.run(markSlow)
    return isOpen
  }

  /** A slow scan was never fast: in 30 days, no other rule about scans has found its source. */
  private wasFast(source: bigint): boolean {
    const sql = `SELECT 1 AS n FROM findings WHERE source = $source AND rule IN ('vertical', 'horizontal', 'random') AND last_at >= $since LIMIT 1`
    const since = this.context.now() - limits.slowWindowDays * DAY_MS
    return this.context.register.read(z.object({ n: z.number() }), sql, { source: bytesOf(source), since }).length > 0
  }

  private async store(news: readonly PartRow[]): Promise<void> {
    const now = this.context.now()
    const rows = news.filter(row => this.share.take(row.member, now))
    if (rows.length === 0) return
    const [sent, reach] = [await this.evidence.sentIn(rows), await this.evidence.reach()]
    const sightings = rows.map(row => {
      const batches = row.batches.map(one => sent.get(one)).filter(one => one !== undefined)
      return sightingOf(row, batches, reach.get(row.source) ?? 0)
    })
    this.counts.findings += recordFindings(this.context.register, sightings, this.heardMembers(), now)
  }

  private heardMembers(): number {
    const since = this.context.now() / 1000 - SEVEN_DAYS_S
    return [...this.heard.values()].filter(at => at >= since).length
  }

  /** When an hour has passed: last figures of what was found in it, and a second look at what just missed the gate. */
  private async closeHours(): Promise<void> {
    const { hot, now } = this.context
    const present = Math.floor(now() / HOUR_MS)
    if (present <= this.closedHour) return
    await hot.run(passClosingTable(this.closedHour))
    await hot.run(
      'CREATE OR REPLACE TABLE hot.passed_target AS SELECT source, member, destination, hour, gated AS bits FROM hot.target_hour LIMIT 0',
    )
    await this.prove(NO_ROUND)
    await hot.close(present)
    await hot.run(`DELETE FROM hot.recent WHERE file + 1 < ${present}`)
    this.recentSince = Math.max(this.recentSince, present - 1)
    this.closedHour = present
  }
}
