// For tests: one life of central's retention over a folder, and what can be asked about it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Audit } from '../audit/audit.ts'
import type { AuditKey } from '../audit/key.ts'
import { Retention } from './retention.ts'
import { newAuditKey, TestArrivals, TestRegister } from './test-ground.ts'

export interface LifeOptions {
  readonly key?: AuditKey
  readonly onStep?: (step: string) => void
  /** Tables of findings, or whatever else the register is to have. */
  readonly tables?: string
}

export class Life {
  nowMs: number
  monotonicMs = 0
  readonly reports: string[] = []
  register!: TestRegister
  arrivals!: TestArrivals
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
    mkdirSync(suspectFolder, { recursive: true })
    this.register = new TestRegister(this.folder)
    if (this.options.tables !== undefined) this.register.exec(this.options.tables)
    this.arrivals = await TestArrivals.open(arrivalsFolder, [arrivalsFolder, suspectFolder])
    this.audit = new Audit(this.register, this.key, () => this.nowMs)
    const { register, arrivals, audit } = this
    this.retention = await Retention.open({
      register,
      arrivals,
      audit,
      arrivalsFolder,
      suspectFolder,
      report: error => this.reports.push(String(error)),
      readClock: () => ({ wallMs: this.nowMs, monotonicMs: this.nowMs + this.monotonicMs, boot: 'one' }),
      ...(this.options.onStep && { onStep: this.options.onStep }),
    })
  }

  async stop(): Promise<void> {
    await this.retention.close()
    this.arrivals.close()
    this.register.close()
  }

  /** Time passes, and then a round. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    await this.retention.round()
  }

  /** Addresses in the view suspect.events, with how many rows each has. */
  async kept(): Promise<Record<string, number>> {
    const rows = await this.ask('SELECT source, count(*)::INTEGER FROM suspect.events GROUP BY source ORDER BY source')
    return Object.fromEntries(rows.map(([source, n]) => [source === null ? 'none' : String(BigInt(source as bigint) & 0xffn), Number(n)]))
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
