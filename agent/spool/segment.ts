// A file of the spool: one line of JSON that says what it holds, then the frame as it will be sent. A segment of kind
// `shed` has no frame: it stands for batches that were shed, and has what the signed statement about them needs. Pure.
// The line is under a checksum (lib/summed.ts) and has the frame's, so that a changed byte is never acted upon. What a newer
// version adds can be passed over: members that are not known, and kinds that are not known. Of those the ones that have what a
// batch has stand in the chain and are sent like it; all others stay where they are, and count as spooled.
import * as z from 'zod'
import { decodeSummed, encodeSummed, isSummed, sumOf } from '../lib/summed.ts'

const count = z.int().nonnegative()
const hash = z.string().regex(/^[0-9a-f]{64}$/)
/** No frame has room for twice as many, and nobody gets there by one batch every two seconds. */
const sequence = z
  .int()
  .min(1)
  .max(2 ** 47)

const segmentSchema = z.object({
  /** `batch`, `shed`, or what a newer version brings. */
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,15}$/),
  first: sequence,
  last: sequence,
  rows: count,
  messages: count,
  byInput: z.record(z.string(), count),
  /** 1 blocked traffic, 2 more valuable; the lower is shed first when space is short. */
  value: count,
  /** Hash of the frame before `first`, and of the frame `last`. */
  previous: hash,
  hash,
})

export type Segment = Readonly<z.infer<typeof segmentSchema>>

const headerSchema = segmentSchema
  .extend({ frame: z.object({ bytes: count, sum: z.string() }).optional() })
  .refine(({ kind, first, last }) => last >= first && (kind !== 'batch' || last === first))

const HEADER_MAX_BYTES = 4096

export function encodeSegment(segment: Segment, frame: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${encodeSummed({ ...segment, frame: { bytes: frame.length, sum: sumOf(frame) } })}\n`), frame])
}

export interface Header {
  readonly segment: Segment
  readonly frameAt: number
  /** Length of the whole segment; an older version does not say it. */
  readonly bytes: number | undefined
  /** True if its checksum is right; a line of an older version has none. */
  readonly isProven: boolean
  /** True of the frame that was written behind this line. */
  fits(frame: Uint8Array): boolean
}

/** What the first line says; `damaged` if it is not what was written, `unknown` if only a newer release can read it. */
export function decodeSegment(data: Uint8Array): Header | 'damaged' | 'unknown' {
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, HEADER_MAX_BYTES))
  const end = head.indexOf(10)
  const line = head.toString('utf8', 0, Math.max(0, end))
  const { data: read } = headerSchema.safeParse(decodeSummed(line))
  const isProven = isSummed(line)
  if (read === undefined) return isProven ? 'unknown' : 'damaged'
  const { frame: stated, ...segment } = read
  const fits = (frame: Uint8Array) => stated === undefined || (frame.length === stated.bytes && sumOf(frame) === stated.sum)
  return { segment, frameAt: end + 1, bytes: stated && end + 1 + stated.bytes, isProven, fits }
}

const newerSchema = z.object({ byInput: z.record(z.string(), count) })

/** Rows of a segment that is `unknown`, if it says so. */
export function rowsOfUnknown(data: Uint8Array): Readonly<Record<string, number>> {
  const [line] = Buffer.from(data).toString('utf8').split('\n', 1)
  return newerSchema.safeParse(decodeSummed(line)).data?.byInput ?? {}
}

/** Segments sort by name as they sort by sequence. */
export function segmentName(segment: Pick<Segment, 'kind' | 'first' | 'last'>): string {
  const padded = (sequence: number) => String(sequence).padStart(12, '0')
  const isRange = segment.kind === 'shed' || segment.last > segment.first
  return `${padded(segment.first)}${isRange ? `-${padded(segment.last)}` : ''}.${segment.kind}`
}

/** One statement for two neighbours: everything from the first of `left` to the last of `right` was shed. */
export function joinShed(left: Segment, right: Segment): Segment {
  const byInput: Record<string, number> = { ...left.byInput }
  for (const [name, rows] of Object.entries(right.byInput)) byInput[name] = (byInput[name] ?? 0) + rows
  return {
    kind: 'shed',
    first: left.first,
    last: right.last,
    rows: left.rows + right.rows,
    messages: left.messages + right.messages,
    byInput,
    value: 0,
    previous: left.previous,
    hash: right.hash,
  }
}
