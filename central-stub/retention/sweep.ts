// The sweep of one hour of arrivals: what is suspicious goes into a file of suspicious events, the hour is unlinked, the statement is
// signed. Everything of the hour that is not suspicious is gone with its file; nothing is deleted from within a file, because DuckDB
// leaves deleted values in it, byte for byte.
import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { dayName } from './calendar.ts'
import { type ArrivalHour, type Ground, sha256Of, withConnection } from './ground.ts'
import { loadKeptKeys } from './kept-keys.ts'
import { measure } from './merkle.ts'
import { reasons } from './policy.ts'
import { hourRows, type RecalledSet, recalledRows } from './rows.ts'
import { prepare, type Statement, signErasure } from './statements.ts'
import type { SuspectFiles } from './suspect-files.ts'

const HOUR_MS = 3_600_000

export async function sweepHour(ground: Ground, files: SuspectFiles, hour: ArrivalHour, recalled: readonly RecalledSet[]): Promise<void> {
  const { arrivals, register } = ground
  const file = `arrivals/${hour.name}.duckdb`
  await withConnection(arrivals, async connection => {
    await loadKeptKeys(connection, register)
    const all = hourRows(hour)
    const before = await measure(connection, slice => hourRows(hour, slice), randomBytes(32).toString('hex'))
    const sha256 = await sha256Of(hour.path, `${hour.path}.wal`)
    const number = hour.startMs / HOUR_MS
    const kept = `SELECT * FROM (${all}) WHERE keep AND NOT (${recalledRows(recalled)})`
    const written = await files.write(connection, dayName(hour.startMs), [number, number], kept)
    const statement: Statement = {
      policy: 'non-malicious',
      reason: reasons.notSuspicious,
      file,
      sha256Before: sha256?.toString('hex') ?? null,
      rowsBefore: before.rows,
      rowsAfter: written?.rows ?? 0,
      eventsBefore: Number(before.events),
      eventsAfter: Number(written?.events ?? 0n),
      rootBefore: before.root.toString('hex'),
      rootAfter: written?.root.toString('hex') ?? null,
      into: written === undefined ? null : `suspect/${written.name}`,
    }
    ground.onStep?.('enter')
    register.transact(transaction => {
      files.enter(transaction, written, [], { from: [file] })
      prepare(transaction, statement)
    }, 'reserve')
  })
  await finishHour(ground, files, hour.name)
}

/** An hour that cannot be read goes unread before it stops central: the statement says that nobody knows what was in it. */
export async function dropUnread(ground: Ground, files: SuspectFiles, hour: ArrivalHour): Promise<void> {
  const file = `arrivals/${hour.name}.duckdb`
  const sha256 = await sha256Of(hour.path, `${hour.path}.wal`)
  const statement: Statement = {
    policy: 'cap',
    reason: reasons.unreadable,
    file,
    sha256Before: sha256?.toString('hex') ?? null,
    rowsBefore: null,
    rowsAfter: null,
    rootBefore: null,
    rootAfter: null,
    into: null,
  }
  ground.register.transact(transaction => prepare(transaction, statement), 'reserve')
  await finishHour(ground, files, hour.name)
}

const enteredSchema = z.object({ statement: z.string() })

/** True if what is kept of the hour is in its file already: a crash came between that and the unlinking. */
export function isEntered({ register }: Ground, hour: Pick<ArrivalHour, 'name'>): boolean {
  const sql = 'SELECT statement FROM erasures_pending WHERE file = $file'
  return register.read(enteredSchema, sql, { file: `arrivals/${hour.name}.duckdb` }).length > 0
}

export async function finishHour(ground: Ground, files: SuspectFiles, name: string): Promise<void> {
  ground.onStep?.('drop')
  await ground.arrivals.drop(name)
  await files.refreshView()
  ground.onStep?.('sign')
  signErasure(ground, `arrivals/${name}.duckdb`)
  ground.register.transact(transaction => transaction.run('DELETE FROM arrival_hours WHERE name = $name', { name }), 'reserve')
}
