// Connections in the middle of their streams, on their way from one agent to the next, and how that is written down: a line of JSON
// each, under a checksum. Pure. Which connection a line is about, the kernel's number of the socket says: it stays the same as long as
// anyone has the socket open.
import * as z from 'zod'
import { decodeSummed, encodeSummed } from '../../lib/summed.ts'
import { MESSAGE_MAX_BYTES } from '../source.ts'

/** Where a reader of a stream stands. */
export interface UnfinishedFrame {
  /** Framing, state, where the content begins, count, bytes to skip, and what ended the first line (syslog-frame.ts). */
  readonly numbers: readonly number[]
  /** What came of the message that has not come to its end. */
  readonly held: Buffer
}

export interface KeptConnection {
  readonly descriptor: number
  readonly peer: string
  readonly unfinished: UnfinishedFrame
}

export interface ConnectionKeeper {
  /** Those descriptors that the next agent will be given. To be closed here then, which the peer does not notice. */
  keep(connections: readonly KeptConnection[]): readonly number[]
}

/** Another number means another order of the numbers: what an older or newer reader would take for something else, it leaves. */
const FORMAT = 1
/** A message, and the count before it (syslog-frame.ts). */
const HELD_MAX_BYTES = MESSAGE_MAX_BYTES + 32

/** A count has seven digits at most, and no chunk is longer. */
const length = z.int().min(0).max(1e8)
const recordSchema = z.looseObject({
  format: z.literal(FORMAT),
  socket: z.int().positive(),
  peer: z.string().max(64),
  // the last is a byte, or -1
  numbers: z.tuple([z.int().min(0).max(2), z.int().min(0).max(4), length, length, length, z.int().min(-1).max(255)]),
  held: z.base64().max((HELD_MAX_BYTES / 3) * 4),
})

/** `socket` is the kernel's number of it. */
export const encodeKept = (socket: number, { peer, unfinished: { numbers, held } }: KeptConnection): string =>
  `${encodeSummed({ format: FORMAT, socket, peer, numbers, held: held.toString('base64') })}\n`

/** By the kernel's number of the socket; lines that are not what was written are left out. */
export function decodeKept(text: string): Map<number, Omit<KeptConnection, 'descriptor'>> {
  const lines = text.split('\n').map(line => recordSchema.safeParse(decodeSummed(line)).data)
  return new Map(
    lines.flatMap(line => {
      if (line === undefined) return []
      const { socket, peer, numbers, held } = line
      return [[socket, { peer, unfinished: { numbers, held: Buffer.from(held, 'base64') } }]]
    }),
  )
}
