// What the audit log has of collecting and combining: one entry an hour, with numbers only. An entry for each batch or each finding would
// say who was busy when, and for longer than the data itself is kept.
import * as z from 'zod'
import { HOUR_MS } from './calendar.ts'
import { hasTable } from './findings.ts'
import { type Ground, withConnection } from './ground.ts'
import type { AgedHour } from './hours.ts'
import { schemaOf } from './rows.ts'

/** When an hour is closed: how much arrived in it. */
export async function noteCollection({ arrivals, register, audit }: Ground, hour: AgedHour): Promise<void> {
  const schema = schemaOf(hour)
  const [[batches, members, devices, rows]] = await withConnection(arrivals, async connection =>
    (
      await connection.runAndReadAll(`SELECT count(*)::INTEGER, count(DISTINCT member)::INTEGER, count(DISTINCT device)::INTEGER,
        (SELECT count(*)::BIGINT FROM ${schema}.events) FROM ${schema}.batches`)
    ).getRowsJS(),
  )
  register.transact(transaction => {
    const number = audit.record(transaction, 'collection', { hour: hour.name, batches, members, devices, rows: Number(rows) })
    transaction.run('UPDATE arrival_hours SET collected = $number WHERE name = $name', { number, name: hour.name })
  }, 'reserve')
}

const lastSchema = z.object({ entry: z.string() })
const foundSchema = z.object({ rule: z.string(), n: z.number() })

/** How many findings were made of what several sources, hours or members brought, since the last entry. */
export function noteCombination({ register, audit }: Ground, now: number): void {
  if (!hasTable(register, 'findings')) return
  const [last] = register.read(lastSchema, "SELECT entry FROM audit WHERE action = 'combination' ORDER BY number DESC LIMIT 1")
  const from = last === undefined ? now - HOUR_MS : Date.parse(JSON.parse(last.entry).until)
  const sql = 'SELECT rule, count(*) AS n FROM findings WHERE found_at >= $from AND found_at < $now GROUP BY rule ORDER BY rule'
  const found = register.read(foundSchema, sql, { from, now })
  if (found.length === 0) return
  const findings = Object.fromEntries(found.map(({ rule, n }) => [rule, n]))
  register.transact(
    transaction =>
      audit.record(transaction, 'combination', { from: new Date(from).toISOString(), until: new Date(now).toISOString(), findings }),
    'reserve',
  )
}
