// Slow scans: the sketches of 30 days say which sources to look at, the events themselves decide.
import { ofScans } from './fresh.ts'
import { type File, HITS_MAX, sums } from './prove-scans.ts'
import { limits } from './rules.ts'
import { gateFor } from './sketch.ts'

/** Sources that are looked at in one round; the others in the next. */
const LOOKS_MAX = 200
const MISSED = 1e-4

export const slowTables = `CREATE TABLE IF NOT EXISTS hot.slow_gated (source UHUGEINT PRIMARY KEY, bits USMALLINT);
  CREATE TABLE IF NOT EXISTS hot.slow_asked (source UHUGEINT)`

export const askSlow = 'INSERT INTO hot.slow_asked SELECT DISTINCT source FROM hot.touched'

/** Who was heard of since the last time, on three days, and has a new bit. `today` is in days since 1970. */
export const passSlow = (today: number): string => `CREATE OR REPLACE TABLE hot.slow_now AS SELECT DISTINCT source FROM hot.slow_asked;
  CREATE OR REPLACE TABLE hot.slow_passed AS SELECT s.source, s.bits FROM (
    SELECT source, (bit_count(bit_or(ports))::INTEGER + bit_count(bit_or(targets)))::USMALLINT AS bits,
      bit_count(bit_or(ports)) >= ${gateFor(limits.slowPorts, MISSED)} OR bit_count(bit_or(targets)) >= ${gateFor(limits.slowTargets, MISSED)} AS open
    FROM (SELECT source, day, ports, targets FROM hot.source_day SEMI JOIN hot.slow_now USING (source)
      UNION ALL SELECT source, hour // 24 AS day, ports, targets FROM hot.source_hour SEMI JOIN hot.slow_now USING (source))
    WHERE day + ${limits.slowWindowDays} > ${today} GROUP BY source HAVING count(DISTINCT day) >= ${limits.slowDays}) s
  LEFT JOIN hot.slow_gated g ON g.source = s.source WHERE s.open AND s.bits > coalesce(g.bits, 0)
    AND s.source NOT IN (SELECT source FROM hot.source_hour WHERE found) LIMIT ${LOOKS_MAX}`

const columns =
  'source, source_kind, member, destination_kind, destination, destination_port, protocol, action, time, duration, product, source_port'

/** `suspect` is the name of the view over what is kept longer, if there is one. Its rows name no batch of a file that is still there. */
const everything = (files: readonly File[], suspect: string | undefined): string =>
  [
    ...files.map(({ schema, file }) => `SELECT ${file}::UINTEGER AS file, batch, ${columns} FROM "${schema}".events`),
    ...(suspect === undefined ? [] : [`SELECT 0::UINTEGER AS file, 0::UINTEGER AS batch, ${columns} FROM ${suspect}`]),
  ].join(' UNION ALL ')

export const lookSlow = (files: readonly File[], suspect: string | undefined, today: number): string => `
  CREATE OR REPLACE TABLE hot.look_slow AS SELECT * FROM (${everything(files, suspect)}) SEMI JOIN hot.slow_passed USING (source)
    WHERE time >= ${(today - limits.slowWindowDays) * 86_400} AND ${ofScans};
  CREATE OR REPLACE TABLE hot.slow AS SELECT source, greatest(count(DISTINCT destination_port), count(DISTINCT (member, destination))) AS amount FROM hot.look_slow
    GROUP BY source HAVING count(DISTINCT time // 86400) >= ${limits.slowDays} AND (count(DISTINCT destination_port) >= ${limits.slowPorts}
      OR count(DISTINCT (member, destination)) >= ${limits.slowTargets}) ORDER BY amount DESC LIMIT ${HITS_MAX}`

export const slowParts = `CREATE OR REPLACE TABLE hot.slow_part AS SELECT 'slow' AS rule, source, 0::UINTEGER AS detail, member, NULL::UHUGEINT AS target, max(h.amount)::UBIGINT AS total,
  greatest(count(DISTINCT destination_port), count(DISTINCT destination))::UBIGINT AS amount, ${sums} FROM hot.look_slow JOIN hot.slow h USING (source) GROUP BY ALL`

/** Who passed was looked at; who did not pass waits for its next event. */
export const markSlow = `INSERT INTO hot.slow_gated SELECT source, bits FROM hot.slow_passed ON CONFLICT (source) DO UPDATE SET bits = excluded.bits;
  DELETE FROM hot.slow_asked WHERE (SELECT count(*) FROM hot.slow_passed) < ${LOOKS_MAX}`
