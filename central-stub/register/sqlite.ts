// One opening of the register's file: how SQLite is set up, and the statements that were prepared.
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import * as z from 'zod'
import { syncFolder } from '../../agent/lib/durable-file.ts'
import { REGISTER_VERSION, registerTables } from './schema.ts'

export type Values = Readonly<Record<string, SQLInputValue>>

export interface Reader {
  /** Rows of a query, each checked against a shape. INTEGER comes as number, which has to be a safe one; BLOB as Uint8Array. */
  read<T>(shape: z.ZodType<T>, sql: string, values?: Values): T[]
}

export interface Transaction extends Reader {
  /** How many rows it changed. */
  run(sql: string, values?: Values): number
}

/**
 * A commit flushes the log (synchronous=FULL), a deleted value is overwritten, and the file belongs to this process alone
 * (locking_mode=EXCLUSIVE, which also needs no -shm). SQL cannot reach other files: ATTACH and extensions are off.
 */
const settings = `
  PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;`
const version = z.object({ version: z.int() })

/** Statements are constants of the program; this many are kept prepared. */
const PREPARED_MAX = 500

export class Sqlite implements Transaction {
  private readonly database: DatabaseSync
  private readonly prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  read<T>(shape: z.ZodType<T>, sql: string, values: Values = {}): T[] {
    return z.array(shape).parse(this.statement(sql).all(values))
  }

  run(sql: string, values: Values = {}): number {
    return Number(this.statement(sql).run(values).changes)
  }

  exec(sql: string): void {
    this.database.exec(sql)
  }

  get isInTransaction(): boolean {
    return this.database.isTransaction
  }

  close(): void {
    this.prepared.clear()
    this.database.close()
  }

  private statement(sql: string): StatementSync {
    const known = this.prepared.get(sql)
    if (known !== undefined) return known
    if (this.prepared.size >= PREPARED_MAX) this.prepared.clear()
    const made = this.database.prepare(sql)
    this.prepared.set(sql, made)
    return made
  }
}

/** Opens the file, takes it for this process, looks that it is whole, and adds the tables of this release. */
export function openSqlite(path: string): Sqlite {
  const database = new DatabaseSync(path, { timeout: 0, limits: { attach: 0 } })
  try {
    database.exec(settings)
    // the lock is taken with the first write
    database.exec('BEGIN IMMEDIATE')
    database.exec(registerTables.join('\n'))
    const sqlite = new Sqlite(database)
    const known = sqlite.read(version, 'SELECT version FROM register')[0]?.version
    if (known === undefined) sqlite.run('INSERT INTO register VALUES ($version)', { version: REGISTER_VERSION })
    else if (known > REGISTER_VERSION) throw new Error(`is of a newer release (version ${known} of its tables): run that release`)
    database.exec('COMMIT')
    const [{ quick_check: said }] = sqlite.read(z.object({ quick_check: z.string() }), 'PRAGMA quick_check(1)')
    if (said !== 'ok') throw new Error(said)
    return sqlite
  } catch (error) {
    database.close()
    throw error
  }
}

const draftOf = (path: string): string => `${path}.draft`

/** A new register that has no name yet: one that is half made is never opened. */
export function draftSqlite(path: string): Sqlite {
  const draft = draftOf(path)
  for (const leftover of [draft, `${draft}-wal`, `${draft}-shm`, `${draft}-journal`]) rmSync(leftover, { force: true })
  return openSqlite(draft)
}

/** Closes a draft and gives it its name, once all of it is on the disk. */
export function nameSqlite(path: string, sqlite: Sqlite): void {
  const draft = draftOf(path)
  // so that nothing of it is left in a log
  sqlite.exec('PRAGMA journal_mode = DELETE')
  sqlite.close()
  const file = openSync(draft, 'r')
  fsyncSync(file)
  closeSync(file)
  renameSync(draft, path)
  syncFolder(dirname(path))
}
