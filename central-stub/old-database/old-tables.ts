// The tables of the old DuckDB file, row by row into the register. Hashes were hexadecimal text there, members were names.
import type { DuckDBConnection } from '@duckdb/node-api'
import * as z from 'zod'
import { hourOf } from '../arrivals/hours.ts'
import { rowsOf } from '../arrivals/instance.ts'
import type { Sqlite, Values } from '../register/sqlite.ts'
import { blobOf } from '../register/values.ts'

const text = z.string()
const hex = text.transform(blobOf)
const whole = z.bigint().transform(Number)
const moment = z.date().transform(date => date.getTime())

interface OldTable {
  readonly name: string
  readonly shape: z.ZodType<Values>

  readonly insert: string
  /** Not every release had it. */
  readonly isOptional?: boolean
}

const deviceId = '(SELECT id FROM devices WHERE device = $device)'
const memberId = '(SELECT id FROM members WHERE name = $member)'

const oldTables: readonly OldTable[] = [
  {
    name: 'devices',
    shape: z.object({ device: text, member: text, enrolled_at: moment }),
    insert: `INSERT INTO devices (device, member, enrolled_at) VALUES ($device, ${memberId}, $enrolled_at)`,
  },
  {
    name: 'codes',
    shape: z.object({ hash: hex, member: text, expires_at: moment, spent_at: moment.nullable(), device: text.nullable() }),
    insert: `INSERT INTO codes (hash, member, expires_at, spent_at, device) VALUES ($hash, ${memberId}, $expires_at, $spent_at, ${deviceId})`,
  },
  {
    name: 'certificates',
    shape: z.object({
      fingerprint: hex,
      device: text,
      public_key: text.transform(base64 => new Uint8Array(Buffer.from(base64, 'base64'))),
      issued_at: moment,
      not_after: moment,
      revoked_at: moment.nullable(),
    }),
    insert: `INSERT INTO certificates (fingerprint, device, public_key, issued_at, not_after, revoked_at)
      VALUES ($fingerprint, ${deviceId}, $public_key, $issued_at, $not_after, $revoked_at)`,
  },
  {
    name: 'heads',
    shape: z.object({ device: text, sequence: whole, hash: hex }),
    insert: `INSERT INTO heads (device, sequence, hash) VALUES (${deviceId}, $sequence, $hash)`,
  },
  {
    name: 'batches',
    shape: z
      .object({
        device: text,
        sequence: whole,
        hash: hex,
        stored_at: moment,
        rows: z.number(),
        messages: whole,
        bytes: z.number(),
        accounting: text,
      })
      .transform(row => ({ ...row, hour: hourOf(row.stored_at) })),
    insert: `INSERT INTO batches (device, sequence, hash, stored_at, hour, rows, messages, bytes, accounting, clock)
      VALUES (${deviceId}, $sequence, $hash, $stored_at, $hour, $rows, $messages, $bytes, $accounting, 0)`,
  },
  {
    name: 'sheds',
    shape: z.object({
      device: text,
      hash: hex,
      first: whole,
      last: whole,
      last_hash: hex,
      stored_at: moment,
      rows: whole,
      messages: whole,
      reason: text,
    }),
    insert: `INSERT INTO sheds (device, hash, first, last, last_hash, stored_at, rows, messages, reason)
      VALUES (${deviceId}, $hash, $first, $last, $last_hash, $stored_at, $rows, $messages, $reason)`,
  },
  {
    name: 'health',
    isOptional: true,
    shape: z.object({ device: text, received_at: moment, report: hex }),
    insert: 'INSERT INTO health (device, received_at, report) VALUES ($device, $received_at, $report)',
  },
  {
    name: 'health_changes',
    isOptional: true,
    shape: z.object({ device: text, changed_at: moment, number: z.number(), level: text, value: whole.nullable() }),
    insert: 'INSERT INTO health_changes (device, changed_at, number, level, value) VALUES ($device, $changed_at, $number, $level, $value)',
  },
]

const named = z.object({ name: text })

export async function copyTables(connection: DuckDBConnection, sqlite: Sqlite): Promise<{ devices: number; batches: number }> {
  const present = new Set((await rowsOf(connection, named, 'SELECT table_name AS name FROM duckdb_tables()')).map(({ name }) => name))
  const members = await rowsOf(connection, named, 'SELECT member AS name FROM devices UNION SELECT member FROM codes ORDER BY name')
  const counts = new Map<string, number>()
  sqlite.exec('BEGIN IMMEDIATE')
  for (const { name } of members) sqlite.run('INSERT INTO members (name) VALUES ($name)', { name })
  for (const { name, shape, insert, isOptional } of oldTables) {
    if (isOptional === true && !present.has(name)) continue
    const rows = await rowsOf(connection, shape, `SELECT * FROM ${name}`)
    for (const row of rows) sqlite.run(insert, row)
    counts.set(name, rows.length)
  }
  sqlite.exec('COMMIT')
  return { devices: counts.get('devices') ?? 0, batches: counts.get('batches') ?? 0 }
}
