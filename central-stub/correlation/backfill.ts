// What is older than the hours that rounds take in, read once after a start: attempts of a day, and the sketches of 30 days for slow
// scans. One file or day at a time, between rounds.

import { ofScans } from './fresh.ts'
import { adminPorts } from './ports.ts'
import { sketchOf } from './sketch.ts'

const DAY_S = 86_400

/** The sketches of what a table or view holds, with a condition. A row a source and day. */
const daysOf = (from: string, where: string, salt: bigint): string => `INSERT INTO hot.source_day
  SELECT source, (time // ${DAY_S})::USMALLINT AS day, ${sketchOf('destination_port', salt)}, ${sketchOf('member, destination', salt)}, ${sketchOf('member', salt)}
  FROM ${from} WHERE source IS NOT NULL AND ${ofScans} AND ${where} GROUP BY source, day`

/** An hour file; `file` is its hour since 1970, `day` the present one: what says that it is of another month is passed over. */
export const backfillHour = (schema: string, file: number, day: number, salt: bigint): string => `
  ${daysOf(`"${schema}".events`, `time BETWEEN ${(day - 30) * DAY_S} AND ${(day + 2) * DAY_S}`, salt)};
  INSERT INTO hot.attempt BY NAME SELECT 0::UINTEGER AS round, source, source_kind, member, destination_kind, destination, destination_port, protocol, action,
    rule AS signature, time // 3600 AS hour, ${file}::UINTEGER AS seen, sum(count)::UBIGINT AS events, min(time) AS first,
    max(time + coalesce(duration, 0)) AS last, bool_or(product <> 0) AS known, ${file}::UINTEGER AS file, max(batch) AS batch
  FROM "${schema}".events WHERE source IS NOT NULL AND (action IN (6, 7) OR (action = 0 AND destination_port IN (${adminPorts}))) GROUP BY ALL`

/** A day of what is kept for longer, in days since 1970. */
export const backfillDay = (view: string, day: number, salt: bigint): string =>
  daysOf(view, `time >= ${day * DAY_S} AND time < ${(day + 1) * DAY_S}`, salt)
