// What each device has stored, for the quotas: asked when the database is opened, counted in memory from then on.
import * as z from 'zod'
import { dayStart, type Usage } from '../limits/quotas.ts'
import { timestamp } from '../store/schema.ts'
import type { Reader } from '../store/store.ts'

const number = z.bigint().transform(Number)
const amounts = { frames: number, bytes: number, rows: number }
const shape = z.object({ device: z.string(), member: z.string(), ...amounts, today: z.object(amounts) })

// a statement about shed batches is a frame without rows
const sql = `
WITH frames AS (
  SELECT device, stored_at >= $day AS is_today, bytes::BIGINT + length(accounting) AS bytes, rows::BIGINT AS rows FROM batches
  UNION ALL SELECT device, stored_at >= $day, 0, 0 FROM sheds)
SELECT d.device, d.member,
  count(f.device) AS frames, coalesce(sum(f.bytes), 0) AS bytes, coalesce(sum(f.rows), 0) AS rows,
  {frames: count(*) FILTER (is_today), bytes: coalesce(sum(f.bytes) FILTER (is_today), 0),
   rows: coalesce(sum(f.rows) FILTER (is_today), 0)} AS today
FROM devices d LEFT JOIN frames f USING (device) GROUP BY ALL`

export const readUsage = (reader: Reader, now: number): Promise<Usage[]> => reader.read(shape, sql, { day: timestamp(dayStart(now)) })
