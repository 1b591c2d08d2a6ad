// Nine months without further activity of a source. Activity is a suspicious event, at any member: the last hour in which one arrived
// is found in the files themselves, so there is no second list of addresses that would have to be deleted as well. Expired
// sources are hidden in the view at once, and their findings deleted; their rows go when their file is written anew, within 7 days.
import type { DuckDBConnection } from '@duckdb/node-api'
import { addMonths, HOUR_MS, isExpired } from './calendar.ts'
import { eraseFindings, oldFindings } from './findings.ts'
import { type Ground, withConnection } from './ground.ts'
import { addressNumber, loadKeptKeys } from './kept-keys.ts'
import { QUIET_MONTHS, REWRITE_AFTER_MS, reasons } from './policy.ts'
import { type Hour, hourRows, quoted } from './rows.ts'
import type { SuspectFile, SuspectFiles } from './suspect-files.ts'

/** As SQL: whether nine months are over since the end of an hour, which is a number of hours since 1970. */
const over = (hour: string, now: number): string =>
  `make_timestamp_ms((${hour}::BIGINT + 1) * ${HOUR_MS}) + INTERVAL ${QUIET_MONTHS} MONTH <= make_timestamp_ms(${now})`

/** Condition of rows `f` that have expired. A row that names no source expires by itself. */
const expiredRows = (now: number): string => `(EXISTS (SELECT 1 FROM suspect.expired x
  WHERE x.kind = f.source_kind AND x.high = f.source_high AND x.low = f.source_low) OR (f.source_kind IS NULL AND ${over('f.hour', now)}))`

/** Hides what has expired, deletes its findings, and writes files anew that have hidden rows for long enough. */
export async function expire(ground: Ground, files: SuspectFiles, hours: readonly Hour[], now: number): Promise<void> {
  const live = files.live()
  const isOld = (file: SuspectFile) => isExpired(file.first_hour * HOUR_MS, QUIET_MONTHS, now)
  const findings = oldFindings(ground.register).filter(({ lastAt }) => isExpired(Math.floor(lastAt / HOUR_MS) * HOUR_MS, QUIET_MONTHS, now))
  const old = live.filter(isOld)
  if (old.length === 0 && findings.length === 0) return
  const due = await withConnection(ground.arrivals, async connection => {
    await loadKeptKeys(connection, ground.register)
    await connection.run('CREATE OR REPLACE TEMP TABLE quiet (kind UTINYINT, high UBIGINT, low UBIGINT, since_hour UINTEGER)')
    for (const { source, sourceKind, lastAt } of findings) {
      const number = addressNumber(source)
      await connection.run(
        `INSERT INTO quiet VALUES (${sourceKind}, ${number >> 64n}, ${number & 0xffffffffffffffffn}, ${Math.floor(lastAt / HOUR_MS)})`,
      )
    }
    await collectQuiet(connection, files, live, hours, now)
    return dueFiles(connection, files, old, now)
  })
  files.hidden = expiredRows(now)
  await files.refreshView()
  const quiet = await withConnection(ground.arrivals, async connection =>
    (await connection.runAndReadAll('SELECT kind, high, low FROM suspect.expired')).getRowsJS(),
  )
  const isQuiet = new Set(quiet.map(([kind, high, low]) => `${kind} ${((high as bigint) << 64n) | (low as bigint)}`))
  eraseFindings(
    ground,
    findings.filter(({ source, sourceKind }) => isQuiet.has(`${sourceKind} ${addressNumber(source)}`)),
    { policy: 'suspicious', reason: reasons.quiet },
  )
  for (const file of due) await files.replace([file], `NOT ${expiredRows(now)}`, { policy: 'suspicious', reason: reasons.quiet })
}

/** Fills suspect.expired: sources of old files and findings whose last activity, in all files and in arrivals, is nine months ago. */
async function collectQuiet(
  connection: DuckDBConnection,
  files: SuspectFiles,
  live: readonly SuspectFile[],
  hours: readonly Hour[],
  now: number,
): Promise<void> {
  if (live.length > 0) {
    const all = files.relation(live.map(({ name }) => name))
    await connection.run(`CREATE OR REPLACE TEMP TABLE seen AS SELECT source_kind AS kind, source_high AS high, source_low AS low, max(hour) AS last
      FROM (${all}) WHERE source_kind IS NOT NULL GROUP BY ALL`)
    await connection.run(`DELETE FROM quiet USING seen s WHERE s.kind = quiet.kind AND s.high = quiet.high AND s.low = quiet.low`)
    await connection.run(`INSERT INTO quiet SELECT * FROM seen WHERE ${over('last', now)}`)
    await connection.run('DROP TABLE seen')
  }
  for (const hour of hours)
    await connection.run(`DELETE FROM quiet USING (SELECT DISTINCT source_kind, source_high, source_low FROM (${hourRows(hour)}) WHERE keep) a
      WHERE a.source_kind = quiet.kind AND a.source_high = quiet.high AND a.source_low = quiet.low`)
  await connection.run('BEGIN TRANSACTION')
  await connection.run('DELETE FROM suspect.expired')
  await connection.run('INSERT INTO suspect.expired SELECT DISTINCT * FROM quiet')
  await connection.run('COMMIT')
}

/** Files with a row that has been hidden for so long that its file has to be written anew. */
async function dueFiles(
  connection: DuckDBConnection,
  files: SuspectFiles,
  old: readonly SuspectFile[],
  now: number,
): Promise<SuspectFile[]> {
  const due: SuspectFile[] = []
  for (const file of old) {
    const { rows } = await firstExpired(connection, files, file, now)
    if (rows !== undefined && addMonths((rows + 1) * HOUR_MS, QUIET_MONTHS) + REWRITE_AFTER_MS <= now) due.push(file)
  }
  return due
}

async function firstExpired(
  connection: DuckDBConnection,
  files: SuspectFiles,
  { name }: SuspectFile,
  now: number,
): Promise<{ rows: number | undefined }> {
  const sql = `SELECT min(since)::INTEGER FROM (
    SELECT x.since_hour AS since FROM read_parquet(${quoted(files.path(name))}) f JOIN suspect.expired x
      ON x.kind = f.source_kind AND x.high = f.source_high AND x.low = f.source_low
    UNION ALL SELECT f.hour FROM read_parquet(${quoted(files.path(name))}) f WHERE f.source_kind IS NULL AND ${over('f.hour', now)})`
  const [[first]] = (await connection.runAndReadAll(sql)).getRowsJS()
  return { rows: first === null ? undefined : Number(first) }
}
