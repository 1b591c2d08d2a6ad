// A file of the spool: one line of JSON that says what it holds, then the frame as it will be sent. A segment of kind
// `shed` has no frame: it stands for batches that were shed, and has what the signed statement about them needs. Pure.
import * as z from 'zod'

const count = z.int().nonnegative()
const hash = z.string().regex(/^[0-9a-f]{64}$/)

const segmentSchema = z.object({
  kind: z.enum(['batch', 'shed']),
  first: count.min(1),
  last: count.min(1),
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

const HEADER_MAX_BYTES = 4096

export function encodeSegment(segment: Segment, frame: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(segment)}\n`), frame])
}

/** The segment, and where its frame begins in `data`; undefined if it is none. */
export function decodeSegment(data: Uint8Array): { segment: Segment; frameAt: number } | undefined {
  const end = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, HEADER_MAX_BYTES)).indexOf(10)
  if (end < 0) return undefined
  try {
    const read = segmentSchema.safeParse(JSON.parse(Buffer.from(data.subarray(0, end)).toString()))
    return read.success ? { segment: read.data, frameAt: end + 1 } : undefined
  } catch {
    return undefined // not JSON, which means the same as JSON of another form
  }
}

/** Segments sort by name as they sort by sequence. */
export function segmentName(segment: Pick<Segment, 'kind' | 'first' | 'last'>): string {
  const padded = (sequence: number) => String(sequence).padStart(12, '0')
  return segment.kind === 'batch' ? `${padded(segment.first)}.batch` : `${padded(segment.first)}-${padded(segment.last)}.shed`
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
