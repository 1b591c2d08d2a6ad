// Steps of a round that take in what is new: events into sketches a source and hour, and attempts (logins, detections, allowed
// connections to administration ports) into sums. SQL text only; correlator.ts runs it.
import { adminPorts, isAnswer } from './ports.ts'
import { sketchOf } from './sketch.ts'

export interface Part {
  /** Name of the attached file. */
  readonly schema: string
  /** Hour of arrival since 1970. */
  readonly file: number
  /** Numbers of batches in the file, the first one excluded. */
  readonly after: number
  readonly upTo: number
}

const columns = `member, time, duration, product, action, protocol, rule, source_kind, source, source_port, destination_kind, destination, destination_port, count`

/** The events of a round, with the file each lies in. */
export const freshTable = ({ schema, file, after, upTo }: Part): string => `CREATE OR REPLACE TABLE hot.fresh AS
  SELECT ${file}::UINTEGER AS file, batch, ${columns} FROM "${schema}".events
  WHERE batch > ${after} AND batch <= ${upTo} AND source IS NOT NULL`

/** Which events the rules about scans look at: of a source outside, and no answer of a server. */
export const ofScans = `source_kind < 2 AND coalesce(action NOT IN (5, 7), true) AND NOT coalesce(${isAnswer}, false)`

/** One row for each source and hour of the round. */
export const touchedTable = (salt: bigint, from = 'hot.fresh'): string => `CREATE OR REPLACE TABLE hot.touched AS
  SELECT source, time // 3600 AS hour, ${sketchOf('destination_port', salt)} AS ports, ${sketchOf('member, destination', salt)} AS targets,
    ${sketchOf('member, destination, destination_port', salt)} AS pairs, ${sketchOf('member', salt)} AS members,
    max(file) AS seen
  FROM ${from} WHERE ${ofScans} GROUP BY ALL`

export const mergeTouched = `INSERT INTO hot.source_hour BY NAME SELECT * FROM hot.touched ON CONFLICT (source, hour) DO UPDATE SET
  ports = ports | excluded.ports, targets = targets | excluded.targets, pairs = pairs | excluded.pairs, members = members | excluded.members,
  seen = excluded.seen`

/** From so many bits on, one sketch of ports says little of a single address. */
const MANY_PORTS = 90

/** A source whose sketch fills up could hide the sweep of one address behind its other traffic: such sources get a sketch for each address. */
export const mergeTargets = (salt: bigint): string => `INSERT INTO hot.target_hour BY NAME
  SELECT source, member, destination, time // 3600 AS hour, ${sketchOf('destination_port', salt)} AS ports, max(file) AS seen
  FROM hot.fresh SEMI JOIN (SELECT source FROM hot.window WHERE bit_count(ports) >= ${MANY_PORTS}) USING (source)
  WHERE destination IS NOT NULL AND ${ofScans} GROUP BY ALL
  ON CONFLICT (source, member, destination, hour) DO UPDATE SET ports = ports | excluded.ports, seen = excluded.seen`

/** Where something of a source was allowed or detected, and what came of such a source for such an address in this round. */
export const besideTables = `INSERT INTO hot.open_target SELECT source, member, destination, max(file) FROM hot.fresh
    WHERE action IN (0, 6) AND destination IS NOT NULL AND ${ofScans} GROUP BY ALL;
  CREATE OR REPLACE TABLE hot.beside AS SELECT DISTINCT source, member, destination, time // 3600 AS hour FROM hot.fresh
    SEMI JOIN hot.open_target USING (source, member, destination) WHERE ${ofScans}`

/** Attempts of a round. What an earlier try of the same round left is removed, so that nothing counts twice. */
export const addAttempts = (round: number): string => `DELETE FROM hot.attempt WHERE round = ${round};
  INSERT INTO hot.attempt BY NAME SELECT ${round}::UINTEGER AS round, source, source_kind, member, destination_kind, destination, destination_port, protocol, action,
    rule AS signature, time // 3600 AS hour, max(file) AS seen, sum(count)::UBIGINT AS events, min(time) AS first,
    max(time + coalesce(duration, 0)) AS last, bool_or(product <> 0) AS known, max(file) AS file, max(batch) AS batch
  FROM hot.fresh WHERE action IN (6, 7) OR (action = 0 AND destination_port IN (${adminPorts})) GROUP BY ALL`

/** Attempts that differ in their round only become one row. */
export const compactAttempts = `SELECT 0::UINTEGER AS round, source, source_kind, member, destination_kind, destination, destination_port, protocol, action, signature, hour, max(seen) AS seen,
    sum(events)::UBIGINT AS events, min(first) AS first, max(last) AS last, bool_or(known) AS known, max(file) AS file, max(batch) AS batch
  FROM hot.attempt GROUP BY ALL`
