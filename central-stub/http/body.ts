// Reads the body of a request: bounded in size, counted while it comes in, and given up if its place goes to another.
import type { Readable } from 'node:stream'
import type { Place } from '../limits/places.ts'
import { Refusal } from '../refusals.ts'

/** What gives way, while it comes in or waits for its turn, is told so. */
export const gaveWay = (): Refusal => new Refusal('gave-way', { retryAfterSeconds: GAVE_WAY_SECONDS })

/** Seconds after which one that was too slow for a busy central may try again. */
const GAVE_WAY_SECONDS = 10

/** How many pieces are kept apart at most before they are put together. */
const PIECES_MAX = 256

/** A body may come in a byte at a time, and each piece costs a hundred bytes and more beside its own: they are put together as they come. */
export class Pieces {
  /** Each of `PIECES_MAX` pieces. */
  private readonly joined: Buffer[] = []
  private latest: Buffer[] = []

  push(piece: Buffer): void {
    this.latest.push(piece)
    if (this.latest.length < PIECES_MAX) return
    this.joined.push(Buffer.concat(this.latest))
    this.latest = []
  }

  whole(): Buffer {
    return Buffer.concat([...this.joined, ...this.latest])
  }

  /** How many are kept apart. */
  get count(): number {
    return this.joined.length + this.latest.length
  }
}

/** Refusal body-too-large, gave-way, or body-malformed if it ends early. */
export function readBody(payload: Readable, statedBytes: number, maxBytes: number, place: Place | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (statedBytes > maxBytes) {
      reject(new Refusal('body-too-large'))
      return
    }
    const pieces = new Pieces()
    let size = 0
    let isOver = false
    const end = (refusalOf?: () => Refusal) => {
      if (isOver) return
      isOver = true
      payload.off('data', onData)
      if (place !== undefined) place.giveWay = undefined
      if (refusalOf === undefined) resolve(pieces.whole())
      else reject(refusalOf())
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (place !== undefined) place.receivedBytes = size
      if (size > maxBytes) end(() => new Refusal('body-too-large'))
      else pieces.push(chunk)
    }
    if (place !== undefined) place.giveWay = () => end(gaveWay)
    payload.on('data', onData)
    payload.once('end', () => end())
    // the other side went away in the middle
    payload.once('error', cause => end(() => new Refusal('body-malformed', { cause })))
    payload.once('close', () => end(() => new Refusal('body-malformed')))
  })
}
