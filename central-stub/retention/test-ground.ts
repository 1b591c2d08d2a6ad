// For tests: a folder with a register and hours of arrivals, filled with rows; a clock that the test sets.
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type * as z from 'zod'
import { syncFolder } from '../../agent/lib/durable-file.ts'
import type { Transaction } from '../audit/audit.ts'
import { type AuditKey, auditKeyOf } from '../audit/key.ts'
import { auditTables } from '../audit/tables.ts'
import { hourName } from './calendar.ts'
import type { ArrivalHour, Arrivals, Register } from './ground.ts'
import { retentionTables } from './tables.ts'

export const newAuditKey = (): AuditKey => auditKeyOf(generateKeyPairSync('ed25519').privateKey)

export class TestRegister implements Register, Transaction {
  private readonly database: DatabaseSync

  constructor(folder: string) {
    this.database = new DatabaseSync(join(folder, 'register.sqlite'))
    this.database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
    this.database.exec(auditTables + retentionTables)
  }

  read<T>(shape: z.ZodType<T>, sql: string, values = {}): T[] {
    return this.database
      .prepare(sql)
      .all(values)
      .map(row => shape.parse(row))
  }

  run(sql: string, values = {}): void {
    this.database.prepare(sql).run(values)
  }

  transact<T>(work: (transaction: Transaction) => T): T {
    this.database.exec('BEGIN IMMEDIATE')
    try {
      const result = work(this)
      this.database.exec('COMMIT')
      return result
    } catch (error) {
      this.database.exec('ROLLBACK')
      throw error
    }
  }

  checkpoint(): void {
    this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  exec(sql: string): void {
    this.database.exec(sql)
  }

  close(): void {
    this.database.close()
  }
}

export interface Row {
  readonly member?: number
  readonly source?: bigint | null
  readonly action?: number
  readonly port?: number
  readonly gateway?: number
  readonly rule?: number | null
  readonly time?: number
}

/** 203.0.113.x as arrivals have it. */
export const address = (last: number): bigint => 0xffff_cb00_7100n + BigInt(last)

export class TestArrivals implements Arrivals {
  private readonly folder: string
  private readonly instance: DuckDBInstance
  private readonly attached = new Map<string, ArrivalHour>()
  readonly writer: DuckDBConnection

  private constructor(folder: string, instance: DuckDBInstance, writer: DuckDBConnection) {
    this.folder = folder
    this.instance = instance
    this.writer = writer
  }

  static async open(folder: string, allowed: readonly string[]): Promise<TestArrivals> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '1GB' })
    const writer = await instance.connect()
    await writer.run(`SET temp_directory = ''; SET allowed_directories = [${allowed.map(path => `'${path}/'`).join(', ')}]`)
    await writer.run('SET enable_external_access = false')
    const arrivals = new TestArrivals(folder, instance, writer)
    mkdirSync(folder, { recursive: true })
    for (const name of readdirSync(folder)
      .filter(name => name.endsWith('.duckdb'))
      .sort())
      await arrivals.attach(name.slice(0, 13)).catch(() => undefined)
    return arrivals
  }

  hours(): readonly ArrivalHour[] {
    return [...this.attached.values()]
  }

  connect(): Promise<DuckDBConnection> {
    return this.instance.connect()
  }

  async drop(name: string): Promise<void> {
    if (this.attached.delete(name)) await this.writer.run(`DETACH "h_${name.replaceAll('-', '_')}"`)
    for (const end of ['', '.wal']) rmSync(join(this.folder, `${name}.duckdb${end}`), { force: true })
    syncFolder(this.folder)
  }

  async replace(name: string, write: (connection: DuckDBConnection, draft: string) => Promise<void>): Promise<void> {
    const path = join(this.folder, `${name}.duckdb`)
    rmSync(`${path}.draft`, { force: true })
    await write(this.writer, `${path}.draft`)
    await this.writer.run(`DETACH "h_${name.replaceAll('-', '_')}"`)
    renameSync(`${path}.draft`, path)
    rmSync(`${path}.wal`, { force: true })
    syncFolder(this.folder)
    await this.attach(name)
  }

  /** Adds rows to an hour as a batch of their own. */
  async add(startMs: number, rows: readonly Row[]): Promise<void> {
    const name = hourName(startMs)
    const schema = `"h_${name.replaceAll('-', '_')}"`
    if (!this.attached.has(name)) await this.attach(name)
    const [[batch]] = (await this.writer.runAndReadAll(`SELECT coalesce(max(batch), 0)::INTEGER + 1 FROM ${schema}.batches`)).getRowsJS()
    await this.writer.run('BEGIN')
    await this.writer.run(`INSERT INTO ${schema}.batches (batch, device, member, sequence) VALUES (${batch}, 1, 1, ${batch})`)
    const values = rows.map(
      ({ member = 1, source = address(1), action = 2, port = 22, gateway = 1, rule = null, time = startMs / 1000 + 5 }) =>
        [
          batch,
          member,
          time,
          0,
          gateway,
          1,
          action,
          1,
          0,
          6,
          rule,
          source === null ? null : 0,
          source,
          40000,
          0,
          address(200),
          port,
          null,
          null,
          1,
        ]
          .map(value => value ?? 'NULL')
          .join(', '),
    )
    await this.writer.run(`INSERT INTO ${schema}.events VALUES ${values.map(row => `(${row})`).join(', ')}`)
    await this.writer.run('COMMIT')
  }

  close(): void {
    this.writer.closeSync()
    this.instance.closeSync()
  }

  private async attach(name: string): Promise<void> {
    const path = join(this.folder, `${name}.duckdb`)
    const isNew = !existsSync(path)
    const schema = `"h_${name.replaceAll('-', '_')}"`
    await this.writer.run(`ATTACH '${path}' AS ${schema}`)
    if (isNew)
      await this.writer.run(`CREATE TABLE ${schema}.events (batch UINTEGER, member UINTEGER, time UINTEGER, duration UINTEGER, gateway USMALLINT,
        product UTINYINT, action UTINYINT, direction UTINYINT, reason USMALLINT, protocol UTINYINT, rule UINTEGER, source_kind UTINYINT,
        source UHUGEINT, source_port USMALLINT, destination_kind UTINYINT, destination UHUGEINT, destination_port USMALLINT,
        bytes UBIGINT, packets UBIGINT, count UINTEGER);
        CREATE TABLE ${schema}.batches (batch UINTEGER, device UINTEGER, member UINTEGER, sequence UBIGINT);
        CREATE TABLE ${schema}.reasons (reason USMALLINT, name VARCHAR); INSERT INTO ${schema}.reasons VALUES (0, 'blocked-from-outside')`)
    const startMs = Date.parse(`${name}:00:00Z`)
    this.attached.set(name, { name, startMs, path, isOpen: false })
  }
}
