// For tests: one life of central's retention over a folder, with a clock that the test sets, and what can be asked about it.
import { join } from 'node:path'
import { Arrivals } from '../arrivals/arrivals.ts'
import { Audit } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import { Register } from '../register/register.ts'
import { Retention } from './retention.ts'
import { addRows, addressBytes, newAuditKey, type Row } from './test-ground.ts'

export interface LifeOptions {
  readonly key?: AuditKey
  readonly onStep?: (step: string) => void
}

export class Life {
  nowMs: number
  /** What the monotonic clock is ahead of the other. */
  monotonicMs = 0
  readonly reports: string[] = []
  register!: Register
  arrivals!: Arrivals
  audit!: Audit
  retention!: Retention
  private readonly folder: string
  private readonly key: AuditKey
  private readonly options: LifeOptions

  private constructor(folder: string, nowMs: number, options: LifeOptions) {
    this.folder = folder
    this.nowMs = nowMs
    this.options = options
    this.key = options.key ?? newAuditKey()
  }

  static async begin(folder: string, nowMs: number, options: LifeOptions = {}): Promise<Life> {
    const life = new Life(folder, nowMs, options)
    await life.start()
    return life
  }

  async start(): Promise<void> {
    const [arrivalsFolder, suspectFolder] = ['arrivals', 'suspect'].map(name => join(this.folder, name))
    const report = (error: unknown) => void this.reports.push(String(error))
    this.register = Register.open(this.folder)
    this.arrivals = await Arrivals.open(this.folder, { now: () => this.nowMs, report })
    this.audit = new Audit(this.register, this.key, () => this.nowMs)
    const { register, arrivals, audit } = this
    this.retention = await Retention.open({
      register,
      arrivals,
      audit,
      arrivalsFolder,
      suspectFolder,
      report,
      readClock: () => ({ wallMs: this.nowMs, monotonicMs: this.nowMs + this.monotonicMs, boot: 'one' }),
      ...(this.options.onStep && { onStep: this.options.onStep }),
    })
  }

  async stop(): Promise<void> {
    await this.retention.close()
    await this.arrivals.close()
    this.register.close()
  }

  /** Rows that arrive now, and the round that sees the hour they are in. */
  async arrive(rows: readonly Row[]): Promise<void> {
    await addRows(this.arrivals, this.nowMs, rows)
    await this.retention.round()
  }

  arriveAt(ms: number, rows: readonly Row[]): Promise<void> {
    this.nowMs = ms
    return this.arrive(rows)
  }

  /** Time passes, and then a round. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    await this.retention.round()
  }

  /** A finding about a source at members. */
  find(last: number, members: readonly number[], atMs: number): void {
    this.register.transact(transaction => {
      transaction.run(
        `INSERT INTO findings VALUES ($last, 'vertical', $source, 0, 0, $atMs, $atMs, $atMs, $atMs, 'T1046', 80, 'B2', 0, 0, 'unclear', 15, 1, 0)`,
        { last, source: addressBytes(last), atMs },
      )
      for (const member of members)
        transaction.run(
          `INSERT INTO finding_members (finding, member, target_kind, first_at, last_at, amount, letter) VALUES ($last, $member, 0, $atMs, $atMs, 15, 'A')`,
          { last, member, atMs },
        )
    })
  }

  /** Sources in the view suspect.events by their last byte, with how many rows each has. */
  async kept(): Promise<Record<string, number>> {
    const rows = await this.ask('SELECT source, count(*)::INTEGER FROM suspect.events GROUP BY source ORDER BY source')
    return Object.fromEntries(rows.map(([source, n]) => [source === null ? 'none' : String((source as bigint) & 0xffn), Number(n)]))
  }

  async ask(sql: string): Promise<readonly unknown[][]> {
    const connection = await this.arrivals.connect()
    const rows = (await connection.runAndReadAll(sql)).getRowsJS()
    connection.closeSync()
    return rows as unknown[][]
  }

  statements(): Record<string, unknown>[] {
    return this.audit.after(0, 'erasure').map(({ text }) => JSON.parse(text))
  }
}
