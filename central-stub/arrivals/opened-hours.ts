// The files of the hours, as one opening of DuckDB has them: those attached, the one that batches are put into, and those that could not
// be read. DuckDB refuses everything after certain errors, a full disk among them, until all is opened again; arrivals.ts does that.
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { attach, hoursIn, makeHour, removeDrafts, removeHour, replaceHour } from './hour-files.ts'
import { catalogOf, type HourName } from './hours.ts'
import { isUsable, openInstance } from './instance.ts'
import { OpenHour } from './open-hour.ts'
import { hourViews } from './schema.ts'

/** Why files could not be read, by hour; kept over openings. */
export type Damage = Map<HourName, string>

export interface OpenedOptions {
  /** `arrivals/`, and the folder that SQL may use beside it. */
  readonly folder: string
  readonly others: readonly string[]
  readonly damage: Damage
  /** True of an error that is no fault of the file. */
  readonly isPassing: (error: unknown) => boolean
  readonly report: (error: unknown) => void
}

export class OpenedHours {
  readonly instance: DuckDBInstance
  private readonly writer: DuckDBConnection
  private readonly options: OpenedOptions
  private readonly attached = new Set<HourName>()
  private open: OpenHour | undefined
  private folding: Promise<void> = Promise.resolve()

  private constructor(instance: DuckDBInstance, writer: DuckDBConnection, options: OpenedOptions) {
    this.instance = instance
    this.writer = writer
    this.options = options
  }

  static async open(options: OpenedOptions): Promise<OpenedHours> {
    const { folder, others } = options
    const { instance, connection } = await openInstance([folder, ...others])
    const opened = new OpenedHours(instance, connection, options)
    try {
      removeDrafts(folder)
      for (const name of hoursIn(folder)) await opened.attachOrLeave(name)
      await opened.makeViews()
      return opened
    } catch (error) {
      opened.close()
      throw error
    }
  }

  get openName(): HourName | undefined {
    return this.open?.name
  }

  /** The hour of this name, made if there is none, or if the one there is cannot be read. */
  async hour(name: HourName): Promise<OpenHour> {
    if (this.open?.name === name) return this.open
    const { folder, damage } = this.options
    if (!this.attached.has(name)) {
      await makeHour(this.writer, folder, name)
      await attach(this.writer, folder, name)
      this.attached.add(name)
      damage.delete(name)
      await this.makeViews()
    }
    const before = this.open?.name
    this.open = await OpenHour.of(this.writer, name)
    if (before !== undefined) this.folding = this.fold(before)
    return this.open
  }

  async drop(name: HourName): Promise<void> {
    await this.detach(name)
    removeHour(this.options.folder, name)
    this.options.damage.delete(name)
  }

  async replace(name: HourName, write: (connection: DuckDBConnection, draft: string) => Promise<void>): Promise<void> {
    const { folder } = this.options
    await this.settle()
    // everything of it in the file itself: its log must not be taken for one of the new file
    await this.writer.run(`CHECKPOINT "${catalogOf(name)}"`)
    await replaceHour(
      folder,
      name,
      draft => write(this.writer, draft),
      () => this.detach(name),
    )
    await attach(this.writer, folder, name)
    this.attached.add(name)
    await this.makeViews()
  }

  /** Reads every block; leaves out the hours where that fails, and gives their names. */
  async examine(): Promise<readonly HourName[]> {
    const bad: HourName[] = []
    for (const name of this.attached) {
      try {
        for (const table of ['events', 'batches', 'reasons'])
          await this.writer.run(`SELECT bit_xor(hash(t)) FROM "${catalogOf(name)}".${table} t`)
      } catch (error) {
        bad.push(name)
        this.setDamage(name, error)
      }
    }
    for (const name of bad) await this.detach(name)
    return bad
  }

  /** False if DuckDB refuses everything from now on. */
  isUsable(): Promise<boolean> {
    return isUsable(this.writer, this.open === undefined ? [] : [catalogOf(this.open.name)])
  }

  /** Waits until a log that is being written back is. */
  async settle(): Promise<void> {
    await this.folding
  }

  close(): void {
    this.writer.closeSync()
    this.instance.closeSync()
  }

  /** Writes the log of an hour that is over back into its file, beside whatever else goes on. */
  private async fold(name: HourName): Promise<void> {
    try {
      const connection = await this.instance.connect()
      await connection.run(`CHECKPOINT "${catalogOf(name)}"`).finally(() => connection.closeSync())
    } catch (error) {
      // the log is as good; it is only read again at each start
      this.options.report(error)
    }
  }

  private async detach(name: HourName): Promise<void> {
    if (this.open?.name === name) this.open = undefined
    if (!this.attached.delete(name)) return
    await this.makeViews()
    await this.writer.run(`DETACH "${catalogOf(name)}"`)
  }

  private async makeViews(): Promise<void> {
    await this.writer.run(hourViews([...this.attached].sort().map(name => ({ name, catalog: catalogOf(name) }))))
  }

  private async attachOrLeave(name: HourName): Promise<void> {
    const { folder, damage, isPassing } = this.options
    try {
      await attach(this.writer, folder, name)
      // a file of something else has no such tables
      if (!(await isUsable(this.writer, [catalogOf(name)]))) throw new Error('it does not have the tables of an hour')
      this.attached.add(name)
      damage.delete(name)
    } catch (error) {
      if (isPassing(error)) throw error
      this.setDamage(name, error)
    }
  }

  private setDamage(name: HourName, cause: unknown): void {
    const { damage, report } = this.options
    const said = cause instanceof Error ? cause.message : String(cause)
    if (!damage.has(name)) report(new Error(`hour-damaged: the events of hour ${name} cannot be read and are left out: ${said}`, { cause }))
    damage.set(name, said)
  }
}
