// What the ledger records, and how a line of it is made and checked. Each line is JSON and names the SHA-256 of the line
// before it, so that a line cannot be changed, taken out or put in without breaking the chain after it. A checksum in the line
// tells what a disk changed, in the last line too. What a newer release adds is kept: kinds of entries are passed over, and members,
// inputs and places of the counts are written again with the rest (decision 0024).
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { decodeSummed, encodeSummed, isSummed } from '../lib/summed.ts'
import { emptyCounts, type InputCounts, inputNames, type Losses, noLosses, type RowsByInput, type Totals } from './accounting.ts'

const count = z.int().nonnegative()
// an older ledger lacks inputs that were added later
const countOrNone = count.default(0)
const rowsSchema: z.ZodType<RowsByInput> = z
  .object(Object.fromEntries(inputNames.map(name => [name, countOrNone])) as Record<keyof RowsByInput, typeof countOrNone>)
  .catchall(count)
const lossesSchema: z.ZodType<Losses> = z.looseObject({
  kernel: countOrNone,
  connections: countOrNone,
  bytes: countOrNone,
  deafMs: countOrNone,
})
const countsSchema: z.ZodType<InputCounts> = z.looseObject({
  received: count,
  merged: count,
  dropped: z.record(z.string(), count),
  ignored: count,
  unreadable: count,
  waiting: count,
  spooled: count,
  sent: count,
  shed: count,
  lost: lossesSchema.default(noLosses),
})
const countsOrNone = countsSchema.default(emptyCounts)
const totalsSchema: z.ZodType<Totals> = z
  .object(Object.fromEntries(inputNames.map(name => [name, countsOrNone])) as Record<keyof Totals, typeof countsOrNone>)
  .catchall(countsSchema)

const byName = z.record(z.string(), count)
/**
 * Until when the agent listened, and where the numbers of the kernel stood: with these the next agent knows what was lost between.
 * Only an agent that listens writes it.
 */
const heardSchema = z.looseObject({
  /** ms since 1970, and s since the machine was started: a clock can jump, and a machine can be switched off. */
  at: z.number(),
  uptime: z.number(),
  /** What the kernel had dropped at the UDP socket since that was opened. */
  drops: count.optional(),
  /** By group of the packet log: the number of the last packet. */
  sequences: byName.optional(),
  /** By input: connections that were open, which an agent that is killed cuts; after a stop those that were left to the next. */
  connections: byName.optional(),
})
export type Heard = z.infer<typeof heardSchema>

/** Where a ledger stands: what follows from all entries before. What was added later is optional: an older ledger lacks it. */
export const standSchema = z.looseObject({
  totals: totalsSchema,
  sequence: count,
  receipted: count,
  hash: z.string(),
  device: z.string(),
  enrolment: z.string(),
  heard: heardSchema.optional(),
  sockets: byName.optional(),
  unreported: byName.optional(),
})

/**
 * The open batch as it was some seconds ago, and to which enrolment it belongs: what `delivery/kept-batch.ts` has on the disk
 * while it fills. The members are those of the entry that it becomes; `accounting` is in its body too.
 */
export const keptBatchSchema = z.object({
  sequence: count,
  rows: count,
  messages: count,
  byInput: rowsSchema,
  value: count,
  body: z.string(),
  heard: heardSchema,
  accounting: byName,
  enrolment: z.string(),
})
export type KeptBatch = Readonly<z.infer<typeof keptBatchSchema>>

const entrySchema = z.discriminatedUnion('kind', [
  /** First line of a file, so that the files before are not needed; `number` is the file's. */
  standSchema.extend({ kind: z.literal('begin'), number: count.optional() }),
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
    heard: heardSchema.optional(),
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
  z.object({ kind: z.literal('counts'), totals: totalsSchema, heard: heardSchema.optional() }),
  /** The box was enrolled; the chain goes on from this state. */
  z.object({ kind: z.literal('enrolled'), device: z.string(), enrolment: z.string(), sequence: count, receipted: count, hash: z.string() }),
  /**
   * An agent listens. `sockets`: by input, the kernel's number of the socket that systemd holds, 0 where it is the agent's own.
   * `deafMs`: how long nobody had listened.
   */
  z.object({
    kind: z.literal('start'),
    version: z.string(),
    afterCleanStop: z.boolean(),
    sockets: byName.optional(),
    deafMs: byName.optional(),
  }),
  /** `unreported`: what was counted since the last batch, which the next agent tells central. */
  z.object({ kind: z.literal('stop'), totals: totalsSchema, heard: heardSchema.optional(), unreported: byName.optional() }),
])

export type LedgerEntry = z.infer<typeof entrySchema>
/** Written by a newer release; `name` is its kind. */
const unknownSchema = z.object({ kind: z.string() }).transform(({ kind }) => ({ kind: 'unknown' as const, name: kind }))
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
