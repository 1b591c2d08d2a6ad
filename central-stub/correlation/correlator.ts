// From events to findings. A round takes what has arrived since the last one, opens the gate by sketches, proves by exact
// queries, and stores findings in the register; it runs at most every 100 ms, and one that is late takes more at almost the same
// cost. What a round did counts only once its findings are stored: whatever fails before is done again by the next one.
import * as z from 'zod'
import { bytesOf, type Register, recordFindings } from '../findings/findings.ts'
import { backfillDay, backfillHour } from './backfill.ts'
import { addAttempts, besideTables, freshTable, mergeTargets, mergeTouched, type Part, touchedTable } from './fresh.ts'
import { markPassed, passClosingTable, passTable, passTargetsTable } from './gate.ts'
import type { Hot } from './hot.ts'
import { fileNumber, HOUR_MS, type HourFile, schemaOf } from './hour-files.ts'
import { newsTable, rememberNews } from './news.ts'
import { attemptHitTables, attemptParts, triedTables } from './prove-attempts.ts'
import { type File, hitTables, lookTable, lookTargetTable, scanParts, spanOf, wantedTable } from './prove-scans.ts'
import { limits } from './rules.ts'
import { type PartRow, partSchema, type Sent, sightingOf } from './sightings.ts'
import { randomSalt } from './sketch.ts'
import { askSlow, lookSlow, markSlow, passSlow, slowParts } from './slow.ts'

/** Rows of one round; of more, the next one takes the rest. */
const ROUND_ROWS = 500_000
/** What a round asks of the files: hours of events before the hours of arrival that may hold them, for a box whose clock is ahead. */
const AHEAD_HOURS = 2
/** No attempt has this round. */
const NO_ROUND = 0xffff_ffff
const SEVEN_DAYS_S = 7 * 86_400
const DAY_MS = 24 * HOUR_MS

export interface CorrelatorContext {
  readonly hot: Hot
  readonly register: Register & { read<T>(shape: z.ZodType<T>, sql: string, values?: Record<string, number | Uint8Array>): T[] }
  /** Hour files that can be read, the oldest first. */
  readonly hours: () => readonly HourFile[]
  /** The view over what is kept for longer, if there is one. */
  readonly suspect?: string
  readonly now: () => number
}

const counter = z.union([z.bigint(), z.number()]).transform(Number)
const headSchema = z.object({ last: counter.nullable(), arrived_at: counter.nullable() })

type Arrived = Part & { readonly arrivedAt: number }

const spanSchema = z.object({ wanted: counter, low: counter.nullable(), high: counter.nullable() })
const sentSchema = z.object({ batch: counter, device: counter, sequence: counter, clock: counter.nullable() })
const memberSchema = z.object({ member: counter })
const reachSchema = z.object({ source: z.bigint(), reach: counter })
const enrolledSchema = z.object({ enrolled_at: z.number() })

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
  private readonly enrolled = new Map<number, number>()
  /** Older hours and days that are still to be read. */
  private readonly older: (() => Promise<void>)[]
  private round_ = 0
  private closedHour: number

  constructor(context: CorrelatorContext) {
    this.context = context
    this.closedHour = Math.floor(context.now() / HOUR_MS)
    this.older = this.olderParts()
  }

  /** From then on it cannot be used. */
  close(): void {
    this.context.hot.end()
  }

  /** What the tables in memory had to drop because they were full. */
  get dropped(): Readonly<Record<string, number>> {
    return this.context.hot.dropped
  }

  /** One round. False if nothing had arrived. */
  async round(): Promise<boolean> {
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
    const { hot, hours, suspect, now } = this.context
    const [present, today] = [Math.floor(now() / HOUR_MS), Math.floor(now() / DAY_MS)]
    const files = hours().filter(one => fileNumber(one) < present - 1)
    const days = suspect === undefined ? [] : Array.from({ length: limits.slowWindowDays }, (_, ago) => today - ago)
    return [
      ...files.map(one => () => hot.run(backfillHour(schemaOf(one), fileNumber(one), today, this.salt))),
      ...days.map(day => () => hot.run(backfillDay(suspect ?? '', day, this.salt))),
    ]
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
    await hot.run(mergeTargets(this.salt))
    await hot.run(besideTables)
    await hot.run(addAttempts(round))
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
    await hot.bound()
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
    await hot.run(attemptHitTables)
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
    await hot.run(lookTable(this.filesFor(sources), sources.low ?? 0, sources.high ?? 0))
    await hot.run('CREATE OR REPLACE TABLE hot.look_target AS FROM hot.look')
    if (targets.wanted > 0) await hot.run(lookTargetTable(this.filesFor(targets), targets.low ?? 0, targets.high ?? 0))
  }

  private filesFor({ wanted, low }: z.infer<typeof spanSchema>): File[] {
    return this.filesSince(wanted === 0 ? Number.POSITIVE_INFINITY : (low ?? 0))
  }

  /** The files that may hold events of an hour and later ones. */
  private filesSince(hour: number): File[] {
    const files = this.context.hours().map(one => ({ schema: schemaOf(one), file: fileNumber(one) }))
    return files.filter(({ file }) => file + AHEAD_HOURS >= hour)
  }

  /** Whether there may be slow scans among those heard of. */
  private async lookForSlow(): Promise<boolean> {
    const { hot, suspect, now } = this.context
    const today = Math.floor(now() / DAY_MS)
    await hot.run(passSlow(today))
    const isOpen = (await hot.rows('slow_passed')) > 0
    if (isOpen) await hot.run(`${lookSlow(this.filesSince(0), suspect, today)}; ${slowParts}`)
    await hot.run(markSlow)
    return isOpen
  }

  /** A slow scan was never fast: in 30 days, no other rule about scans has found its source. */
  private wasFast(source: bigint): boolean {
    const sql = `SELECT 1 AS n FROM findings WHERE source = $source AND rule IN ('vertical', 'horizontal', 'random') AND last_at >= $since LIMIT 1`
    const since = this.context.now() - limits.slowWindowDays * DAY_MS
    return this.context.register.read(z.object({ n: z.number() }), sql, { source: bytesOf(source), since }).length > 0
  }

  private async store(rows: readonly PartRow[]): Promise<void> {
    if (rows.length === 0) return
    const [sent, reach] = [await this.sentIn(rows), await this.reachOf()]
    const sightings = rows.map(row => {
      const batches = row.batches.map(one => sent.get(one)).filter(one => one !== undefined)
      return sightingOf(row, batches, reach.get(row.source) ?? 0)
    })
    this.counts.findings += recordFindings(this.context.register, sightings, this.heardMembers(), this.context.now())
  }

  private heardMembers(): number {
    const since = this.context.now() / 1000 - SEVEN_DAYS_S
    return [...this.heard.values()].filter(at => at >= since).length
  }

  /** The batches of the rows: their device, number and clock. */
  private async sentIn(rows: readonly PartRow[]): Promise<Map<bigint, Sent>> {
    const { hot, hours, now } = this.context
    const sent = new Map<bigint, Sent>()
    const wanted = new Set(rows.flatMap(({ batches }) => batches))
    for (const hour of hours()) {
      const file = BigInt(fileNumber(hour)) << 32n
      const numbers = [...wanted].filter(one => one >> 32n === file >> 32n).map(one => one & 0xffffffffn)
      if (numbers.length === 0) continue
      const sql = `SELECT batch, device, sequence, clock FROM "${schemaOf(hour)}".batches WHERE batch IN (${numbers.join(', ')})`
      for (const { batch, device, sequence, clock } of await hot.read(sentSchema, sql))
        sent.set(file | BigInt(batch), { device, sequence, clock: clock ?? 0, ageMs: now() - this.enrolledAt(device) })
    }
    return sent
  }

  private enrolledAt(device: number): number {
    const known = this.enrolled.get(device)
    if (known !== undefined) return known
    const [row] = this.context.register.read(enrolledSchema, 'SELECT enrolled_at FROM devices WHERE id = $device', { device })
    const at = row?.enrolled_at ?? this.context.now()
    if (row !== undefined) this.enrolled.set(device, at)
    return at
  }

  /** How many members saw each source: in bits, so never too many; attempts are counted. */
  private async reachOf(): Promise<Map<bigint, number>> {
    const day = Math.floor(this.context.now() / DAY_MS)
    const found = await this.context.hot.read(
      reachSchema,
      `WITH wanted AS (SELECT DISTINCT source FROM hot.news)
       SELECT source, max(reach) AS reach FROM (
         SELECT source, bit_count(bit_or(members))::BIGINT AS reach FROM (
           SELECT source, members FROM hot.source_hour SEMI JOIN wanted USING (source)
           UNION ALL SELECT source, members FROM hot.source_day SEMI JOIN wanted USING (source) WHERE day + 7 > ${day}) GROUP BY source
         UNION ALL SELECT source, count(DISTINCT member) FROM hot.attempt SEMI JOIN wanted USING (source) GROUP BY source) GROUP BY source`,
    )
    return new Map(found.map(({ source, reach }) => [source, reach]))
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
    this.closedHour = present
  }
}
