// Files of suspicious events: suspect/DAY.N.parquet, of the day on which the events arrived. A file is never changed: one with other rows
// takes its place. The register says which files count, so that a replacement is one transaction:
//   draft in the register -> DAY.N.parquet.draft -> fsync, rename, fsync of the folder -> read back
//   -> live in the register, the old ones dead, an alteration in the audit log, an erasure prepared -> view -> old ones unlinked
//   -> the statement of the erasure signed
// A crash at any point leaves either the old files or the new one, and `recover` at the next start does the rest.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import * as z from 'zod'
import { removeIfThere, syncFolder } from '../../agent/lib/durable-file.ts'
import type { Transaction } from '../register/register.ts'
import { flush, type Ground, sha256Of, withConnection } from './ground.ts'
import { type Measured, measure } from './merkle.ts'
import { fileColumns, ordered, quoted, suspectView } from './rows.ts'
import { prepare, type Statement, signErasure } from './statements.ts'

const bytes = z
  .instanceof(Uint8Array)
  .transform(value => Buffer.from(value))
  .nullable()
const rowSchema = z.object({
  name: z.string(),
  day: z.string(),
  state: z.enum(['draft', 'live', 'dead']),
  first_hour: z.number(),
  last_hour: z.number(),
  sha256: bytes,
  root: bytes,
  rows: z.number().nullable(),
  damage: z.string().nullable(),
})
export type SuspectFile = z.infer<typeof rowSchema>
const FORM = /^(\d{4}-\d{2}-\d{2})\.(\d+)\.parquet$/

/** A file that is written, flushed and read back, and does not count yet. */
export interface Written extends Measured {
  readonly name: string
  readonly sha256: Buffer
}

export class SuspectFiles {
  /** Condition of rows that are hidden until their file is written anew. */
  hidden = 'false'
  private readonly ground: Ground

  constructor(ground: Ground) {
    this.ground = ground
    mkdirSync(ground.suspectFolder, { recursive: true, mode: 0o700 })
  }

  /** Files that count and can be read, the oldest first. */
  live(): SuspectFile[] {
    return this.rows("state = 'live' AND damage IS NULL")
  }

  damaged(): SuspectFile[] {
    return this.rows("state = 'live' AND damage IS NOT NULL")
  }

  path(name: string): string {
    return join(this.ground.suspectFolder, name)
  }

  /** As SQL: rows of these files with `row`, their place in the file. */
  relation(names: readonly string[], slice = ''): string {
    return `SELECT file_row_number AS row, ${fileColumns.join(', ')} FROM read_parquet([${names.map(name => quoted(this.path(name))).join(', ')}], file_row_number = true)${slice === '' ? '' : ` WHERE file_row_number${slice}`}`
  }

  /** Takes up what a crash has left, takes in files that the register does not know, and looks at each file. */
  async recover(): Promise<void> {
    const { register, suspectFolder, report } = this.ground
    for (const { name } of this.rows("state <> 'live'")) this.remove(name)
    const known = new Set(this.rows('true').map(({ name }) => name))
    for (const name of readdirSync(suspectFolder)) {
      if (name.endsWith('.draft')) removeIfThere(this.path(name))
      else if (!known.has(name) && FORM.test(name)) await this.adopt(name)
    }
    for (const { name, damage } of this.rows("state = 'live'")) {
      const now = await this.damageOf(name)
      if (now !== undefined && damage === null) report(new Error(`suspect-file-damaged: ${name} cannot be read (${now}); all others are`))
      if (now !== (damage ?? undefined))
        register.transact(
          transaction => transaction.run('UPDATE suspect_files SET damage = $now WHERE name = $name', { now: now ?? null, name }),
          'reserve',
        )
    }
  }

  /** The view `suspect.events` over the files that count. */
  async refreshView(): Promise<void> {
    const paths = this.live().map(({ name }) => this.path(name))
    await withConnection(this.ground.arrivals, async connection => {
      await connection.run('CREATE SCHEMA IF NOT EXISTS suspect')
      await connection.run('CREATE TABLE IF NOT EXISTS suspect.expired (kind UTINYINT, high UBIGINT, low UBIGINT, since_hour UINTEGER)')
      await connection.run(`CREATE OR REPLACE VIEW suspect.events AS ${suspectView(paths, this.hidden)}`)
    })
  }

  /** Writes rows, which need not be any. Undefined if there are none. */
  async write(connection: DuckDBConnection, day: string, hours: readonly [number, number], rows: string): Promise<Written | undefined> {
    const { register, suspectFolder } = this.ground
    const name = this.nextName(day)
    const [draft, path] = [this.path(`${name}.draft`), this.path(name)]
    register.transact(
      transaction =>
        transaction.run(
          "INSERT INTO suspect_files (name, day, state, first_hour, last_hour) VALUES ($name, $day, 'draft', $first, $last)",
          { name, day, first: hours[0], last: hours[1] },
        ),
      'reserve',
    )
    this.step('write')
    const salt = randomBytes(32).toString('hex')
    const copy = (order: string) =>
      connection.run(
        `COPY (SELECT ${fileColumns.join(', ')} FROM (${rows}) ${order}) TO ${quoted(draft)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {salt: '${salt}'})`,
      )
    try {
      await copy(ordered)
    } catch (error) {
      if (!(error instanceof Error && /out of memory/i.test(error.message))) throw error
      // without order it needs no memory; reading one source takes longer then
      await copy('')
    }
    await flush(draft)
    this.step('rename')
    renameSync(draft, path)
    syncFolder(suspectFolder)
    const measured = await measure(connection, slice => this.relation([name], slice), salt)
    if (measured.rows === 0) {
      this.remove(name)
      return undefined
    }
    const sha256 = await sha256Of(path)
    if (sha256 === undefined) throw new Error(`${path} cannot be read back`)
    return { name, sha256, ...measured }
  }

  /** In the transaction that makes a file count: from now on it does, and those that it replaces do not. */
  enter(transaction: Transaction, written: Written | undefined, olds: readonly string[], facts: Readonly<Record<string, unknown>>): void {
    for (const name of olds) transaction.run("UPDATE suspect_files SET state = 'dead' WHERE name = $name", { name })
    if (written === undefined) return
    const { name, sha256, root, rows } = written
    transaction.run("UPDATE suspect_files SET state = 'live', sha256 = $sha256, root = $root, rows = $rows WHERE name = $name", {
      name,
      sha256,
      root,
      rows,
    })
    this.ground.audit.record(transaction, 'alteration', {
      file: `suspect/${name}`,
      sha256: sha256.toString('hex'),
      rows,
      root: root.toString('hex'),
      ...facts,
    })
  }

  /**
   * Puts one file with the rows that fulfil `keep` in the place of others of its day. Each of the old ones that had more rows gets a
   * statement. `keep` is SQL over the columns of a file.
   */
  async replace(olds: readonly SuspectFile[], keep: string, policy: Pick<Statement, 'policy' | 'reason'>): Promise<void> {
    const { arrivals, register } = this.ground
    const [{ day }] = olds
    const names = olds.map(({ name }) => name)
    const hours = [Math.min(...olds.map(file => file.first_hour)), Math.max(...olds.map(file => file.last_hour))] as const
    await withConnection(arrivals, async connection => {
      const written = await this.write(connection, day, hours, `SELECT * FROM (${this.relation(names)}) f WHERE ${keep}`)
      const statements: Statement[] = []
      for (const { name, sha256, root } of olds) {
        const [before, after] = await this.sums(connection, name, keep)
        const found = await sha256Of(this.path(name))
        if (before.rows === after.rows) continue
        statements.push({
          ...policy,
          file: `suspect/${name}`,
          sha256Before: found?.toString('hex') ?? null,
          ...(sha256 !== null && found?.equals(sha256) !== true && { sha256WhenMade: sha256.toString('hex') }),
          rowsBefore: before.rows,
          rowsAfter: after.rows,
          eventsBefore: before.events,
          eventsAfter: after.events,
          rootBefore: root?.toString('hex') ?? null,
          rootAfter: written?.root.toString('hex') ?? null,
          into: written === undefined ? null : `suspect/${written.name}`,
        })
      }
      this.step('enter')
      register.transact(transaction => {
        this.enter(transaction, written, names, { from: names.map(name => `suspect/${name}`) })
        for (const statement of statements) prepare(transaction, statement)
      }, 'reserve')
    })
    await this.refreshView()
    for (const name of names) this.remove(name)
    this.step('sign')
    for (const name of names) signErasure(this.ground, `suspect/${name}`)
  }

  /** Unlinks a file that does not count (any more), and forgets it. */
  private remove(name: string): void {
    const { register, suspectFolder } = this.ground
    this.step('unlink')
    removeIfThere(this.path(`${name}.draft`))
    removeIfThere(this.path(name))
    syncFolder(suspectFolder)
    register.transact(transaction => transaction.run('DELETE FROM suspect_files WHERE name = $name', { name }), 'reserve')
  }

  private async sums(connection: DuckDBConnection, name: string, keep: string): Promise<[Sum, Sum]> {
    const result = await connection.runAndReadAll(
      `SELECT count(*)::BIGINT, coalesce(sum(count), 0)::VARCHAR, count(*) FILTER (WHERE ${keep})::BIGINT, coalesce(sum(count) FILTER (WHERE ${keep}), 0)::VARCHAR FROM (${this.relation([name])}) f`,
    )
    const [[rows, events, kept, keptEvents]] = result.getRowsJS()
    return [
      { rows: Number(rows), events: Number(events) },
      { rows: Number(kept), events: Number(keptEvents) },
    ]
  }

  /** A file that was put back from somewhere: its rows are looked at like all others. */
  private async adopt(name: string): Promise<void> {
    const { register, audit, report } = this.ground
    const day = name.slice(0, 10)
    const first = Date.parse(day) / 3_600_000
    const sha256 = (await sha256Of(this.path(name))) ?? null
    register.transact(transaction => {
      transaction.run(
        "INSERT INTO suspect_files (name, day, state, first_hour, last_hour, sha256) VALUES ($name, $day, 'live', $first, $last, $sha256)",
        { name, day, first, last: first + 23, sha256 },
      )
      audit.record(transaction, 'alteration', {
        file: `suspect/${name}`,
        sha256: sha256?.toString('hex') ?? null,
        from: 'found in the folder',
      })
    }, 'reserve')
    report(new Error(`suspect-file-unknown: ${name} was in the folder and not in the register; it counts from now on`))
  }

  private async damageOf(name: string): Promise<string | undefined> {
    if (!existsSync(this.path(name))) return 'missing'
    return withConnection(this.ground.arrivals, async connection => {
      try {
        await connection.run(`SELECT num_rows FROM parquet_file_metadata(${quoted(this.path(name))})`)
        return undefined
      } catch (error) {
        return error instanceof Error ? error.message.slice(0, 200) : 'unreadable'
      }
    })
  }

  private nextName(day: string): string {
    const taken = [...readdirSync(this.ground.suspectFolder), ...this.rows('true').map(({ name }) => name)]
    const numbers = taken.map(name => FORM.exec(name)).flatMap(found => (found?.[1] === day ? [Number(found[2])] : [0]))
    return `${day}.${Math.max(0, ...numbers) + 1}.parquet`
  }

  private rows(condition: string): SuspectFile[] {
    return this.ground.register.read(rowSchema, `SELECT * FROM suspect_files WHERE ${condition} ORDER BY day, name`)
  }

  private step(name: string): void {
    this.ground.onStep?.(name)
  }
}

interface Sum {
  readonly rows: number
  readonly events: number
}
