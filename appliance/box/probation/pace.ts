// How long a release is watched. All times follow from one, so that a test can shorten them together.

export interface Pace {
  /** The first stage, from the switch on. */
  readonly firstMs: number
  readonly baselineMs: number
  readonly sampleMs: number
  /** From one round of marked messages to the next, by which they have to be back. */
  readonly roundMs: number
  /** For unread messages in the kernel. */
  readonly queuedMs: number
  readonly keepsMs: number
  readonly sendsMs: number
  /** How long the way to central may be away before the release is kept all the same. */
  readonly putOffMs: number
}

/** The least that a start is given, whatever the old release took: a new one is unpacked from its image for the first time. */
export const START_MS = 20_000
/** Memory and time of the processor are judged over no less than this: a program that has just started takes more. */
export const STEADY_MS = 20_000
const USUAL_SECONDS = 60
const LEAST_SECONDS = 3

/** `seconds`: CYBERALARM_PROBATION_SECONDS, which only tests set. */
export function paceOf(seconds = USUAL_SECONDS): Pace {
  const firstMs = Math.max(LEAST_SECONDS, seconds) * 1000
  const part = (of: number, least: number) => Math.max(least, (of * firstMs) / (USUAL_SECONDS * 1000))
  return {
    firstMs,
    baselineMs: part(10_000, 3500),
    sampleMs: part(1000, 500),
    roundMs: part(5000, 3000),
    queuedMs: part(5000, 3000),
    keepsMs: part(20_000, 5000),
    sendsMs: part(45_000, 8000),
    putOffMs: firstMs * 10,
  }
}
