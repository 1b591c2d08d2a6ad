// A ground for tests of correlation: a real hour file of DuckDB and a real register of SQLite, and events written straight into them.
import { DatabaseSync } from 'node:sqlite'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import * as z from 'zod'
import type { Register, Transaction } from '../findings/findings.ts'
import { type Finding, listFindings } from '../findings/list.ts'
import { findingsTables } from '../findings/tables.ts'
import { Correlator } from './correlator.ts'
import { Hot } from './hot.ts'
import { HOUR_MS, type HourFile, schemaOf } from './hour-files.ts'

export interface TestEvent {
  /** Seconds after the beginning of the test's first hour. */
  readonly at: number
  readonly source: number
  readonly member?: number
  /** The last number of the member's address 198.MEMBER.100.TARGET; null for a login without one. */
  readonly target?: number | null
  readonly port?: number | null
  readonly action?: 'allow' | 'deny' | 'detect' | 'login-failed'
  readonly sourceKind?: number
  readonly sourcePort?: number
  readonly protocol?: number | null
  readonly rule?: number
  readonly product?: number
  readonly count?: number
}

export const START_MS = Date.UTC(2026, 11, 1, 3)
const actions = { allow: 0, deny: 1, detect: 6, 'login-failed': 7 } as const
const ipv4 = (address: number): bigint => (0xffffn << 32n) | BigInt(address)
export const sourceText = (number: number): string => `203.0.113.${number}`

export const eventTable = `(batch UINTEGER, member UINTEGER, time UINTEGER, duration UINTEGER, gateway USMALLINT, product UTINYINT, action UTINYINT,
  direction UTINYINT, reason USMALLINT, protocol UTINYINT, rule UINTEGER, source_kind UTINYINT, source UHUGEINT, source_port USMALLINT,
  destination_kind UTINYINT, destination UHUGEINT, destination_port USMALLINT, bytes UBIGINT, packets UBIGINT, count UINTEGER)`
export const batchTable = `(batch UINTEGER, device UINTEGER, member UINTEGER, sequence UBIGINT, arrived_at UBIGINT, rows UINTEGER, clock UTINYINT)`

class TestRegister implements Register {
  /** Throws instead of storing. */
  isFull = false
  private readonly database = new DatabaseSync(':memory:')

  constructor() {
    this.database.exec(`CREATE TABLE devices (id INTEGER PRIMARY KEY, device TEXT, member INTEGER, enrolled_at INTEGER) STRICT;
      CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT) STRICT; ${findingsTables}`)
  }

  read<T>(shape: z.ZodType<T>, sql: string, values: Record<string, null | number | bigint | string | Uint8Array> = {}): T[] {
    return z.array(shape).parse(this.database.prepare(sql).all(values))
  }

  transact<T>(work: (transaction: Transaction) => T): T {
    if (this.isFull) throw new Error('central-full')
    const run: Transaction['run'] = (sql, values = {}) => this.database.prepare(sql).run(values)
    this.database.exec('BEGIN')
    const result = work({ read: (shape, sql, values) => this.read(shape, sql, values), run })
    this.database.exec('COMMIT')
    return result
  }
}

export class Ground {
  readonly register = new TestRegister()
  nowMs = START_MS
  correlator!: Correlator
  hot!: Hot
  readonly hours: HourFile[] = []
  private readonly instance: DuckDBInstance
  private readonly writer: DuckDBConnection
  private batches = 0

  private constructor(instance: DuckDBInstance, writer: DuckDBConnection) {
    this.instance = instance
    this.writer = writer
  }

  static async make(): Promise<Ground> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
    const ground = new Ground(instance, await instance.connect())
    await ground.writer.run("ATTACH ':memory:' AS hot")
    await ground.start()
    return ground
  }

  /** Central starts: the first time, or anew with nothing in memory. */
  async start(): Promise<void> {
    await this.writer.run("DETACH hot; ATTACH ':memory:' AS hot")
    this.hot = await Hot.open(await this.instance.connect())
    this.correlator = new Correlator({
      hot: this.hot,
      register: this.register,
      hours: () => this.hours,
      now: () => this.nowMs,
      slowEveryMs: 0,
    })
  }

  /** Events that arrive now, in one batch for each member. Its device has been enrolled for so many days. */
  async arrive(events: readonly TestEvent[], { clock = 1, days = 30 } = {}): Promise<void> {
    const hour = await this.hour()
    for (const [member, some] of Map.groupBy(events, ({ member = 1 }) => member)) {
      const batch = ++this.batches
      const device = member * 10
      const enrolled = this.nowMs - days * 24 * HOUR_MS
      this.register.transact(({ run }) => {
        run('INSERT OR REPLACE INTO devices VALUES ($device, $name, $member, $enrolled)', {
          device,
          name: `device-${device}`,
          member,
          enrolled,
        })
        run('INSERT OR REPLACE INTO members VALUES ($member, $name)', { member, name: `member-${member}` })
      })
      await this.writer.run(
        `INSERT INTO "${schemaOf(hour)}".batches VALUES (${batch}, ${device}, ${member}, ${batch}, ${this.nowMs}, ${some.length}, ${clock})`,
      )
      for (let from = 0; from < some.length; from += 1000)
        await this.writer.run(
          `INSERT INTO "${schemaOf(hour)}".events VALUES ${some
            .slice(from, from + 1000)
            .map(one => rowOf(one, batch))
            .join(', ')}`,
        )
    }
  }

  /** Events that retention has kept of earlier days, and whose hours are gone. */
  async keep(events: readonly TestEvent[]): Promise<void> {
    await this.writer.run(`CREATE SCHEMA IF NOT EXISTS suspect; CREATE TABLE IF NOT EXISTS kept ${eventTable};
      CREATE OR REPLACE VIEW suspect.events AS FROM kept; INSERT INTO kept VALUES ${events.map(one => rowOf(one, 1)).join(', ')}`)
  }

  /** What is found once everything that has arrived was taken in. */
  async findings(): Promise<Finding[]> {
    while (await this.correlator.round());
    return listFindings(this.register, 1000)
  }

  close(): void {
    this.hot.end()
    this.writer.closeSync()
    this.instance.closeSync()
  }

  private async hour(): Promise<HourFile> {
    const startMs = Math.floor(this.nowMs / HOUR_MS) * HOUR_MS
    const known = this.hours.find(one => one.startMs === startMs)
    if (known !== undefined) return known
    const hour = { name: new Date(startMs).toISOString().slice(0, 13), startMs }
    await this.writer.run(`ATTACH ':memory:' AS "${schemaOf(hour)}"; CREATE TABLE "${schemaOf(hour)}".events ${eventTable};
      CREATE TABLE "${schemaOf(hour)}".batches ${batchTable}`)
    this.hours.push(hour)
    return hour
  }
}

function rowOf(event: TestEvent, batch: number): string {
  const {
    at,
    source,
    member = 1,
    target = 1,
    port = 80,
    action = 'deny',
    sourceKind = 0,
    sourcePort = 40_000,
    protocol = 6,
    rule,
    product = 1,
    count = 1,
  } = event
  const from = ipv4(0xcb007100 + source)
  const to = target === null ? 'NULL' : ipv4(0xc6000000 + member * 65_536 + 100 * 256 + target)
  const values = [
    batch,
    member,
    START_MS / 1000 + at,
    0,
    1,
    product,
    actions[action],
    1,
    0,
    protocol ?? 'NULL',
    rule ?? 'NULL',
    sourceKind,
    from,
    sourcePort,
  ]
  return `(${[...values, 0, to, port ?? 'NULL', 'NULL', 'NULL', count].join(', ')})`
}

export const ports = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)
