// What the ledger records, and how a line of it is made and checked. Each line is JSON and names the SHA-256 of the line
// before it, so that a line cannot be changed, taken out or put in without breaking the chain after it. A checksum in the line
// tells what a disk changed, in the last line too. Kinds that a newer version adds are kept, and passed over.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { decodeSummed, encodeSummed, isSummed } from '../lib/summed.ts'
import { emptyCounts, inputNames, type RowsByInput, type Totals } from './accounting.ts'

const count = z.int().nonnegative()
// an older ledger lacks inputs that were added later
const countOrNone = count.default(0)
const rowsSchema = z.object(
  Object.fromEntries(inputNames.map(name => [name, countOrNone])) as Record<keyof RowsByInput, typeof countOrNone>,
)
const countsSchema = z.object({
  received: count,
  merged: count,
  dropped: z.record(z.string(), count),
  ignored: count,
  unreadable: count,
  waiting: count,
  spooled: count,
  sent: count,
  shed: count,
})
const countsOrNone = countsSchema.default(emptyCounts)
const totalsSchema = z.object(Object.fromEntries(inputNames.map(name => [name, countsOrNone])) as Record<keyof Totals, typeof countsOrNone>)

/** Where a ledger stands: what follows from all entries before. */
export const standSchema = z.object({
  totals: totalsSchema,
  sequence: count,
  receipted: count,
  hash: z.string(),
  device: z.string(),
  enrolment: z.string(),
})

const entrySchema = z.discriminatedUnion('kind', [
  /** First line of a file, so that the files before are not needed. */
  standSchema.extend({ kind: z.literal('begin') }),
  /** A batch was closed. `body` is the packed batch, base64: exactly the bytes that are sealed and sent. */
  z.object({
    kind: z.literal('batch'),
    sequence: count,
    rows: count,
    messages: count,
    byInput: rowsSchema,
    value: count,
    totals: totalsSchema,
    body: z.string(),
  }),
  /** Central acknowledged everything up to `sequence`, whose frame has `hash`; `receipt` is its signed receipt. */
  z.object({
    kind: z.literal('receipt'),
    sequence: count,
    rows: count,
    byInput: rowsSchema,
    hash: z.string(),
    receipt: z.object({
      device: z.string(),
      sequence: count,
      hash: z.string(),
      storedAt: z.string(),
      key: z.string(),
      signature: z.string(),
    }),
  }),
  /** Rows that will never be sent, and the counts then. Of a signed statement to central `first` to `last` are its batches; 0 if they were in none. */
  z.object({
    kind: z.literal('shed'),
    first: count,
    last: count,
    byInput: rowsSchema,
    reason: z.string(),
    totals: totalsSchema.optional(),
  }),
  /** The counts at a time when no batch was closed. */
  z.object({ kind: z.literal('counts'), totals: totalsSchema }),
  /** The box was enrolled; the chain goes on from this state. */
  z.object({ kind: z.literal('enrolled'), device: z.string(), enrolment: z.string(), sequence: count, receipted: count, hash: z.string() }),
  z.object({ kind: z.literal('start'), version: z.string(), afterCleanStop: z.boolean() }),
  z.object({ kind: z.literal('stop'), totals: totalsSchema }),
])

export type LedgerEntry = z.infer<typeof entrySchema>
/** Written by a newer version. */
const unknownSchema = z.object({ kind: z.string().transform(() => 'unknown' as const) })
const lineSchema = z.object({ at: z.string(), previous: z.string(), entry: entrySchema })
const newerSchema = z.object({ at: z.string(), previous: z.string(), entry: unknownSchema })
export type LedgerLine = z.infer<typeof lineSchema> | z.infer<typeof newerSchema>

export const CHAIN_START = '0'.repeat(64)

export const hashOfLine = (line: string): string => createHash('sha256').update(line).digest('hex')

/** One line without its line feed. */
export const encodeLine = (entry: LedgerEntry, previous: string, at: Date): string =>
  encodeSummed({ at: at.toISOString(), previous, entry })

/** The line, or undefined if it is none, or not what was written. */
export function decodeLine(line: string): LedgerLine | undefined {
  const value = decodeSummed(line)
  return lineSchema.safeParse(value).data ?? (isSummed(line) ? newerSchema.safeParse(value).data : undefined)
}
