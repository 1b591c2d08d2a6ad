// Which parts of findings say something that is not stored yet. Looks come again and again, and most of what they give is known.

/** A part is stored again when it has grown by half. */
const GROWTH = 1.5
/** And after so many seconds, for the time when it was last seen. */
const AGAIN_SECONDS = 6 * 3600
/** Parts that one round stores; of more, the next look brings the rest. */
const NEWS_MAX = 5000

/** Findings are one for a source and a rule, whatever its detail; detections and connections that got in have one for each. */
const detailOf = (p: string): string => `CASE WHEN ${p}.rule IN ('exploit', 'detected-inside', 'got-in') THEN ${p}.detail ELSE 0 END`

export const newsTable = (parts: readonly string[]): string => `CREATE OR REPLACE TABLE hot.news AS
  WITH part AS (${parts.map(one => `SELECT * FROM hot.${one}`).join(' UNION ALL BY NAME ')}),
  before AS (SELECT rule, source, detail, member, target, max(total) AS total, max(amount) AS amount, max(last) AS last
    FROM hot.told SEMI JOIN (SELECT DISTINCT source FROM part) USING (source) GROUP BY ALL)
  SELECT p.* FROM part p LEFT JOIN before b ON b.rule = p.rule AND b.source = p.source AND b.detail = ${detailOf('p')} AND b.member = p.member
    AND b.target = coalesce(p.target, 0)
  WHERE b.rule IS NULL OR p.total >= b.total * ${GROWTH} OR p.amount >= b.amount * ${GROWTH} OR p.last > b.last + ${AGAIN_SECONDS} LIMIT ${NEWS_MAX}`

export const rememberNews = `INSERT INTO hot.told SELECT rule, source, ${detailOf('n')}, member, coalesce(target, 0), total, amount, last FROM hot.news n`
