// What retention stands on: the register, the hours of arrivals, the audit log. Each is an interface of what is used of it.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Audit, Reader, Transaction } from '../audit/audit.ts'

export interface Register extends Reader {
  /** On the disk when it returns. */
  transact<T>(work: (transaction: Transaction) => T, uses?: 'room' | 'reserve'): T
  /** Cuts the log to nothing: the old pages of what was deleted are in it. */
  checkpoint(): void
}

export interface ArrivalHour {
  /** 2026-12-01T03 */
  readonly name: string
  readonly startMs: number
  readonly path: string
  readonly isOpen: boolean
}

export interface Arrivals {
  hours(): readonly ArrivalHour[]
  /** A connection to the one DuckDB instance in which the hours are attached. */
  connect(): Promise<DuckDBConnection>
  /** Detaches and unlinks an hour, and flushes the folder. */
  drop(name: string): Promise<void>
  /** Puts another file in the place of an hour's, with nothing appended meanwhile: `write` fills the one at the path it is given. */
  replace(name: string, write: (connection: DuckDBConnection, draft: string) => Promise<void>): Promise<void>
}

export interface Ground {
  readonly register: Register
  readonly arrivals: Arrivals
  readonly audit: Audit
  /** Where arrivals are, and where files of suspicious events are. */
  readonly arrivalsFolder: string
  readonly suspectFolder: string
  readonly report: (error: unknown) => void
  /** Called before each step that changes the disk; tests end the process here. */
  readonly onStep?: ((step: string) => void) | undefined
}

/** SHA-256 of a file, or of several one after the other; those that are not there are left out. Undefined if one cannot be read. */
export async function sha256Of(...paths: string[]): Promise<Buffer | undefined> {
  const sum = createHash('sha256')
  try {
    for (const path of paths.filter(path => existsSync(path))) for await (const chunk of createReadStream(path)) sum.update(chunk)
    return sum.digest()
  } catch {
    return undefined // a sector that is gone; the caller says so
  }
}

export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Runs work on a connection of its own. */
export async function withConnection<T>(
  arrivals: Pick<Arrivals, 'connect'>,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await arrivals.connect()
  try {
    return await work(connection)
  } finally {
    connection.closeSync()
  }
}
