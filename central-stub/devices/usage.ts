// What each device has stored, for the quotas: asked when the database is opened, counted in memory from then on.
import * as z from 'zod'
import { dayStart, type Usage } from '../limits/quotas.ts'
import type { Reader } from '../register/register.ts'

const shape = z
  .object({
    device: z.string(),
    member: z.string(),
    frames: z.number(),
    bytes: z.number(),
    rows: z.number(),
    frames_today: z.number(),
    bytes_today: z.number(),
    rows_today: z.number(),
  })
  .transform(
    ({ frames_today, bytes_today, rows_today, ...row }): Usage => ({
      ...row,
      today: { frames: frames_today, bytes: bytes_today, rows: rows_today },
    }),
  )

// a statement about shed batches is a frame without rows
const sql = `
WITH frames AS (
  SELECT device, stored_at >= $day AS is_today, bytes + length(accounting) AS bytes, rows FROM batches
  UNION ALL SELECT device, stored_at >= $day, 0, 0 FROM sheds)
SELECT d.device, m.name AS member,
  count(f.device) AS frames, coalesce(sum(f.bytes), 0) AS bytes, coalesce(sum(f.rows), 0) AS rows,
  count(*) FILTER (WHERE is_today) AS frames_today, coalesce(sum(f.bytes) FILTER (WHERE is_today), 0) AS bytes_today,
  coalesce(sum(f.rows) FILTER (WHERE is_today), 0) AS rows_today
FROM devices d JOIN members m ON m.id = d.member LEFT JOIN frames f ON f.device = d.id GROUP BY d.id`

export const readUsage = (reader: Reader, now: number): Usage[] => reader.read(shape, sql, { day: dayStart(now) })
