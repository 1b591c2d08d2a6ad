// How the boxes are, as they say: the last report of each in memory, and now and then in the register, with every change of a level. A
// report costs the main thread a look at a few hundred bytes of fixed places, and the register next to nothing: what came in is written
// together, some seconds later. A box that changes its mind all the time is written down a hundred times a day.
import * as z from 'zod'
import { asRange } from '../../agent/health/report/read.ts'
import { type CheckReport, decodeReport, type HealthReport } from '../../agent/health/report/wire.ts'
import { Rates } from '../limits/rates.ts'
import { Refusal } from '../refusals.ts'
import type { Reader, Register, Transaction } from '../register/register.ts'

/** A box reports once a minute at most. */
const reportRate = { burst: 10, everyMs: 20_000 }
/** Changes of levels that are kept of a device. */
const changeRate = { burst: 100, everyMs: 86_400_000 / 100 }
/** A report without a change is written this often. */
const WRITTEN_EVERY_MS = 300_000
/** Changes that wait to be written: beyond it they are left out, the last report has the levels. */
const WAITING_MAX = 10_000
const CHANGES_KEPT = 1000

interface Kept {
  receivedAt: number
  report: HealthReport
  bytes: Buffer
  writtenAt: number
  isChanged: boolean
}

interface Change extends CheckReport {
  readonly device: string
  readonly at: number
}

export interface LastReport {
  readonly receivedAt: number
  readonly report: HealthReport
}

const rowSchema = z.object({ device: z.string(), received_at: z.int(), report: z.instanceof(Uint8Array) })

export class BoxHealth {
  private readonly last = new Map<string, Kept>()
  private changes: Change[] = []
  private readonly reports = new Rates(reportRate)
  private readonly changed = new Rates(changeRate)

  /** To be called once the register is open. A report that cannot be read any more is passed over. */
  load(reader: Reader): void {
    const rows = reader.read(rowSchema, 'SELECT device, received_at, report FROM health')
    for (const row of rows) {
      const bytes = Buffer.from(row.report)
      const report = asRange(() => decodeReport(bytes))
      const receivedAt = row.received_at
      if (report !== undefined && !this.last.has(row.device))
        this.last.set(row.device, { receivedAt, report, bytes, writtenAt: receivedAt, isChanged: false })
    }
  }

  /** Refusal body-malformed for what no box writes, device-busy for too many. */
  take(device: string, bytes: Buffer, now: number): void {
    const waitMs = this.reports.waitMs(device, now)
    if (waitMs > 0) throw new Refusal('device-busy', { retryAfterSeconds: Math.ceil(waitMs / 1000) })
    this.reports.count(device, now)
    const report = asRange(() => decodeReport(bytes))
    if (report === undefined) throw new Refusal('body-malformed')
    const before = this.last.get(device)
    const levelOf = new Map(before?.report.checks.map(({ number, level }) => [number, level]))
    const changes = report.checks.filter(
      ({ number, level }) => (levelOf.get(number) ?? 'ok') !== level && (levelOf.has(number) || level !== 'unknown'),
    )
    for (const change of changes) {
      if (this.changes.length >= WAITING_MAX || this.changed.waitMs(device, now) > 0) break
      this.changed.count(device, now)
      this.changes.push({ ...change, device, at: now })
    }
    const isChanged = before === undefined || before.isChanged || changes.length > 0
    this.last.set(device, { receivedAt: now, report, bytes: Buffer.from(bytes), writtenAt: before?.writtenAt ?? 0, isChanged })
  }

  of(device: string): LastReport | undefined {
    return this.last.get(device)
  }

  /** Writes what has changed, and what is old, in one transaction. To be called every few seconds; what fails is tried again. */
  flush(register: Register, now: number): void {
    const due = [...this.last].filter(([, { receivedAt, writtenAt, isChanged }]) => isChanged || receivedAt - writtenAt >= WRITTEN_EVERY_MS)
    const changes = this.changes
    if (due.length === 0 && changes.length === 0) return
    this.changes = []
    try {
      register.transact(transaction => {
        for (const [device, { receivedAt, bytes }] of due) writeLast(transaction, device, receivedAt, bytes)
        for (const change of changes) writeChange(transaction, change)
        for (const device of new Set(changes.map(change => change.device))) forgetOld(transaction, device)
      })
    } catch (error) {
      this.changes = [...changes, ...this.changes].slice(0, WAITING_MAX)
      throw error
    }
    for (const [, kept] of due) Object.assign(kept, { writtenAt: now, isChanged: false })
  }
}

function writeLast(transaction: Transaction, device: string, receivedAt: number, bytes: Buffer): void {
  const sql = 'INSERT OR REPLACE INTO health VALUES ($device, $at, $report)'
  transaction.run(sql, { device, at: receivedAt, report: bytes })
}

function writeChange(transaction: Transaction, { device, at, number, level, value }: Change): void {
  const sql = 'INSERT INTO health_changes VALUES ($device, $at, $number, $level, $value)'
  transaction.run(sql, { device, at: at, number, level, value: value ?? null })
}

function forgetOld(transaction: Transaction, device: string): void {
  const sql = `DELETE FROM health_changes WHERE device = $device AND changed_at < (
    SELECT min(changed_at) FROM (SELECT changed_at FROM health_changes WHERE device = $device ORDER BY changed_at DESC LIMIT ${CHANGES_KEPT}))`
  transaction.run(sql, { device })
}
