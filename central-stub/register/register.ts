// The register: what central knows of its devices, in one SQLite file. What `transact` returned for is on the disk: SQLite flushes its
// log before COMMIT returns (register.test.ts watches it do so). One transaction at a time, and no waiting inside: it is synchronous.
// A disk without room ends nothing: SQLite takes the transaction back, and the next one is tried as if nothing had been.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type * as z from 'zod'
import { syncFolder } from '../../agent/lib/durable-file.ts'
import { fileNames } from '../folder.ts'
import { FolderRoom, FULL_RETRY_SECONDS } from '../folder-room.ts'
import type { Room } from '../limits/room.ts'
import { Refusal } from '../refusals.ts'
import { draftSqlite, nameSqlite, openSqlite, type Reader, type Sqlite, type Transaction, type Values } from './sqlite.ts'

export type { Reader, Transaction, Values } from './sqlite.ts'

/** SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN (sqlite.org/rescode.html): what a full disk can lead to. */
const ROOM_ERRORS = [10, 13, 14]

export interface RegisterOptions {
  /** Free room of the disk that only the operator's commands may use; by default a part of the disk. */
  readonly reserveBytes?: number | undefined
}

export class Register implements Reader {
  private readonly sqlite: Sqlite
  private readonly space: FolderRoom
  private isClosed = false

  private constructor(sqlite: Sqlite, space: FolderRoom) {
    this.sqlite = sqlite
    this.space = space
  }

  /** Opens the register of the folder, or makes it. An Error with advice if it is damaged, in use, or of a newer release. */
  static open(folder: string, options: RegisterOptions = {}): Register {
    const path = join(folder, fileNames.register)
    if (!existsSync(path)) nameSqlite(path, draftSqlite(path))
    try {
      const register = new Register(openSqlite(path), new FolderRoom(folder, options.reserveBytes))
      syncFolder(folder)
      return register
    } catch (cause) {
      throw new Error(`${path} ${adviceFor(cause)}`, { cause })
    }
  }

  get room(): Room {
    return this.space.room
  }

  /** For the operator. */
  get disk(): FolderRoom['disk'] {
    return this.space.disk
  }

  /** Refusal central-full if what room there is is the reserve. */
  checkRoom(): void {
    this.space.check()
  }

  /** What was committed last, and within `transact` what it has done so far. */
  read<T>(shape: z.ZodType<T>, sql: string, values: Values = {}): T[] {
    this.checkOpen()
    return this.sqlite.read(shape, sql, values)
  }

  /**
   * All of the work is durable when this returns, and none of it is there when it throws. It cannot wait for anything. Refusal
   * central-full if there is no room; `reserve` may use the last of it.
   */
  transact<T>(work: (transaction: Transaction) => T, uses: 'room' | 'reserve' = 'room'): T {
    this.checkOpen()
    if (uses === 'room') this.space.check()
    const { sqlite } = this
    try {
      sqlite.exec('BEGIN IMMEDIATE')
      const result = work(sqlite)
      if (result instanceof Promise) throw new Error('work of a transaction cannot wait')
      sqlite.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite has ended it already after some errors, a full disk among them
      if (sqlite.isInTransaction) sqlite.exec('ROLLBACK')
      throw this.isForLackOfRoom(error) ? new Refusal('central-full', { retryAfterSeconds: FULL_RETRY_SECONDS, cause: error }) : error
    }
  }

  /** Writes the log back and cuts it to nothing, so that no deleted value is left in it. */
  checkpoint(): void {
    this.checkOpen()
    this.sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** From then on every question is refused. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.sqlite.close()
  }

  private checkOpen(): void {
    if (this.isClosed) throw new Refusal('central-failed', { retryAfterSeconds: FULL_RETRY_SECONDS })
  }

  private isForLackOfRoom(error: unknown): boolean {
    if (!(error instanceof Error) || !('errcode' in error)) return false
    const code = Number(error.errcode) & 0xff
    return code === 13 || (ROOM_ERRORS.includes(code) && this.space.room === 'none')
  }
}

function adviceFor(error: unknown): string {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  const said = error instanceof Error ? error.message : String(error)
  if (code === 5) return `is in use (${said}): another central runs on this folder`
  if (ROOM_ERRORS.includes(code)) return `cannot be opened (${said}): look at the disk, its room and the owner of the file`
  if (said.includes('newer release')) return said
  return `is damaged (${said}): restore it from a backup. Nothing was changed; without it central knows none of its devices`
}
