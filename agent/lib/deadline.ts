// One deadline for the whole of something. A timeout that begins anew with each byte is none: whoever sends a byte at a time
// holds a connection for ever.

export interface Deadline {
  readonly signal: AbortSignal
  /** Takes the timer back. */
  done(): void
}

/** Aborted with `reason` when `ms` are over, or with `over`, if that comes first. */
export function deadline(ms: number, reason: Error, over?: AbortSignal): Deadline {
  const timer = new AbortController()
  const timeout = setTimeout(() => timer.abort(reason), ms)
  return {
    signal: over === undefined ? timer.signal : AbortSignal.any([timer.signal, over]),
    done: () => clearTimeout(timeout),
  }
}
