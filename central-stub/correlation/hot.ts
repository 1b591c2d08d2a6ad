// The correlator's database in memory, and the reading of hour files into it. One connection, one statement at a time.
import type { DuckDBConnection } from '@duckdb/node-api'
import * as z from 'zod'
import { type Compacted, compactions, droppedFirst, type HotTable, hotLimits, hotTableNames, hotTables } from './hot-tables.ts'
import { slowTables } from './slow.ts'

const count = z.object({ n: z.bigint() })
/** Rules look back 24 hours from an attempt, which itself may arrive late. */
const ATTEMPT_HOURS = 48
/** Rows are joined into fewer once there are so many more. */
const COMPACT_EVERY = 200_000
/** Room that dropping makes, so that it is not done in each round. */
const KEPT_PART = 0.75

export class Hot {
  /** Rows that were dropped because a table was full, by table. */
  readonly dropped: Record<Exclude<HotTable, 'told'>, number> = {
    source_hour: 0,
    target_hour: 0,
    attempt: 0,
    source_day: 0,
    open_target: 0,
    scanned: 0,
    slow_gated: 0,
    slow_asked: 0,
  }
  private readonly connection: DuckDBConnection
  /** Rows of a table when they were last joined. */
  private readonly compacted = new Map<Compacted, number>()

  private constructor(connection: DuckDBConnection) {
    this.connection = connection
  }

  /** Makes the tables in the attached database `hot`. */
  static async open(connection: DuckDBConnection): Promise<Hot> {
    const hot = new Hot(connection)
    // another may have been here before
    await hot.run(hotTableNames.map(name => `DROP TABLE IF EXISTS hot.${name}`).join(';'))
    await hot.run(`${hotTables}; ${slowTables}`)
    return hot
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql)
  }

  async read<T>(shape: z.ZodType<T>, sql: string): Promise<T[]> {
    const result = await this.connection.runAndReadAll(sql)
    return z.array(shape).parse(result.getRowObjectsJS())
  }

  /** Names of the databases that can be asked: a file is in its folder before it is attached, and after it was dropped from here. */
  async attached(): Promise<Set<string>> {
    const found = await this.read(z.object({ name: z.string() }), 'SELECT database_name AS name FROM duckdb_databases()')
    return new Set(found.map(({ name }) => name))
  }

  /** Whether there is the view over what is kept for longer. */
  async hasSuspects(): Promise<boolean> {
    const [{ n }] = await this.read(
      count,
      "SELECT count(*)::BIGINT AS n FROM duckdb_views() WHERE schema_name = 'suspect' AND view_name = 'events'",
    )
    return n > 0n
  }

  async rows(table: string): Promise<number> {
    const [{ n }] = await this.read(count, `SELECT count(*)::BIGINT AS n FROM hot.${table}`)
    return Number(n)
  }

  /** Keeps every table within its limit. */
  async bound(limits: Readonly<Record<HotTable, number>> = hotLimits): Promise<void> {
    for (const table of Object.keys(compactions) as Compacted[]) {
      if ((await this.rows(table)) <= (this.compacted.get(table) ?? 0) + COMPACT_EVERY) continue
      await this.run(`CREATE OR REPLACE TABLE hot.${table} AS ${compactions[table]}`)
      this.compacted.set(table, await this.rows(table))
    }
    for (const table of Object.keys(limits) as HotTable[]) {
      const held = await this.rows(table)
      if (held <= limits[table]) continue
      const surplus = held - Math.floor(limits[table] * KEPT_PART)
      await this.run(
        `DELETE FROM hot.${table} WHERE rowid IN (SELECT rowid FROM hot.${table} ORDER BY ${droppedFirst[table]} LIMIT ${surplus})`,
      )
      // what was told already is stored once more, which changes nothing
      if (table !== 'told') this.dropped[table] += surplus
    }
  }

  /** Forgets what nobody was heard of again for an hour, except for what slow scans need of it. `hour` is the present one. */
  async close(hour: number): Promise<void> {
    const day = Math.floor(hour / 24)
    await this.run(`INSERT INTO hot.source_day SELECT source, (hour // 24)::USMALLINT, ports, targets, members FROM hot.source_hour
        WHERE seen + 2 <= ${hour} AND hour // 24 BETWEEN ${day - 30} AND ${day + 1};
      DELETE FROM hot.source_hour WHERE seen + 2 <= ${hour};
      DELETE FROM hot.target_hour WHERE seen + 2 <= ${hour};
      CREATE OR REPLACE TABLE hot.open_target AS SELECT source, member, destination, max(seen) AS seen FROM hot.open_target WHERE seen + 2 > ${hour} GROUP BY ALL;
      DELETE FROM hot.attempt WHERE seen + ${ATTEMPT_HOURS} <= ${hour} AND hour + ${ATTEMPT_HOURS} <= ${hour};
      DELETE FROM hot.source_day WHERE day + 31 < ${day};
      CREATE OR REPLACE TABLE hot.scanned AS SELECT source, member, max(last) AS last FROM hot.scanned WHERE last >= ${(hour - 25) * 3600} GROUP BY ALL`)
  }

  end(): void {
    this.connection.closeSync()
  }
}
