// The gate: of which sources of a round an exact look is worth while. A source passes when its sketches say that a rule may hold,
// and again only with a new bit; once it has a finding, with half as many bits or ports more, and what that passes over is looked at
// when the hour is closed. Bits only grow, to 126: however many events a source sends, it is looked at some ten times an hour, and
// that is what makes the cost follow new events.
import { limits } from './rules.ts'
import { gateFor } from './sketch.ts'

/** Part of the scans that just reach a threshold and yet stay outside, until the hour is closed. */
const MISSED = 1e-4
/** The same when the hour is closed: one in a thousand million. */
const MISSED_AT_CLOSE = 1e-9

const isOpen = (missed: number): string =>
  `(bit_count(ports) >= ${gateFor(limits.verticalPorts, missed)} OR bit_count(targets) >= ${gateFor(limits.horizontalTargets, missed)}
    OR bit_count(pairs) >= ${gateFor(limits.randomPairs, missed)})`

/** A scan across the full hour is not cut in two: the sketches of the hour before are added. */
const windows = `SELECT s.source, s.hour, s.gated, s.gated_ports, s.found OR coalesce(p.found, false) AS found, s.ports | coalesce(p.ports, 0) AS ports,
    s.targets | coalesce(p.targets, 0) AS targets, s.pairs | coalesce(p.pairs, 0) AS pairs
  FROM hot.source_hour s SEMI JOIN hot.asked USING (source, hour)
  LEFT JOIN (SELECT source, hour + 1 AS hour, ports, targets, pairs, found FROM hot.source_hour SEMI JOIN hot.asked USING (source)) p
    ON s.source = p.source AND s.hour = p.hour`

/** What came late for an hour may complete the one after it. */
const askedTable = `CREATE OR REPLACE TABLE hot.asked AS SELECT source, hour FROM hot.touched
  UNION SELECT source, hour + 1 FROM hot.touched WHERE hour < seen`

/** The sketches that a round has changed, each with those of the hour before. */
export const windowTable = `${askedTable}; CREATE OR REPLACE TABLE hot.window AS ${windows}`

/** Sources and hours to look at, with the bits that they had. */
export const passTable = `CREATE OR REPLACE TABLE hot.passed AS SELECT source, hour, bits, bit_count(ports)::USMALLINT AS port_bits FROM (
    SELECT *, (bit_count(ports)::INTEGER + bit_count(targets) + bit_count(pairs))::USMALLINT AS bits FROM hot.window)
  WHERE (bits > CASE WHEN found THEN gated * 3 // 2 ELSE gated END
    OR (bit_count(ports)::INTEGER * 2 > gated_ports::INTEGER * 3 AND bit_count(ports) > gated_ports + 2)) AND ${isOpen(MISSED)}`

/**
 * Single addresses to look at: those of sources whose own sketch is full, and those where something of the source was allowed or
 * detected, for there a few ports tell enough.
 */
export const passTargetsTable = `CREATE OR REPLACE TABLE hot.passed_target AS SELECT source, member, destination, hour, bits FROM (
    SELECT source, member, destination, hour, gated, bit_count(ports)::USMALLINT AS bits FROM hot.target_hour SEMI JOIN hot.touched USING (source, hour))
  WHERE bits >= ${gateFor(limits.verticalPorts, MISSED)} AND (gated = 0 OR bits > gated * 3 // 2)
  UNION ALL SELECT source, member, destination, hour, 0::USMALLINT FROM hot.beside
    SEMI JOIN (SELECT source, hour FROM hot.window WHERE bit_count(ports) >= ${gateFor(limits.neighbours + 1, MISSED)}) USING (source, hour)`

/** When an hour is closed: what was found gets its last figures, and what the gate just missed is looked at. */
export const passClosingTable = (
  seen: number,
): string => `CREATE OR REPLACE TABLE hot.asked AS SELECT source, hour FROM hot.source_hour WHERE seen = ${seen};
  CREATE OR REPLACE TABLE hot.passed AS SELECT source, hour, 0::USMALLINT AS bits, 0::USMALLINT AS port_bits FROM (${windows})
  WHERE found OR ${isOpen(MISSED_AT_CLOSE)}`

/** Only at the end of a round that has stored what it found: whatever fails before is looked at again. */
export const markPassed = `UPDATE hot.source_hour SET gated = greatest(hot.source_hour.gated, p.bits), gated_ports = greatest(hot.source_hour.gated_ports, p.port_bits) FROM hot.passed p
    WHERE hot.source_hour.source = p.source AND hot.source_hour.hour = p.hour;
  UPDATE hot.source_hour SET found = true WHERE NOT found AND source IN (SELECT source FROM hot.hit);
  UPDATE hot.target_hour SET gated = greatest(gated, p.bits) FROM hot.passed_target p WHERE hot.target_hour.source = p.source AND hot.target_hour.member = p.member
    AND hot.target_hour.destination = p.destination AND hot.target_hour.hour = p.hour`
