// A folder of a release that kept everything in one DuckDB file: what it knows goes into the register, the events of the last 24 hours
// into the files of the hours in which they arrived. Older events are counted and not brought over: they should have been deleted, and
// nothing says that any of them is part of an attack. The register gets its name last: a cut before it starts all of this anew, a cut
// after it leaves the old file to be removed.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import * as z from 'zod'
import { removeIfThere, syncFolder } from '../../agent/lib/durable-file.ts'
import { Arrivals } from '../arrivals/arrivals.ts'
import { rowsOf } from '../arrivals/instance.ts'
import { fileNames } from '../folder.ts'
import { draftSqlite, nameSqlite, type Sqlite } from '../register/sqlite.ts'
import { type OldEvent, oldEventSchema, oldEvents } from './old-events.ts'
import { copyTables } from './old-tables.ts'

const DAY_MS = 86_400_000

export interface BroughtOver {
  readonly devices: number
  readonly batches: number
  readonly events: number
  /** Older than 24 hours. */
  readonly leftOut: number
}

/** Undefined where there is nothing to bring over. An Error with advice if the old file cannot be read: nothing is changed then. */
export async function bringOver(folder: string, now: number, report: (said: unknown) => void): Promise<BroughtOver | undefined> {
  const old = join(folder, fileNames.database)
  const register = join(folder, fileNames.register)
  if (!existsSync(old)) return undefined
  const result = existsSync(register) ? undefined : await bringAll(folder, old, register, now)
  for (const path of [`${old}.wal`, old]) removeIfThere(path)
  syncFolder(folder)
  if (result !== undefined)
    report(
      `central.duckdb was brought over: ${result.devices} devices, ${result.batches} batches, ${result.events} events of the last 24 hours; ${result.leftOut} older events were left out`,
    )
  return result
}

async function bringAll(folder: string, old: string, register: string, now: number): Promise<BroughtOver> {
  const instance = await openOld(old)
  const connection = await instance.connect()
  try {
    // of a time that was cut short
    rmSync(join(folder, fileNames.arrivals), { recursive: true, force: true })
    const sqlite = draftSqlite(register)
    try {
      const counts = await copyTables(connection, sqlite)
      const events = await bringEvents(folder, connection, sqlite, now)
      nameSqlite(register, sqlite)
      return { ...counts, ...events }
    } catch (error) {
      sqlite.close()
      throw error
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function openOld(old: string): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(old, { threads: '2', enable_external_access: 'false' })
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${old} cannot be opened (${said}): restore it from a backup, or end the central that uses it. Nothing was changed`, {
      cause,
    })
  }
}

const count = z.object({ count: z.bigint().transform(Number) })
const batchSchema = z.object({
  device: z.string(),
  sequence: z.bigint(),
  stored_at: z.date(),
  messages: z.bigint(),
  bytes: z.number(),
  accounting: z.string(),
  hash: z.string(),
})
const ownerSchema = z.object({ id: z.int(), member: z.int() })

/** Each batch as it was stored, at the time at which it was. */
async function bringEvents(folder: string, connection: DuckDBConnection, sqlite: Sqlite, now: number) {
  const since = new Date(now - DAY_MS).toISOString()
  let arrivedAt = now
  const arrivals = await Arrivals.open(folder, { reserveBytes: 0, now: () => arrivedAt })
  let events = 0
  try {
    const batches = await rowsOf(
      connection,
      batchSchema,
      'SELECT device, sequence, stored_at, messages, bytes, accounting, hash FROM batches WHERE stored_at >= $since::TIMESTAMP ORDER BY stored_at, device, sequence',
      { since },
    )
    for (const { device, sequence, stored_at, messages, bytes, accounting, hash } of batches) {
      const rows: OldEvent[] = await rowsOf(
        connection,
        oldEventSchema,
        'SELECT * FROM events WHERE device = $device AND sequence = $sequence',
        {
          device,
          sequence,
        },
      )
      const [owner] = sqlite.read(ownerSchema, 'SELECT id, member FROM devices WHERE device = $device', { device })
      arrivedAt = stored_at.getTime()
      await arrivals.append([
        {
          device: owner.id,
          deviceUuid: device,
          member: owner.member,
          sequence: Number(sequence),
          hash: Buffer.from(hash, 'hex'),
          messages: Number(messages),
          bytes,
          accounting,
          clock: 0,
          events: oldEvents(rows),
        },
      ])
      events += rows.length
    }
    const [{ count: all }] = await rowsOf(connection, count, 'SELECT count(*) AS count FROM events')
    return { events, leftOut: all - events }
  } finally {
    await arrivals.close()
  }
}
