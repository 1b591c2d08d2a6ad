// How long to wait before the next attempt: exponential with full jitter, so that a thousand boxes that lost the same
// server do not come back at the same moment. (Brooker, "Exponential Backoff And Jitter", 2015.)

const FIRST_MS = 1000
const LONGEST_MS = 300_000
/** A server may ask for a longer wait than that, up to this. */
const ASKED_LONGEST_MS = 3_600_000

/** Milliseconds to wait after `failures` failures in a row (1 or more); `random` is in [0, 1). */
export function backoffMs(failures: number, random: number, askedSeconds = 0): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20))
  const asked = Math.min(ASKED_LONGEST_MS, askedSeconds * 1000)
  return Math.max(ceiling / 4, asked) + random * ceiling * 0.75
}

/** Resolves after `ms`, or at once when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
