// After a kill, or a commit of which nobody knows how it ended: batches that are in the files of the hours and not yet in the register, which got no receipt, are put on record, so that
// they get theirs when they are sent again, and are not stored twice. In both stores a device's batches are in the order of its chain, so
// only those beyond the head can be missing.
import * as z from 'zod'
import type { Appended, Arrivals, ArrivedBatch } from '../arrivals/arrivals.ts'
import { moveHead } from '../devices/head.ts'
import type { Register, Transaction } from '../register/register.ts'

/** What the register keeps of a batch. */
export interface BatchRow extends Omit<ArrivedBatch, 'events' | 'deviceUuid' | 'member'> {
  readonly rows: number
}

const bigint = z.bigint().transform(Number)
const blob = z.custom<{ bytes: Uint8Array } | Uint8Array>().transform(value => (value instanceof Uint8Array ? value : value.bytes))
const rowSchema = z.object({
  device: z.number(),
  sequence: bigint,
  hash: blob,
  arrived_at: bigint,
  hour: z.string(),
  rows: z.number(),
  messages: bigint,
  bytes: z.number(),
  accounting: z.string(),
  clock: z.number(),
})
const lastSchema = z.object({ device: z.number(), last: bigint })

/** How many batches were put on record. To be called while nothing is being stored. */
export async function recover(register: Register, arrivals: Arrivals): Promise<number> {
  const heads = new Map(
    register
      .read(z.object({ device: z.int(), sequence: z.int() }), 'SELECT device, sequence FROM heads')
      .map(({ device, sequence }) => [device, sequence]),
  )
  const lasts = await arrivals.read(lastSchema, 'SELECT device, max(sequence) AS last FROM arrivals.batches GROUP BY device')
  let count = 0
  for (const { device, last } of lasts) {
    const head = heads.get(device)
    // a device that the register does not know: it was restored from a backup, and the box will enrol again
    if (head === undefined || last <= head) continue
    const missing = await arrivals.read(
      rowSchema,
      `SELECT device, sequence, hash, arrived_at, hour, rows, messages, bytes, accounting, clock FROM arrivals.batches
        WHERE device = $device AND sequence > $head ORDER BY sequence`,
      { device, head: BigInt(head) },
    )
    register.transact(transaction => {
      for (const { hour, arrived_at, ...row } of missing) enterBatch(transaction, row, { hour, arrivedAt: arrived_at })
    }, 'reserve')
    count += missing.length
  }
  return count
}

export function enterBatch(transaction: Transaction, row: BatchRow, { hour, arrivedAt }: Appended): void {
  const { device, sequence, hash, rows, messages, bytes, accounting, clock } = row
  transaction.run(
    `INSERT INTO batches (device, sequence, hash, stored_at, hour, rows, messages, bytes, accounting, clock)
      VALUES ($device, $sequence, $hash, $arrivedAt, $hour, $rows, $messages, $bytes, $accounting, $clock)`,
    { device, sequence, hash, arrivedAt, hour, rows, messages, bytes, accounting, clock },
  )
  moveHead(transaction, device, { sequence, hash: Buffer.from(hash).toString('hex') })
}
