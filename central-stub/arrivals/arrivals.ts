// What arrived, in one DuckDB file for each hour of arrival, so that an hour can be deleted by removing its file: a value that was
// deleted inside of a DuckDB file stays in it byte for byte. What `append` returned for is on the disk: DuckDB flushes its log before
// COMMIT returns (arrivals.test.ts watches it do so), and the folder is flushed after. One transaction at a time; readers wait for nobody.
// A file that cannot be opened is left out and said; the others go on. A disk without room ends nothing: the files are opened again.
import { closeSync, fsync, openSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DuckDBConnection } from '@duckdb/node-api'
import type * as z from 'zod'
import { fileNames } from '../folder.ts'
import { FolderRoom, FULL_RETRY_SECONDS } from '../folder-room.ts'
import { Refusal } from '../refusals.ts'
import { hoursIn, pathOf } from './hour-files.ts'
import { type HourName, hourOf, startOf } from './hours.ts'
import { rowsOf, type Values } from './instance.ts'
import { type Damage, OpenedHours } from './opened-hours.ts'
import type { ArrivedBatch } from './writer.ts'

export type { ArrivedBatch } from './writer.ts'

/** Files that could not be opened are not tried at every request. */
const REOPEN_EVERY_MS = 2000
const flush = promisify(fsync)

export interface Hour {
  /** `2026-12-01T03`, UTC. */
  readonly name: HourName
  readonly startMs: number
  readonly path: string
  /** The one that batches are put into. */
  readonly isOpen: boolean
  /** Why it cannot be read; undefined if it can. */
  readonly damage: string | undefined
}

export interface Appended {
  readonly hour: HourName
  /** ms since 1970. */
  readonly arrivedAt: number
}

export interface ArrivalsOptions {
  readonly reserveBytes?: number | undefined
  readonly now?: () => number
  /** Called with every failure of DuckDB that makes the files be opened again, and with each file that cannot be read. */
  readonly report?: (error: unknown) => void
  /** Called after each opening: connections of before are of no use then, and what was in `hot` is gone. */
  readonly onOpened?: () => void
}

export class Arrivals {
  private readonly folder: string
  private readonly suspects: string
  private readonly space: FolderRoom
  private readonly options: ArrivalsOptions
  private readonly now: () => number
  private readonly damage: Damage = new Map()
  private opened: OpenedHours | undefined
  private opening: Promise<OpenedHours> | undefined
  private openedLast = Number.NEGATIVE_INFINITY
  private tail: Promise<unknown> = Promise.resolve()
  private isClosed = false
  /** How often the files were opened: more than once if DuckDB gave up, on a full disk for example. */
  openings = 0

  private constructor(folder: string, options: ArrivalsOptions) {
    this.folder = join(folder, fileNames.arrivals)
    this.suspects = join(folder, fileNames.suspect)
    this.options = options
    this.now = options.now ?? Date.now
    this.space = new FolderRoom(folder, options.reserveBytes)
  }

  /** Opens the files of central's folder. If the disk has no room for that now, they are opened when there is. */
  static async open(folder: string, options: ArrivalsOptions = {}): Promise<Arrivals> {
    const arrivals = new Arrivals(folder, options)
    try {
      await arrivals.ready()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
    return arrivals
  }

  /** The oldest first. */
  hours(): readonly Hour[] {
    const open = this.opened?.openName
    return hoursIn(this.folder).map(name => ({
      name,
      startMs: startOf(name),
      path: pathOf(this.folder, name),
      isOpen: name === open,
      damage: this.damage.get(name),
    }))
  }

  /**
   * Stores batches in one transaction; all of it is durable when this returns, and none of it is there when it throws. Refusal
   * central-full if there is no room. The caller looks that none of them is there already.
   */
  append(batches: readonly ArrivedBatch[]): Promise<Appended> {
    return this.alone(async () => {
      this.space.check()
      const opened = await this.ready()
      try {
        const arrivedAt = this.now()
        const open = await opened.hour(hourOf(arrivedAt))
        await open.append(batches, arrivedAt)
        await this.flushFolder()
        return { hour: open.name, arrivedAt }
      } catch (error) {
        throw await this.failureOf(opened, error)
      }
    })
  }

  /** `openings`, once the files are open. Refusal central-full or central-failed if they cannot be opened now. */
  async whenOpen(): Promise<number> {
    await this.ready()
    return this.openings
  }

  /** A connection of its own; the caller closes it. `arrivals.events`, `.batches` and `.reasons` are views over all hours. */
  async connect(): Promise<DuckDBConnection> {
    return (await this.ready()).instance.connect()
  }

  /** Rows of a query, each checked against a shape. BIGINT comes as bigint. */
  async read<T>(shape: z.ZodType<T>, sql: string, values: Values = {}): Promise<T[]> {
    const opened = await this.ready()
    const connection = await opened.instance.connect()
    try {
      return await rowsOf(connection, shape, sql, values)
    } catch (error) {
      throw await this.failureOf(opened, error)
    } finally {
      connection.closeSync()
    }
  }

  /** Removes an hour from the disk. Whoever reads it just now reads on; its blocks are free when that has ended. */
  drop(name: HourName): Promise<void> {
    return this.alone(async () => (await this.ready()).drop(name))
  }

  /**
   * Puts another file in the place of an hour's, for what has to leave it: `write` fills a new one at the path it is given. Nothing is
   * appended meanwhile. After a kill there is either the old file or the new one.
   */
  replace(name: HourName, write: (connection: DuckDBConnection, draft: string) => Promise<void>): Promise<void> {
    return this.alone(async () => (await this.ready()).replace(name, write))
  }

  /**
   * To be called when a query over hours failed: looks into each block of each file, leaves those out that are damaged, and gives their
   * names. Takes as long as reading everything.
   */
  examine(): Promise<readonly HourName[]> {
    return this.alone(async () => (await this.ready()).examine())
  }

  /** From then on every question is refused. */
  async close(): Promise<void> {
    await this.tail
    this.isClosed = true
    await this.opening?.catch(() => undefined)
    await this.opened?.settle()
    this.opened?.close()
    this.opened = undefined
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work)
    this.tail = result.catch(() => undefined)
    return result
  }

  private async ready(): Promise<OpenedHours> {
    if (this.isClosed) throw new Refusal('central-failed', { retryAfterSeconds: FULL_RETRY_SECONDS })
    if (this.opened !== undefined) return this.opened
    this.opening ??= this.openAgain()
    return this.opening
  }

  private async openAgain(): Promise<OpenedHours> {
    try {
      if (this.openedLast + REOPEN_EVERY_MS > performance.now()) throw this.unusable(undefined)
      this.openedLast = performance.now()
      this.opened = await this.openOnce()
      return this.opened
    } catch (error) {
      if (error instanceof Refusal) throw error
      this.options.report?.(error)
      throw this.isForLackOfRoom(error) ? this.unusable(error) : error
    } finally {
      this.opening = undefined
    }
  }

  private async openOnce(): Promise<OpenedHours> {
    const { folder, suspects, damage } = this
    const report = (error: unknown) => this.options.report?.(error)
    const opened = await OpenedHours.open({ folder, others: [suspects], damage, isPassing: error => this.isForLackOfRoom(error), report })
    this.openings++
    this.options.onOpened?.()
    return opened
  }

  /** The log of an hour is a new file after each time it was written back. */
  private async flushFolder(): Promise<void> {
    const folder = openSync(this.folder, 'r')
    try {
      await flush(folder)
    } finally {
      closeSync(folder)
    }
  }

  /** What to throw in place of an error of DuckDB; if that has given up, everything is being opened again. */
  private async failureOf(opened: OpenedHours, error: unknown): Promise<unknown> {
    if (error instanceof Refusal) return error
    if (!this.isClosed && this.opened === opened && !(await opened.isUsable()) && this.opened === opened) {
      this.options.report?.(error)
      this.opened = undefined
      this.openedLast = Number.NEGATIVE_INFINITY
      opened.close()
      this.opening = this.openAgain()
      // whoever asks next sees how that went
      this.opening.catch(() => undefined)
    }
    return this.isForLackOfRoom(error) ? this.unusable(error) : error
  }

  /** DuckDB's errors have no code: what strerror(3) says of ENOSPC and EDQUOT is in their text. */
  private isForLackOfRoom(error: unknown): boolean {
    return this.space.room === 'none' || (error instanceof Error && /No space left on device|Disk quota exceeded/.test(error.message))
  }

  private unusable(cause: unknown): Refusal {
    return new Refusal(this.isForLackOfRoom(cause) ? 'central-full' : 'central-failed', { retryAfterSeconds: FULL_RETRY_SECONDS, cause })
  }
}
