// What retention stands on, and what its files have in common.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Arrivals } from '../arrivals/arrivals.ts'
import type { Audit } from '../audit/audit.ts'
import type { Register } from '../register/register.ts'

export type { Hour as ArrivalHour } from '../arrivals/arrivals.ts'

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
