// The exact queries about scans, over the events themselves. A look takes the events of the sources that passed the gate, in the
// hour that passed and the one before, out of the hour files; each rule then counts what is really there.
import type { Part } from './fresh.ts'
import { ofScans } from './fresh.ts'
import { limits } from './rules.ts'

/** Rows that one rule may bring in one round; what is beyond comes with the next look or when the hour is closed. */
export const HITS_MAX = 2000
/** Batches that are named as evidence, for each member. */
const EVIDENCE_MAX = 64

/** A file to read, whole or up to a batch. */
export interface File extends Pick<Part, 'schema' | 'file'> {
  readonly upTo?: number
}

/** Where a look finds the events: in memory, in files, or in both. */
export interface Where {
  readonly recent: boolean
  readonly files: readonly File[]
}

const columns =
  'batch, source, source_kind, member, destination_kind, destination, destination_port, protocol, action, time, duration, product'

/** Without files there are no rows; hot.fresh has the same columns. What is in memory is of scans already. */
const everything = ({ recent, files }: Where): string =>
  [
    recent ? `SELECT file, ${columns} FROM hot.recent` : `SELECT file, ${columns} FROM hot.fresh WHERE false`,
    ...files.map(
      ({ schema, file, upTo }) =>
        `SELECT ${file}::UINTEGER AS file, ${columns} FROM "${schema}".events WHERE ${ofScans}${upTo === undefined ? '' : ` AND batch <= ${upTo}`}`,
    ),
  ].join(' UNION ALL ')

/** What was taken in is kept for looks: reading two hours of a file again costs ten times as much. */
export const addRecent = ({ file, after }: Part): string => `DELETE FROM hot.recent WHERE file = ${file} AND batch > ${after};
  INSERT INTO hot.recent SELECT file, ${columns} FROM hot.fresh WHERE ${ofScans}`

/** Keeps the latest rows of memory, and tells what is gone: of each file the last batch. */
export const forgetRecent = (kept: number): string => `CREATE OR REPLACE TABLE hot.forgotten AS SELECT file, batch FROM hot.recent
    ORDER BY file DESC, batch DESC LIMIT 1 OFFSET ${kept};
  DELETE FROM hot.recent WHERE (file, batch) <= (SELECT (file, batch) FROM hot.forgotten)`

/** `until_hour` is the later of the two hours that are looked at together. */
export const wantedTable = `CREATE OR REPLACE TABLE hot.wanted AS SELECT source, hour AS until_hour, unnest([hour, hour - 1]) AS hour FROM hot.passed;
  CREATE OR REPLACE TABLE hot.wanted_target AS SELECT source, member, destination, hour AS until_hour, unnest([hour, hour - 1]) AS hour
    FROM hot.passed_target WHERE source NOT IN (SELECT source FROM hot.passed)`

/** Of what has to be looked at: how much, and the first and last hour of the events. */
export const spanOf = (wanted: 'wanted' | 'wanted_target'): string =>
  `SELECT count(*)::INTEGER AS wanted, min(hour) AS low, max(hour) AS high FROM hot.${wanted}`

const named = columns
  .split(', ')
  .map(name => `e.${name}`)
  .join(', ')

const inSpan = (low: number, high: number): string => `e.time >= ${low * 3600} AND e.time < ${(high + 1) * 3600}`

/** `low` and `high` are hours of the events. Both tables are made anew; without files and memory they are empty. */
export const lookTable = (where: Where, low: number, high: number): string => `
  CREATE OR REPLACE TABLE hot.look AS SELECT w.until_hour, e.file, ${named} FROM (${everything(where)}) e
    JOIN hot.wanted w ON e.source = w.source AND e.time // 3600 = w.hour WHERE ${inSpan(low, high)}`

/** What single addresses are looked at for, beside all of the sources of the other look. */
export const lookTargetTable = (where: Where, low: number, high: number): string => `
  CREATE OR REPLACE TABLE hot.look_beside AS SELECT w.until_hour, e.file, ${named} FROM (${everything(where)}) e JOIN hot.wanted_target w
    ON e.source = w.source AND e.member = w.member AND e.destination = w.destination AND e.time // 3600 = w.hour WHERE ${inSpan(low, high)};
  CREATE OR REPLACE VIEW hot.look_target AS FROM hot.look UNION ALL FROM hot.look_beside`

const isRefused = 'action BETWEEN 1 AND 4'

/** The example of the service: 3389 alone is not malicious; with 3388, 3387 and 3386 refused it is part of a scan. */
const besideAllowed = `SELECT a.until_hour, a.source, a.member, a.destination, count(DISTINCT r.destination_port) + 1 AS amount
  FROM (SELECT DISTINCT until_hour, source, member, destination, destination_port FROM hot.look_target WHERE action = 0) a
  JOIN (SELECT DISTINCT until_hour, source, member, destination, destination_port FROM hot.look_target WHERE ${isRefused}) r
    ON a.until_hour = r.until_hour AND a.source = r.source AND a.member = r.member AND a.destination = r.destination
    AND r.destination_port BETWEEN a.destination_port::INTEGER - ${limits.neighbourDistance} AND a.destination_port::INTEGER + ${limits.neighbourDistance}
    AND r.destination_port <> a.destination_port
  GROUP BY a.until_hour, a.source, a.member, a.destination, a.destination_port HAVING count(DISTINCT r.destination_port) >= ${limits.neighbours}`

const vertical = `SELECT until_hour, source, member, destination, max(amount) AS amount FROM (
    SELECT until_hour, source, member, destination, count(DISTINCT destination_port) AS amount FROM hot.look_target
    WHERE destination IS NOT NULL GROUP BY until_hour, source, member, destination
    HAVING amount >= ${limits.verticalPorts} OR (amount >= ${limits.verticalPortsBesideOpen} AND bool_or(action IN (0, 6)))
    UNION ALL ${besideAllowed}) GROUP BY until_hour, source, member, destination ORDER BY amount DESC LIMIT ${HITS_MAX}`

const horizontal = `SELECT until_hour, source, destination_port AS asked_port, protocol AS asked_protocol, count(DISTINCT (member, destination)) AS amount FROM hot.look
  WHERE destination IS NOT NULL AND destination_port IS NOT NULL GROUP BY until_hour, source, destination_port, protocol
  HAVING amount >= ${limits.horizontalTargets} ORDER BY amount DESC LIMIT ${HITS_MAX}`

const random = `SELECT until_hour, source, count(DISTINCT (member, destination, destination_port)) AS amount FROM hot.look
  ANTI JOIN (SELECT source FROM hot.vertical UNION ALL SELECT source FROM hot.horizontal) USING (source)
  WHERE destination_port IS NOT NULL GROUP BY until_hour, source HAVING amount >= ${limits.randomPairs} ORDER BY amount DESC LIMIT ${HITS_MAX}`

/** What a finding says of one member: `total` is the number of the rule, `amount` the member's part in it. */
export const sums = `max(time) FILTER (${isRefused}) AS refused, min(time) AS first, max(time + coalesce(duration, 0)) AS last, min(source_kind) AS source_kind,
  bool_or(action = 7) AS login, bool_or(action = 6 AND coalesce(protocol = 6, false)) AS detected,
  bool_or(action = 0 AND coalesce(protocol = 6, false)) AS allowed, bool_or(product <> 0) AS known,
  min(destination) AS somewhere, min(destination_kind) AS somewhere_kind,
  list_slice(list(DISTINCT (file::UBIGINT << 32) | batch), 1, ${EVIDENCE_MAX}) AS batches`

export const hitTables = `CREATE OR REPLACE TABLE hot.vertical AS ${vertical}; CREATE OR REPLACE TABLE hot.horizontal AS ${horizontal};
  CREATE OR REPLACE TABLE hot.random AS ${random};
  CREATE OR REPLACE TABLE hot.hit AS SELECT source FROM hot.vertical UNION SELECT source FROM hot.horizontal UNION SELECT source FROM hot.random`

export const scanParts = `CREATE OR REPLACE TABLE hot.scan_part AS
  SELECT 'vertical' AS rule, source, 0::UINTEGER AS detail, member, destination AS target, max(h.amount) AS total, count(DISTINCT destination_port) AS amount, ${sums}
    FROM hot.look_target l JOIN hot.vertical h USING (until_hour, source, member, destination) GROUP BY ALL
  UNION ALL
  SELECT 'horizontal' AS rule, source, arg_max(asked_port, h.amount)::UINTEGER AS detail, member, NULL AS target, max(h.amount) AS total,
    count(DISTINCT destination) AS amount, ${sums} FROM hot.look l JOIN hot.horizontal h USING (until_hour, source)
    WHERE destination_port = asked_port AND protocol IS NOT DISTINCT FROM asked_protocol GROUP BY source, member
  UNION ALL
  SELECT 'random' AS rule, source, 0::UINTEGER AS detail, member, NULL AS target, max(h.amount) AS total,
    count(DISTINCT (destination, destination_port)) AS amount, ${sums} FROM hot.look l JOIN hot.random h USING (until_hour, source) GROUP BY ALL`
