// What central holds, for SQL in one place: `events`, `batches`, `sheds`, `devices`, `certificates`, `heads`, `health` and
// `health_changes`, with names and words instead of numbers. For tests, demos and people; what central itself asks, it asks its stores.
import {
  BIGINT,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBTimestampMillisecondsValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP_MS,
  UINTEGER,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api'
import * as z from 'zod'
import { actionNames, directionNames, productNames } from '../../agent/batch/unpack.ts'
import type { Arrivals } from '../arrivals/arrivals.ts'
import { rowsOf, type Values } from '../arrivals/instance.ts'
import type { Reader } from '../register/register.ts'

interface RegisterTable {
  readonly columns: Readonly<Record<string, DuckDBType>>
  readonly sql: string
}

/** Selected in the order of the columns. */
const registerTables: Readonly<Record<string, RegisterTable>> = {
  devices: {
    columns: { device: VARCHAR, member: VARCHAR, enrolled_at: TIMESTAMP_MS },
    sql: 'SELECT device, m.name, enrolled_at FROM devices d JOIN members m ON m.id = d.member',
  },
  certificates: {
    columns: { fingerprint: VARCHAR, device: VARCHAR, issued_at: TIMESTAMP_MS, not_after: TIMESTAMP_MS, revoked_at: TIMESTAMP_MS },
    sql: 'SELECT fingerprint, d.device, issued_at, not_after, revoked_at FROM certificates c JOIN devices d ON d.id = c.device',
  },
  heads: {
    columns: { device: VARCHAR, sequence: BIGINT, hash: VARCHAR },
    sql: 'SELECT d.device, sequence, hash FROM heads h JOIN devices d ON d.id = h.device',
  },
  batches: {
    columns: {
      device: VARCHAR,
      sequence: BIGINT,
      hash: VARCHAR,
      stored_at: TIMESTAMP_MS,
      rows: UINTEGER,
      messages: BIGINT,
      bytes: UINTEGER,
      accounting: VARCHAR,
      clock: UTINYINT,
    },
    sql: 'SELECT d.device, sequence, hash, stored_at, rows, messages, bytes, accounting, clock FROM batches b JOIN devices d ON d.id = b.device',
  },
  sheds: {
    columns: {
      device: VARCHAR,
      hash: VARCHAR,
      first: BIGINT,
      last: BIGINT,
      last_hash: VARCHAR,
      stored_at: TIMESTAMP_MS,
      rows: BIGINT,
      messages: BIGINT,
      reason: VARCHAR,
    },
    sql: 'SELECT d.device, hash, first, last, last_hash, stored_at, rows, messages, reason FROM sheds s JOIN devices d ON d.id = s.device',
  },
  health: {
    columns: { device: VARCHAR, received_at: TIMESTAMP_MS, report: VARCHAR },
    sql: 'SELECT device, received_at, report FROM health',
  },
  health_changes: {
    columns: { device: VARCHAR, changed_at: TIMESTAMP_MS, number: UTINYINT, level: VARCHAR, value: BIGINT },
    sql: 'SELECT device, changed_at, number, level, value FROM health_changes',
  },
}

const list = (names: readonly string[]) => `[${names.map(name => `'${name}'`).join(', ')}]`
const word = (column: string) => (at: number) => `(${column} >> ${at}) & 255`
/** IPv4 in dots, IPv6 in eight groups, a pseudonym as `in-` and 32 digits. */
const address = (side: string) => `CASE ${side}_kind
  WHEN 0 THEN concat_ws('.', ${[24, 16, 8, 0].map(word(side)).join(', ')})
  WHEN 1 THEN concat_ws(':', ${[112, 96, 80, 64, 48, 32, 16, 0].map(at => `format('{:x}', ((${side} >> ${at}) & 65535)::INTEGER)`).join(', ')})
  WHEN 2 THEN 'in-' || ${[112, 96, 80, 64, 48, 32, 16, 0].map(at => `format('{:04x}', ((${side} >> ${at}) & 65535)::INTEGER)`).join(' || ')} END`
const time = (seconds: string) => `make_timestamp_ms((${seconds}) * 1000::BIGINT)::TIMESTAMP_MS`

const eventsView = `CREATE TEMP VIEW events AS SELECT
  b.device_uuid::VARCHAR AS device, b.sequence::BIGINT AS sequence, ${time('e.time')} AS time, gateway,
  coalesce(${list(productNames)}[product + 1], 'product-' || product) AS product, coalesce(${list(actionNames)}[action + 1], 'other') AS action,
  ${address('source')} AS source, source_port, ${address('destination')} AS destination, destination_port, protocol,
  e.bytes::BIGINT AS bytes, packets::BIGINT AS packets, count, ${time('e.time')} AS first_seen, ${time('e.time::BIGINT + e.duration')} AS last_seen, rule,
  coalesce(${list(directionNames)}[direction + 1], 'unknown') AS direction, r.name AS reason
  FROM arrivals.events e JOIN arrivals.batches b USING (hour, batch) JOIN arrivals.reasons r ON r.hour = e.hour AND r.reason = e.reason`

/** Rows of a query over these tables, each checked against a shape. BIGINT comes as bigint, a timestamp as Date. */
export async function readAsTables<T>(
  reader: Reader,
  arrivals: Arrivals,
  shape: z.ZodType<T>,
  sql: string,
  values: Values = {},
): Promise<T[]> {
  const connection = await arrivals.connect()
  try {
    for (const [name, table] of Object.entries(registerTables))
      if (new RegExp(`\\b${name}\\b`).test(sql)) await copyTable(connection, reader, name, table)
    if (/\bevents\b/.test(sql)) await connection.run(eventsView)
    return await rowsOf(connection, shape, sql, values)
  } finally {
    connection.closeSync()
  }
}

async function copyTable(connection: DuckDBConnection, reader: Reader, name: string, { columns, sql }: RegisterTable): Promise<void> {
  const types = Object.values(columns)
  const names = Object.keys(columns)
  await connection.run(`CREATE TEMP TABLE ${name} (${names.map((column, i) => `${column} ${types[i]}`).join(', ')})`)
  // SQLite names columns of a join as it likes: they are taken in their order
  const rows = reader
    .read(z.record(z.string(), z.unknown()), sql)
    .map(row => Object.values(row).map((value, i) => asDuckDB(value, types[i])))
  const appender = await connection.createAppender(name, 'main', 'temp')
  for (let at = 0; at < rows.length; at += 2048) {
    const chunk = DuckDBDataChunk.create(types)
    chunk.setRows(rows.slice(at, at + 2048))
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}

function asDuckDB(value: unknown, type: DuckDBType): DuckDBValue {
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'number' && type === TIMESTAMP_MS) return new DuckDBTimestampMillisecondsValue(BigInt(value))
  if (typeof value === 'number' && type === BIGINT) return BigInt(value)
  return typeof value === 'number' ? value : String(value)
}
