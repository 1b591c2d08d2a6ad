// The store: one DuckDB file. A transaction that has returned is on the disk: DuckDB flushes its write-ahead log with
// fsync before COMMIT returns (store.test.ts watches it do so), and the folder is flushed here, because the log is a new
// file after each checkpoint. One transaction at a time; readers see the last committed state and wait for nobody.
// A disk without room ends nothing: what would be stored is refused, and the file is opened again when DuckDB gave it up.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type * as z from 'zod'
import { syncFolder } from '../../agent/lib/durable-file.ts'
import { fileNames } from '../folder.ts'
import { readDisk } from '../folder-room.ts'
import { type Room, reserveFor, roomOf } from '../limits/room.ts'
import { Refusal } from '../refusals.ts'
import { Database, makeDatabase, type Reader, type Transaction, type Values } from './database.ts'

export type { Reader, Transaction } from './database.ts'

const FULL_RETRY_SECONDS = 60
/** A file that could not be opened is not tried at every request. */
const REOPEN_EVERY_MS = 2000

export interface StoreOptions {
  /** Free room of the disk that only the operator's commands may use; by default a part of the disk. */
  readonly reserveBytes?: number | undefined
  /** Called after each opening, before anything else is asked: for what is kept in memory of the contents. */
  readonly onOpened?: (reader: Reader) => Promise<void>
  /** Called with every failure of the database that makes it be opened again, and of opening it. */
  readonly report?: (error: unknown) => void
}

export class Store implements Reader {
  private readonly reserveBytes: number
  private readonly folder: string
  private readonly options: StoreOptions
  private database: Database | undefined
  private opening: Promise<Database> | undefined
  private openings = 0
  private openedLast = Number.NEGATIVE_INFINITY
  private tail: Promise<unknown> = Promise.resolve()
  private isClosed = false

  private constructor(folder: string, options: StoreOptions) {
    this.folder = folder
    this.options = options
    this.reserveBytes = options.reserveBytes ?? reserveFor(readDisk(folder))
  }

  /** Opens the database in the folder, or makes it. If the disk has no room for that now, it is opened when there is. */
  static async open(folder: string, options: StoreOptions = {}): Promise<Store> {
    const store = new Store(folder, options)
    if (!existsSync(store.path)) await makeDatabase(store.path)
    try {
      await store.ready()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
    return store
  }

  get room(): Room {
    return roomOf(readDisk(this.folder), this.reserveBytes)
  }

  /** For the operator. */
  get disk() {
    return { ...readDisk(this.folder), reserveBytes: this.reserveBytes, room: this.room, openings: this.openings }
  }

  /** Refusal central-full if what room there is is the reserve. */
  checkRoom(): void {
    if (this.room === 'none') throw new Refusal('central-full', { retryAfterSeconds: FULL_RETRY_SECONDS })
  }

  async read<T>(shape: z.ZodType<T>, sql: string, values: Values = {}): Promise<T[]> {
    const database = await this.ready()
    try {
      return await database.read(shape, sql, values)
    } catch (error) {
      throw await this.failureOf(database, error)
    }
  }

  /**
   * Runs `work` alone; all of it is durable when this returns, and none of it is there when it throws. Refusal central-full if
   * there is no room; `reserve` may use the last of it.
   */
  transact<T>(work: (transaction: Transaction) => Promise<T>, uses: 'room' | 'reserve' = 'room'): Promise<T> {
    const result = this.tail.then(async () => {
      if (uses === 'room') this.checkRoom()
      const database = await this.ready()
      try {
        const done = await database.transact(work)
        syncFolder(this.folder)
        return done
      } catch (error) {
        throw await this.failureOf(database, error)
      }
    })
    this.tail = result.catch(() => undefined)
    return result
  }

  /** From then on every question is refused: whoever still asks must not make it be opened again. */
  async close(): Promise<void> {
    await this.tail
    this.isClosed = true
    await this.opening?.catch(() => undefined)
    await this.database?.close()
  }

  private get path(): string {
    return join(this.folder, fileNames.database)
  }

  private async ready(): Promise<Database> {
    if (this.isClosed) throw new Refusal('central-failed', { retryAfterSeconds: FULL_RETRY_SECONDS })
    if (this.database !== undefined) return this.database
    this.opening ??= this.openAgain(undefined)
    return this.opening
  }

  private async openAgain(given: Database | undefined): Promise<Database> {
    try {
      await given?.close()
      const waitMs = this.openedLast + REOPEN_EVERY_MS - performance.now()
      if (waitMs > 0) throw this.unusable(undefined)
      this.openedLast = performance.now()
      this.database = await this.openOnce()
      return this.database
    } catch (error) {
      if (error instanceof Refusal) throw error
      this.options.report?.(error)
      throw this.isForLackOfRoom(error) ? this.unusable(error) : error
    } finally {
      this.opening = undefined
    }
  }

  private async openOnce(): Promise<Database> {
    const database = await Database.open(this.path)
    try {
      await this.options.onOpened?.(database)
      this.openings++
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  }

  /** What to throw in place of an error of the database; if DuckDB has given the file up, it is being opened again. */
  private async failureOf(database: Database, error: unknown): Promise<unknown> {
    if (error instanceof Refusal) return error
    const isGivenUp = !this.isClosed && this.database === database && !(await database.isUsable())
    if (isGivenUp && this.database === database) {
      this.options.report?.(error)
      this.database = undefined
      this.openedLast = Number.NEGATIVE_INFINITY
      this.opening = this.openAgain(database)
      // whoever asks next sees how that went
      this.opening.catch(() => undefined)
    }
    return this.isForLackOfRoom(error) ? this.unusable(error) : error
  }

  /** DuckDB's errors have no code: what strerror(3) says of ENOSPC and EDQUOT is in their text. */
  private isForLackOfRoom(error: unknown): boolean {
    return this.room === 'none' || (error instanceof Error && /No space left on device|Disk quota exceeded/.test(error.message))
  }

  private unusable(cause: unknown): Refusal {
    const code = this.isForLackOfRoom(cause) ? 'central-full' : 'central-failed'
    return new Refusal(code, { retryAfterSeconds: FULL_RETRY_SECONDS, cause })
  }
}
