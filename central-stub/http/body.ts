// Reads the body of a request: bounded in size, counted while it comes in, and given up if its place goes to another.
import type { Readable } from 'node:stream'
import type { Place } from '../limits/places.ts'
import { Refusal } from '../refusals.ts'

/** Seconds after which one that was too slow for a busy central may try again. */
const GAVE_WAY_SECONDS = 10

/** Refusal body-too-large, gave-way, or body-malformed if it ends early. */
export function readBody(payload: Readable, statedBytes: number, maxBytes: number, place: Place | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (statedBytes > maxBytes) {
      reject(new Refusal('body-too-large'))
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    let isOver = false
    const end = (refusalOf?: () => Refusal) => {
      if (isOver) return
      isOver = true
      payload.off('data', onData)
      if (place !== undefined) place.giveWay = undefined
      if (refusalOf === undefined) resolve(Buffer.concat(chunks, size))
      else reject(refusalOf())
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (place !== undefined) place.receivedBytes = size
      if (size > maxBytes) end(() => new Refusal('body-too-large'))
      else chunks.push(chunk)
    }
    if (place !== undefined) place.giveWay = () => end(() => new Refusal('gave-way', { retryAfterSeconds: GAVE_WAY_SECONDS }))
    payload.on('data', onData)
    payload.once('end', () => end())
    // the other side went away in the middle
    payload.once('error', cause => end(() => new Refusal('body-malformed', { cause })))
    payload.once('close', () => end(() => new Refusal('body-malformed')))
  })
}
