// What stands behind findings: the batches they come from, the boxes that sent these, and how many members saw a source.
import * as z from 'zod'
import type { CorrelatorContext } from './context.ts'
import { fileNumber, HOUR_MS, schemaOf } from './hour-files.ts'
import type { PartRow, Sent } from './sightings.ts'

const counter = z.union([z.bigint(), z.number()]).transform(Number)
const sentSchema = z.object({ batch: counter, device: counter, sequence: counter, clock: counter.nullable() })
const reachSchema = z.object({ source: z.bigint(), reach: counter })
const enrolledSchema = z.object({ enrolled_at: z.number() })

export class Evidence {
  private readonly context: CorrelatorContext
  /** When devices were enrolled. */
  private readonly enrolled = new Map<number, number>()

  constructor(context: CorrelatorContext) {
    this.context = context
  }

  /** The batches of the rows: their device, number and clock. */
  async sentIn(rows: readonly PartRow[]): Promise<Map<bigint, Sent>> {
    const { hot, hours, now } = this.context
    const sent = new Map<bigint, Sent>()
    const wanted = new Set(rows.flatMap(({ batches }) => batches))
    const attached = await hot.attached()
    for (const hour of hours().filter(one => attached.has(schemaOf(one)))) {
      const file = BigInt(fileNumber(hour)) << 32n
      const numbers = [...wanted].filter(one => one >> 32n === file >> 32n).map(one => one & 0xffffffffn)
      if (numbers.length === 0) continue
      const sql = `SELECT batch, device, sequence, clock FROM "${schemaOf(hour)}".batches WHERE batch IN (${numbers.join(', ')})`
      for (const { batch, device, sequence, clock } of await hot.read(sentSchema, sql))
        sent.set(file | BigInt(batch), { device, sequence, clock: clock ?? 0, ageMs: now() - this.enrolledAt(device) })
    }
    return sent
  }

  private enrolledAt(device: number): number {
    const known = this.enrolled.get(device)
    if (known !== undefined) return known
    const [row] = this.context.register.read(enrolledSchema, 'SELECT enrolled_at FROM devices WHERE id = $device', { device })
    const at = row?.enrolled_at ?? this.context.now()
    if (row !== undefined) this.enrolled.set(device, at)
    return at
  }

  /** How many members saw each source: in bits, so never too many; attempts are counted. */
  async reach(): Promise<Map<bigint, number>> {
    const day = Math.floor(this.context.now() / (24 * HOUR_MS))
    const found = await this.context.hot.read(
      reachSchema,
      `WITH wanted AS (SELECT DISTINCT source FROM hot.news)
       SELECT source, max(reach) AS reach FROM (
         SELECT source, bit_count(bit_or(members))::BIGINT AS reach FROM (
           SELECT source, members FROM hot.source_hour SEMI JOIN wanted USING (source)
           UNION ALL SELECT source, members FROM hot.source_day SEMI JOIN wanted USING (source) WHERE day + 7 > ${day}) GROUP BY source
         UNION ALL SELECT source, count(DISTINCT member) FROM hot.attempt SEMI JOIN wanted USING (source) GROUP BY source) GROUP BY source`,
    )
    return new Map(found.map(({ source, reach }) => [source, reach]))
  }
}
