// What the ledger records, and how a line of it is made and checked. Each line is JSON and names the SHA-256 of the line
// before it, so that a line cannot be changed, taken out or put in without breaking the chain behind it.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { emptyCounts, inputNames, type RowsByInput, type Totals } from './accounting.ts'

const count = z.int().nonnegative()
// a ledger that was begun before there was an input knows nothing of it
const countOrNone = count.default(0)
const rowsShape = z.object(Object.fromEntries(inputNames.map(name => [name, countOrNone])) as Record<keyof RowsByInput, typeof countOrNone>)
const countsShape = z.object({
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
const countsOrNone = countsShape.default(emptyCounts)
const totalsShape = z.object(Object.fromEntries(inputNames.map(name => [name, countsOrNone])) as Record<keyof Totals, typeof countsOrNone>)

const entryShape = z.discriminatedUnion('kind', [
  /** First line of a file: all that is needed to go on without the files before. */
  z.object({
    kind: z.literal('begin'),
    totals: totalsShape,
    sequence: count,
    receipted: count,
    hash: z.string(),
    device: z.string(),
    enrolment: z.string(),
  }),
  /** A batch was closed. `body` is the packed batch, base64: what leaves, to the byte, before it is sealed. */
  z.object({
    kind: z.literal('batch'),
    sequence: count,
    rows: count,
    messages: count,
    byInput: rowsShape,
    value: count,
    totals: totalsShape,
    body: z.string(),
  }),
  /** Everything up to `sequence`, whose frame has `hash`, is settled: central's signed word on it, whole. */
  z.object({
    kind: z.literal('receipt'),
    sequence: count,
    rows: count,
    byInput: rowsShape,
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
  /** Rows that will never be sent. Of a signed statement to central `first` to `last` are its batches; 0 if they were in none. */
  z.object({ kind: z.literal('shed'), first: count, last: count, byInput: rowsShape, reason: z.string() }),
  /** Where counts stood while no batch was closed. */
  z.object({ kind: z.literal('counts'), totals: totalsShape }),
  /** The box was enrolled; from here on the chain stands as said. */
  z.object({ kind: z.literal('enrolled'), device: z.string(), enrolment: z.string(), sequence: count, receipted: count, hash: z.string() }),
  z.object({ kind: z.literal('start'), version: z.string(), afterCleanStop: z.boolean() }),
  z.object({ kind: z.literal('stop'), totals: totalsShape }),
])

export type LedgerEntry = z.infer<typeof entryShape>
const lineShape = z.object({ at: z.string(), previous: z.string(), entry: entryShape })
export type LedgerLine = z.infer<typeof lineShape>

export const CHAIN_START = '0'.repeat(64)

export const hashOfLine = (line: string): string => createHash('sha256').update(line).digest('hex')

/** One line without its line feed. */
export function encodeLine(entry: LedgerEntry, previous: string, at: Date): string {
  return JSON.stringify({ at: at.toISOString(), previous, entry })
}

/** The line, or undefined if it is none. */
export function decodeLine(line: string): LedgerLine | undefined {
  try {
    const read = lineShape.safeParse(JSON.parse(line))
    return read.success ? read.data : undefined
  } catch {
    return undefined // not JSON: the same to the reader as JSON of another shape
  }
}
