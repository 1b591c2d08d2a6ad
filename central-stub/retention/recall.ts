// Recall: a member takes rows back that should never have been sent (a test of its own, a gateway set up wrongly). It names them by
// gateway, time and rule. They leave every file at once, that of the open hour included, and findings lose what rests on them.
// What arrives later is not covered: the set is of what central has.
import * as z from 'zod'
import { eraseMember } from './findings.ts'
import { type ArrivalHour, type Ground, sha256Of, withConnection } from './ground.ts'
import { reasons } from './policy.ts'
import { quoted, type RecalledSet, recalledRows, schemaOf } from './rows.ts'
import { prepare, type Statement, signErasure } from './statements.ts'
import type { SuspectFiles } from './suspect-files.ts'

export type { RecalledSet } from './rows.ts'

const policy = { policy: 'recall', reason: reasons.recalled } as const
const openSchema = z
  .object({
    id: z.number(),
    member: z.number(),
    gateway: z.number().nullable(),
    rule: z.number().nullable(),
    first_second: z.number(),
    last_second: z.number(),
  })
  .transform(({ first_second, last_second, ...rest }) => ({ ...rest, first: first_second, last: last_second }))

/** On the disk when it returns: a recall that was cut short goes on at the next start. */
export function askRecall({ register, audit }: Ground, set: RecalledSet, now: number): void {
  register.transact(transaction => {
    transaction.run(
      `INSERT INTO recalls (member, gateway, rule, first_second, last_second, asked_at) VALUES ($member, $gateway, $rule, $first, $last, $now)`,
      { ...set, now },
    )
    audit.record(transaction, 'alteration', { recall: set })
  }, 'reserve')
}

/** Does what was asked and is not done. How many rows went. */
export async function doRecalls(ground: Ground, files: SuspectFiles, hours: readonly ArrivalHour[], now: number): Promise<number> {
  let rows = 0
  for (const { id, ...set } of ground.register.read(openSchema, 'SELECT * FROM recalls WHERE done_at IS NULL ORDER BY id')) {
    const condition = recalledRows([set])
    const pairs = await touchedSources(ground, files, hours, condition, set.member)
    for (const file of files.live()) {
      const count = await matching(ground, `read_parquet(${quoted(files.path(file.name))})`, condition)
      if (count > 0) await files.replace([file], `NOT (${condition})`, policy)
      rows += count
    }
    for (const hour of hours) {
      const count = await matching(ground, `${schemaOf(hour)}.events`, condition)
      const file = `arrivals/${hour.name}.duckdb, rows of recall ${id}`
      if (count > 0) rows += await rewriteHour(ground, hour, condition, file)
      // also if a kill came between the two
      signErasure(ground, file)
    }
    eraseMember(ground, pairs, policy)
    ground.register.transact(transaction => transaction.run('UPDATE recalls SET done_at = $now WHERE id = $id', { now, id }), 'reserve')
    ground.register.checkpoint()
  }
  return rows
}

function matching(ground: Ground, relation: string, condition: string): Promise<number> {
  return withConnection(ground.arrivals, async connection => {
    const result = await connection.runAndReadAll(`SELECT count(*)::BIGINT FROM ${relation} WHERE ${condition}`)
    return Number(result.getRowsJS()[0][0])
  })
}

/** Sources of the rows, so that findings about them at this member are looked for. */
async function touchedSources(
  ground: Ground,
  files: SuspectFiles,
  hours: readonly ArrivalHour[],
  condition: string,
  member: number,
): Promise<{ source: Uint8Array; member: number }[]> {
  const relations = hours.map(hour => `SELECT source FROM ${schemaOf(hour)}.events WHERE ${condition}`)
  const names = files.live().map(({ name }) => name)
  if (names.length > 0)
    relations.push(
      `SELECT source_high::UHUGEINT * 18446744073709551616 + source_low AS source FROM (${files.relation(names)}) WHERE ${condition}`,
    )
  if (relations.length === 0) return []
  return withConnection(ground.arrivals, async connection => {
    const sql = `SELECT DISTINCT lpad(hex(source), 32, '0') FROM (${relations.join(' UNION ALL ')}) WHERE source IS NOT NULL`
    return (await connection.runAndReadAll(sql)).getRowsJS().map(([hex]) => ({ source: Buffer.from(String(hex), 'hex'), member }))
  })
}

/** The file keeps its name, so its statement is prepared under another: it is signed when the rows are not in it any more. */
async function rewriteHour(ground: Ground, hour: ArrivalHour, condition: string, file: string): Promise<number> {
  const { arrivals, register } = ground
  const schema = schemaOf(hour)
  let gone = 0
  await arrivals.replace(hour.name, async (connection, draft) => {
    const [[before, matched]] = (
      await connection.runAndReadAll(`SELECT count(*)::BIGINT, count(*) FILTER (WHERE ${condition})::BIGINT FROM ${schema}.events`)
    ).getRowsJS()
    const sha256 = await sha256Of(hour.path, `${hour.path}.wal`)
    const nothing = { rootBefore: null, rootAfter: null, into: null }
    const [rowsBefore, rowsAfter] = [Number(before), Number(before) - Number(matched)]
    const statement: Statement = { ...policy, file, sha256Before: sha256?.toString('hex') ?? null, rowsBefore, rowsAfter, ...nothing }
    await connection.run(`ATTACH ${quoted(draft)} AS rewritten`)
    try {
      await connection.run(`COPY FROM DATABASE ${schema} TO rewritten (SCHEMA)`)
      for (const table of ['batches', 'reasons']) await connection.run(`INSERT INTO rewritten.${table} SELECT * FROM ${schema}.${table}`)
      await connection.run(`INSERT INTO rewritten.events SELECT * FROM ${schema}.events WHERE NOT coalesce(${condition}, false)`)
      await connection.run('CHECKPOINT rewritten')
    } finally {
      await connection.run('DETACH rewritten')
    }
    register.transact(transaction => prepare(transaction, statement), 'reserve')
    gone = Number(matched)
    ground.onStep?.('replace')
  })
  ground.onStep?.('sign')
  return gone
}
