// What central keeps. Hashes are hexadecimal, times are UTC, addresses are text as the batch spells them (a pseudonym of
// an internal address is `in-` and 32 digits; DuckDB's INET type would need an extension that has to be downloaded).
import {
  BIGINT,
  DuckDBTimestampMillisecondsValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP_MS,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api'
import type { WireEvent } from '../../agent/batch/unpack.ts'

export const tables = `
CREATE TABLE codes (
  hash VARCHAR PRIMARY KEY, member VARCHAR NOT NULL, expires_at TIMESTAMP_MS NOT NULL, spent_at TIMESTAMP_MS, device VARCHAR);
CREATE TABLE devices (
  device VARCHAR PRIMARY KEY, member VARCHAR NOT NULL, enrolled_at TIMESTAMP_MS NOT NULL);
CREATE TABLE certificates (
  fingerprint VARCHAR PRIMARY KEY, device VARCHAR NOT NULL, public_key VARCHAR NOT NULL,
  issued_at TIMESTAMP_MS NOT NULL, not_after TIMESTAMP_MS NOT NULL, revoked_at TIMESTAMP_MS);
CREATE TABLE heads (
  device VARCHAR PRIMARY KEY, sequence BIGINT NOT NULL, hash VARCHAR NOT NULL);
CREATE TABLE batches (
  device VARCHAR, sequence BIGINT, hash VARCHAR NOT NULL, stored_at TIMESTAMP_MS NOT NULL, seal_key VARCHAR NOT NULL,
  rows UINTEGER NOT NULL, messages BIGINT NOT NULL, bytes UINTEGER NOT NULL, accounting VARCHAR NOT NULL,
  PRIMARY KEY (device, sequence));
CREATE TABLE sheds (
  device VARCHAR, hash VARCHAR, first BIGINT NOT NULL, last BIGINT NOT NULL, last_hash VARCHAR NOT NULL, stored_at TIMESTAMP_MS NOT NULL,
  rows BIGINT NOT NULL, messages BIGINT NOT NULL, reason VARCHAR NOT NULL,
  PRIMARY KEY (device, hash));
`

/** Made at each opening if they are not there yet: a central from before knew no health. Reports are kept as they came. */
export const healthTables = `
CREATE TABLE IF NOT EXISTS health (
  device VARCHAR PRIMARY KEY, received_at TIMESTAMP_MS NOT NULL, report VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS health_changes (
  device VARCHAR NOT NULL, changed_at TIMESTAMP_MS NOT NULL, number UTINYINT NOT NULL, level VARCHAR NOT NULL, value BIGINT);
`

interface Column {
  readonly name: string
  readonly sql: string
  readonly type: DuckDBType
  /** The value, or a RangeError if the sealed batch holds what no box writes. */
  readonly read: (event: WireEvent) => DuckDBValue
}

const NAME_MAX_CHARACTERS = 64
/** 9999-12-31, the last time that ISO 8601 writes with four digits of year. */
const TIME_MAX_MS = 253_402_300_799_999

function bounded(value: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) throw new RangeError('a number of an event is out of bounds')
  return value
}

function column(name: string, sql: string, type: DuckDBType, read: Column['read']): Column {
  return { name, sql, type, read }
}

const text = (name: string, get: (event: WireEvent) => string | null): Column =>
  column(name, 'VARCHAR', VARCHAR, event => {
    const value = get(event)
    if (value !== null && value.length > NAME_MAX_CHARACTERS) throw new RangeError('a name of an event is too long')
    return value
  })

const number = (name: string, sql: string, type: DuckDBType, max: number, get: (event: WireEvent) => number | null): Column =>
  column(name, sql, type, event => {
    const value = get(event)
    return value === null ? null : bounded(value, max)
  })

const large = (name: string, get: (event: WireEvent) => number | null): Column =>
  column(name, 'BIGINT', BIGINT, event => {
    const value = get(event)
    return value === null ? null : BigInt(bounded(value, Number.MAX_SAFE_INTEGER))
  })

const time = (name: string, get: (event: WireEvent) => number): Column =>
  column(name, 'TIMESTAMP_MS', TIMESTAMP_MS, event => timestamp(bounded(get(event), TIME_MAX_MS)))

/** Columns of `events` behind device and sequence; a new field of an event is a new row here. */
export const eventColumns: readonly Column[] = [
  time('time', event => event.time),
  number('gateway', 'USMALLINT', USMALLINT, 0xffff, event => event.gateway),
  text('product', event => event.product),
  text('action', event => event.action),
  text('source', event => event.source),
  number('source_port', 'USMALLINT', USMALLINT, 0xffff, event => event.sourcePort),
  text('destination', event => event.destination),
  number('destination_port', 'USMALLINT', USMALLINT, 0xffff, event => event.destinationPort),
  number('protocol', 'UTINYINT', UTINYINT, 0xff, event => event.protocol),
  large('bytes', event => event.bytes),
  large('packets', event => event.packets),
  number('count', 'UINTEGER', UINTEGER, 0xffffffff, event => event.count),
  time('first_seen', event => event.firstSeen),
  time('last_seen', event => event.lastSeen),
  number('rule', 'UINTEGER', UINTEGER, 0xffffffff, event => event.rule),
  text('direction', event => event.direction),
  text('reason', event => event.reason),
]

// no key: what keeps an event from being stored twice is the key of `batches`, in the same transaction
export const eventsTable = `
CREATE TABLE events (device VARCHAR NOT NULL, sequence BIGINT NOT NULL, ${eventColumns.map(({ name, sql }) => `${name} ${sql}`).join(', ')});
`

export const timestamp = (ms: number): DuckDBTimestampMillisecondsValue => new DuckDBTimestampMillisecondsValue(BigInt(ms))
