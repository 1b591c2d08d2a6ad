// What the correlator keeps in memory, in an attached ':memory:' database: nothing of it is ever on a disk, so nothing has to be
// deleted there, and all of it is made again at the next start. Times are seconds since 1970, hours and days since 1970 likewise.

import { compactAttempts } from './fresh.ts'

/** `seen` is the hour of arrival in which a row last changed; a row that does not change is closed by that, whatever its own time. */
export const hotTables = `
  CREATE TABLE IF NOT EXISTS hot.fresh (file UINTEGER, batch UINTEGER, member UINTEGER, time UINTEGER, duration UINTEGER, product UTINYINT, action UTINYINT,
    protocol UTINYINT, rule UINTEGER, source_kind UTINYINT, source UHUGEINT, source_port USMALLINT, destination_kind UTINYINT, destination UHUGEINT,
    destination_port USMALLINT, count UINTEGER);
  CREATE TABLE IF NOT EXISTS hot.source_hour (source UHUGEINT, hour UINTEGER, ports HUGEINT, targets HUGEINT, pairs HUGEINT, members HUGEINT,
    seen UINTEGER, gated USMALLINT DEFAULT 0, gated_ports USMALLINT DEFAULT 0, found BOOLEAN DEFAULT false, PRIMARY KEY (source, hour));
  CREATE TABLE IF NOT EXISTS hot.target_hour (source UHUGEINT, member UINTEGER, destination UHUGEINT, hour UINTEGER, ports HUGEINT,
    seen UINTEGER, gated USMALLINT DEFAULT 0, PRIMARY KEY (source, member, destination, hour));
  CREATE TABLE IF NOT EXISTS hot.attempt (round UINTEGER, source UHUGEINT, source_kind UTINYINT, member UINTEGER, destination_kind UTINYINT, destination UHUGEINT,
    destination_port USMALLINT, protocol UTINYINT, action UTINYINT, signature UINTEGER, hour UINTEGER, seen UINTEGER, events UBIGINT, first UINTEGER,
    last UINTEGER, known BOOLEAN, file UINTEGER, batch UINTEGER);
  CREATE TABLE IF NOT EXISTS hot.source_day (source UHUGEINT, day USMALLINT, ports HUGEINT, targets HUGEINT, members HUGEINT);
  CREATE TABLE IF NOT EXISTS hot.scanned (source UHUGEINT, member UINTEGER, last UINTEGER);
  CREATE TABLE IF NOT EXISTS hot.recent (file UINTEGER, batch UINTEGER, source UHUGEINT, source_kind UTINYINT, member UINTEGER, destination_kind UTINYINT, destination UHUGEINT,
    destination_port USMALLINT, protocol UTINYINT, action UTINYINT, time UINTEGER, duration UINTEGER, product UTINYINT);
  CREATE TABLE IF NOT EXISTS hot.open_target (source UHUGEINT, member UINTEGER, destination UHUGEINT, seen UINTEGER);
  CREATE TABLE IF NOT EXISTS hot.told (rule VARCHAR, source UHUGEINT, detail UINTEGER, member UINTEGER, target UHUGEINT, total UBIGINT, amount UBIGINT, last UINTEGER);
`

/** Rows of each table beyond which the least telling are dropped, and counted. About 100 bytes each. */
export const hotLimits = {
  source_hour: 1_000_000,
  target_hour: 500_000,
  attempt: 1_000_000,
  source_day: 3_000_000,
  told: 1_000_000,
  open_target: 1_000_000,
  scanned: 1_000_000,
  slow_gated: 1_000_000,
  slow_asked: 1_000_000,
} as const
export type HotTable = keyof typeof hotLimits

/** What may go when a table is too full: sources with the fewest bits, of those the ones not heard for longest; attempts and days by age. */
export const droppedFirst: Readonly<Record<HotTable, string>> = {
  source_hour: 'found, bit_count(pairs), seen',
  target_hour: 'bit_count(ports), seen',
  attempt: 'seen, hour',
  source_day: 'day',
  told: 'last',
  open_target: 'seen',
  scanned: 'last',
  slow_gated: 'bits',
  slow_asked: 'source',
}

/** Rounds add to these; now and then what is about the same becomes one row. */
export const compactions = {
  attempt: compactAttempts,
  scanned: 'SELECT source, member, max(last) AS last FROM hot.scanned GROUP BY ALL',
  open_target: 'SELECT source, member, destination, max(seen) AS seen FROM hot.open_target GROUP BY ALL',
  told: `SELECT rule, source, detail, member, target, max(total) AS total, max(amount) AS amount, max(last) AS last FROM hot.told GROUP BY ALL`,
  slow_asked: 'SELECT DISTINCT source FROM hot.slow_asked',
} as const
export type Compacted = keyof typeof compactions

/** All that are filled in the course of rounds; the others are made anew in each. */
export const hotTableNames = [
  'fresh',
  'source_hour',
  'target_hour',
  'attempt',
  'source_day',
  'scanned',
  'recent',
  'open_target',
  'told',
  'slow_gated',
  'slow_asked',
]
