// One opening of the DuckDB file. DuckDB refuses everything after certain errors, a full disk among them, until the file is
// opened again; store.ts does that.
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type DuckDBConnection, DuckDBDataChunk, DuckDBInstance, type DuckDBType, type DuckDBValue } from '@duckdb/node-api'
import * as z from 'zod'
import { syncFolder } from '../../agent/lib/durable-file.ts'
import { eventsTable, healthTables, tables } from './schema.ts'

/** No statement of central's reads files or loads code, so DuckDB is not able to either. */
const options = {
  threads: '2',
  memory_limit: '1GB',
  enable_external_access: 'false',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  lock_configuration: 'true',
}
/** DuckDB's STANDARD_VECTOR_SIZE: rows of one chunk. */
const CHUNK_ROWS = 2048

export type Values = Record<string, DuckDBValue>

export interface Reader {
  /** Rows of a query, each checked against a shape. BIGINT comes as bigint, a timestamp as Date. */
  read<T>(shape: z.ZodType<T>, sql: string, values?: Values): Promise<T[]>
}

export interface Transaction extends Reader {
  run(sql: string, values?: Values): Promise<void>
  append(table: string, types: readonly DuckDBType[], rows: Iterable<readonly DuckDBValue[]>): Promise<void>
}

export class Database implements Reader {
  private readonly instance: DuckDBInstance
  private readonly writer: DuckDBConnection
  private readonly underWay = new Set<Promise<unknown>>()

  private constructor(instance: DuckDBInstance, writer: DuckDBConnection) {
    this.instance = instance
    this.writer = writer
  }

  /** Only one process can have it open: DuckDB locks the file. */
  static async open(path: string): Promise<Database> {
    const instance = await DuckDBInstance.create(path, options)
    try {
      const connection = await instance.connect()
      await connection.run(healthTables)
      return new Database(instance, connection)
    } catch (error) {
      instance.closeSync()
      throw error
    }
  }

  read<T>(shape: z.ZodType<T>, sql: string, values: Values = {}): Promise<T[]> {
    return this.track(async () => {
      const connection = await this.instance.connect()
      try {
        return await rowsOf(connection, shape, sql, values)
      } finally {
        connection.closeSync()
      }
    })
  }

  /** All of the work is in the file when this returns, and none of it when it throws. The caller runs one at a time. */
  transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.track(async () => {
      const { writer } = this
      await writer.run('BEGIN TRANSACTION')
      try {
        const result = await work({
          read: (shape, sql, values = {}) => rowsOf(writer, shape, sql, values),
          run: async (sql, values = {}) => {
            await writer.run(sql, values)
          },
          append: (table, types, rows) => append(writer, table, types, rows),
        })
        await writer.run('COMMIT')
        return result
      } catch (error) {
        // a COMMIT that failed has ended the transaction already; the first error is the one that tells
        await writer.run('ROLLBACK').catch(() => undefined)
        throw error
      }
    })
  }

  /** False if DuckDB refuses everything from now on. */
  async isUsable(): Promise<boolean> {
    try {
      await this.read(z.unknown(), 'SELECT 1')
      return true
    } catch {
      return false // the caller has the error that led here
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.underWay)
    this.writer.closeSync()
    this.instance.closeSync()
  }

  private async track<T>(work: () => Promise<T>): Promise<T> {
    const promise = work()
    this.underWay.add(promise)
    try {
      return await promise
    } finally {
      this.underWay.delete(promise)
    }
  }
}

async function rowsOf<T>(connection: DuckDBConnection, shape: z.ZodType<T>, sql: string, values: Values): Promise<T[]> {
  const result = await connection.runAndReadAll(sql, values)
  return z.array(shape).parse(result.getRowObjectsJS())
}

async function append(
  connection: DuckDBConnection,
  table: string,
  types: readonly DuckDBType[],
  rows: Iterable<readonly DuckDBValue[]>,
): Promise<void> {
  const appender = await connection.createAppender(table)
  try {
    for (const some of inChunks(rows)) {
      const chunk = DuckDBDataChunk.create(types)
      chunk.setRows(some)
      appender.appendDataChunk(chunk)
      // a full batch takes 0.2 s in all: connections are served in between
      await setImmediate()
    }
    appender.flushSync()
  } finally {
    appender.closeSync()
  }
}

function* inChunks<T>(rows: Iterable<T>): Generator<T[]> {
  let chunk: T[] = []
  for (const row of rows) {
    chunk.push(row)
    if (chunk.length < CHUNK_ROWS) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

/** A half-made database is never opened: it gets its name when its tables are on the disk. */
export async function makeDatabase(path: string): Promise<void> {
  const draft = `${path}.draft`
  for (const leftover of [draft, `${draft}.wal`]) rmSync(leftover, { force: true })
  const instance = await DuckDBInstance.create(draft, options)
  const connection = await instance.connect()
  await connection.run(`BEGIN TRANSACTION; ${tables} ${eventsTable} COMMIT; CHECKPOINT;`)
  connection.closeSync()
  instance.closeSync()
  renameSync(draft, path)
  syncFolder(join(path, '..'))
}
