// The exact queries about logins, detections and allowed connections. These are few, and all of them of a day are in hot.attempt,
// so there is no gate: whoever was heard of, or was found to scan, in this round is looked at.
import { adminPorts } from './ports.ts'
import { HITS_MAX } from './prove-scans.ts'
import { limits } from './rules.ts'

const DAY_HOURS = 24

/**
 * Sources and hours of this round that failed to log in or were detected, with their attempts of the day before; `until_hour` is the last
 * hour of that day.
 */
export const triedTables = (round: number): string => `
  CREATE OR REPLACE TABLE hot.tried AS SELECT DISTINCT source, hour AS until_hour FROM hot.attempt WHERE round = ${round} AND action <> 0;
  CREATE OR REPLACE TABLE hot.tried_last AS SELECT source, max(until_hour) AS until_hour FROM hot.tried GROUP BY source;
  CREATE OR REPLACE TABLE hot.day AS SELECT t.until_hour, a.* FROM hot.tried t JOIN hot.attempt a
    ON a.source = t.source AND a.action <> 0 AND a.hour <= t.until_hour AND a.hour + ${DAY_HOURS} > t.until_hour`

const guessing = `SELECT until_hour, source, member, sum(events)::UBIGINT AS amount FROM hot.day WHERE action = 7 AND source_kind < 2
  GROUP BY until_hour, source, member HAVING sum(events) FILTER (hour + 1 >= until_hour) >= ${limits.guesses}
    OR (amount >= ${limits.guessesInDay} AND max(hour) - min(hour) >= ${limits.guessesSpreadHours}) ORDER BY amount DESC LIMIT ${HITS_MAX}`

/** Members at which there were never so many in an hour that it is guessing. */
const sprayedMembers = `SELECT until_hour, source, member FROM (
    SELECT until_hour, source, member, hour, sum(events) AS events FROM hot.day WHERE action = 7 AND source_kind < 2 GROUP BY until_hour, source, member, hour)
  GROUP BY until_hour, source, member HAVING max(events) <= ${limits.sprayedPerHour}`

/** Allowed connections to administration ports: those of this round, and of sources of which failed logins came late. */
const allowed = (round: number): string => `SELECT DISTINCT source, member, destination, destination_port, first, last FROM hot.attempt
  WHERE action = 0 AND source_kind < 2 AND destination_port IN (${adminPorts}) AND (round = ${round} OR source IN (SELECT source FROM hot.tried_last))`

/**
 * Before an allowed connection there were failed logins of its source at this member, or a scan that is known by now. A scan meets open
 * ports on its way: only who comes back after it wants to get in.
 */
const gotIn = `SELECT a.* FROM hot.allowed a JOIN hot.attempt f ON f.source = a.source AND f.member = a.member
    WHERE f.action = 7 AND f.first <= a.last AND f.last + ${limits.gettingInHours * 3600} >= a.first
    GROUP BY ALL HAVING sum(f.events) >= ${limits.triesBeforeGettingIn}
  UNION SELECT a.* FROM hot.allowed a JOIN (SELECT source, member, max(last) AS last FROM hot.scanned GROUP BY ALL) s
    ON s.source = a.source AND s.member = a.member
    WHERE a.first > s.last + ${limits.cameBackSeconds} AND s.last + ${limits.gettingInHours * 3600} >= a.first`

export const attemptHitTables = (
  round: number,
): string => `CREATE OR REPLACE TABLE hot.guessing AS ${guessing}; CREATE OR REPLACE TABLE hot.sprayed_member AS ${sprayedMembers};
  CREATE OR REPLACE TABLE hot.spraying AS SELECT until_hour, source, count(DISTINCT member) AS amount FROM hot.sprayed_member GROUP BY until_hour, source
    HAVING amount >= ${limits.sprayedMembers} ORDER BY amount DESC LIMIT ${HITS_MAX};
  CREATE OR REPLACE TABLE hot.allowed AS ${allowed(round)}; CREATE OR REPLACE TABLE hot.got_in AS ${gotIn}`

const sums = `min(d.first) AS first, max(d.last) AS last, min(source_kind) AS source_kind, bool_or(action = 7) AS login,
  bool_or(action = 6 AND coalesce(protocol = 6, false)) AS detected, bool_or(action = 0 AND coalesce(protocol = 6, false)) AS allowed, bool_or(known) AS known,
  min(d.destination) AS somewhere, min(d.destination_kind) AS somewhere_kind, list_slice(list(DISTINCT (file::UBIGINT << 32) | batch), 1, 64) AS batches`

export const attemptParts = `CREATE OR REPLACE TABLE hot.attempt_part AS
  SELECT 'guessing' AS rule, source, 0::UINTEGER AS detail, member, NULL::UHUGEINT AS target, max(h.amount)::UBIGINT AS total, max(h.amount)::UBIGINT AS amount, ${sums}
    FROM hot.day d JOIN hot.guessing h USING (until_hour, source, member) WHERE action = 7 GROUP BY ALL
  UNION ALL
  SELECT 'spraying' AS rule, source, 0::UINTEGER AS detail, member, NULL AS target, max(h.amount)::UBIGINT AS total, 1::UBIGINT AS amount, ${sums}
    FROM hot.day d JOIN hot.spraying h USING (until_hour, source) SEMI JOIN hot.sprayed_member USING (until_hour, source, member) WHERE action = 7 GROUP BY ALL
  UNION ALL
  SELECT CASE WHEN d.source_kind < 2 THEN 'exploit' ELSE 'detected-inside' END AS rule, source, coalesce(signature, 0) AS detail, member, d.destination AS target,
    sum(events)::UBIGINT AS total, sum(events)::UBIGINT AS amount, ${sums}
    FROM hot.day d SEMI JOIN hot.tried_last USING (source, until_hour) WHERE action = 6 GROUP BY ALL
  UNION ALL
  SELECT 'got-in' AS rule, source, destination_port::UINTEGER AS detail, member, d.destination AS target,
    count(DISTINCT d.first)::UBIGINT AS total, count(DISTINCT d.first)::UBIGINT AS amount, ${sums}
    FROM hot.attempt d SEMI JOIN hot.got_in USING (source, member, destination, destination_port, first) WHERE action = 0 GROUP BY ALL`
