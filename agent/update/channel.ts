// A channel says which release its boxes shall have, and when each of them. Waves let a bad release meet few boxes first: each box
// has a place between 0 and 9,999 that differs from release to release, so that it is not always the same ones who go first. Pure.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { Failure } from '../errors.ts'

export const CHANNEL_MAX_BYTES = 16 * 1024
export const PLACES = 10_000
const HOUR_MS = 3_600_000

const number = z.int().min(0).max(999_999_999)
const channelSchema = z.object({
  format: z.literal(1),
  release: number.min(1),
  /** No box before this. */
  notBefore: z.iso.datetime().transform(text => Date.parse(text)),
  /** So many hours after that, so many of 10,000 boxes; growing. None: all at once. */
  waves: z
    .array(z.object({ hours: z.number().min(0).max(10_000), places: z.int().min(0).max(PLACES) }))
    .max(50)
    .refine(
      waves => waves.every(({ hours, places }, i) => i === 0 || (hours > waves[i - 1].hours && places >= waves[i - 1].places)),
      'grow',
    )
    .refine(waves => waves.length === 0 || waves.at(-1)?.places === PLACES, 'the last wave is all'),
  /** Nobody takes it until this is false again. */
  paused: z.boolean(),
  /** A box with an older release than this takes another one first. */
  minFrom: number,
})
export type Channel = z.infer<typeof channelSchema>

/** Fields that are not known are of a newer format of the makers, and are passed over. Failure 'update-refused'. */
export function parseChannel(bytes: Uint8Array): Channel {
  try {
    if (bytes.length > CHANNEL_MAX_BYTES) throw new Error('too long')
    return channelSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch (error) {
    throw new Failure('update-refused', 'the file of the channel is not one that this release can read', error)
  }
}

/** 0 to 9,999: SHA-256 of device id and release number. A box without an identity comes last. */
export function placeOf(device: string | undefined, release: number): number {
  if (device === undefined) return PLACES - 1
  return createHash('sha256').update(`${device} ${release}`).digest().readUInt32BE(0) % PLACES
}

/** When the wave of this place begins, in ms since 1970. Within a wave, boxes come one after the other, as their places are. */
export function waveBegins({ notBefore, waves }: Channel, place: number): number {
  const at = waves.findIndex(({ places }) => place < places)
  if (at < 0) return notBefore
  const from = waves[at - 1] ?? { hours: 0, places: 0 }
  const { hours, places } = waves[at]
  return notBefore + (from.hours + ((hours - from.hours) * (place - from.places)) / (places - from.places)) * HOUR_MS
}
