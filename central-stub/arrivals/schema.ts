// What a file of an hour holds: each batch that arrived in it, and its events in numbers (agent/event.ts has their names). NULL is what
// the gateway did not state. No key: what keeps a batch from being stored twice is the key of the register's `batches`.
import { BLOB, type DuckDBType, UBIGINT, UHUGEINT, UINTEGER, USMALLINT, UTINYINT, UUID, VARCHAR } from '@duckdb/node-api'

interface Column {
  readonly sql: string
  readonly type: DuckDBType
}

const column = (type: DuckDBType, more = ''): Column => ({ sql: `${type}${more}`, type })
const stated = ' NOT NULL'

/** In the order in which they lie. */
export const eventColumns = {
  /** Number of the batch in this file, from 1. */
  batch: column(UINTEGER, stated),
  member: column(UINTEGER, stated),
  /** Seconds since 1970 when it was first seen, and how many seconds later it was last seen. */
  time: column(UINTEGER, stated),
  duration: column(UINTEGER, stated),
  gateway: column(USMALLINT, stated),
  product: column(UTINYINT, stated),
  action: column(UTINYINT, stated),
  direction: column(UTINYINT, stated),
  reason: column(USMALLINT, stated),
  protocol: column(UTINYINT),
  rule: column(UINTEGER),
  /** 0 IPv4, 1 IPv6, 2 a pseudonym. */
  source_kind: column(UTINYINT),
  /** 16 bytes in network order: IPv4 as ::ffff:a.b.c.d. */
  source: column(UHUGEINT),
  source_port: column(USMALLINT),
  destination_kind: column(UTINYINT),
  destination: column(UHUGEINT),
  destination_port: column(USMALLINT),
  bytes: column(UBIGINT),
  packets: column(UBIGINT),
  count: column(UINTEGER, stated),
} as const satisfies Record<string, Column>

/** `device` is the register's number; what else of a batch the register holds is here too, to be added after a kill. */
export const batchColumns = {
  batch: column(UINTEGER, stated),
  device: column(UINTEGER, stated),
  device_uuid: column(UUID, stated),
  member: column(UINTEGER, stated),
  sequence: column(UBIGINT, stated),
  hash: column(BLOB, stated),
  /** ms since 1970. */
  arrived_at: column(UBIGINT, stated),
  rows: column(UINTEGER, stated),
  messages: column(UBIGINT, stated),
  bytes: column(UINTEGER, stated),
  accounting: column(VARCHAR, stated),
  /** How sure the box is of its clock: 0 unknown, 1 exact, 2 inferred. */
  clock: column(UTINYINT, stated),
} as const satisfies Record<string, Column>

/** Names of triage rules, by which `events.reason` is. 0: there were too many names. */
export const reasonColumns = { reason: column(USMALLINT, stated), name: column(VARCHAR, stated) } as const satisfies Record<string, Column>

export const OTHER_REASON = 0

const table = (name: string, columns: Record<string, Column>): string =>
  `CREATE TABLE %.${name} (${Object.entries(columns)
    .map(([column, { sql }]) => `${column} ${sql}`)
    .join(', ')});`

/** In the catalog of an hour that is new. */
export const hourTables = (catalog: string): string =>
  [
    table('batches', batchColumns),
    table('events', eventColumns),
    table('reasons', reasonColumns),
    `INSERT INTO %.reasons VALUES (${OTHER_REASON}, 'other');`,
  ]
    .join(' ')
    .replaceAll('%', `"${catalog}"`)

const empty = (columns: Record<string, Column>): string =>
  `SELECT ${Object.entries(columns)
    .map(([name, { type }]) => `NULL::${type} AS ${name}`)
    .join(', ')}, NULL::VARCHAR AS hour WHERE false`

/** Views over all hours that are attached: `arrivals.events`, `arrivals.batches`, `arrivals.reasons`, each with `hour`. */
export const hourViews = (hours: readonly { readonly name: string; readonly catalog: string }[]): string =>
  Object.entries({ events: eventColumns, batches: batchColumns, reasons: reasonColumns })
    .map(([name, columns]) => {
      const parts = hours.map(hour => `SELECT *, '${hour.name}' AS hour FROM "${hour.catalog}".${name}`)
      return `CREATE OR REPLACE VIEW arrivals.${name} AS ${[empty(columns), ...parts].join(' UNION ALL ')};`
    })
    .join(' ')

export const typesOf = (columns: Record<string, Column>): DuckDBType[] => Object.values(columns).map(({ type }) => type)
