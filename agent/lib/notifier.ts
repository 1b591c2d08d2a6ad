// Lets one loop sleep until there is something to do.

export class Notifier {
  private wake: (() => void) | undefined

  notify(): void {
    this.wake?.()
  }

  /** Resolves at the next `notify`, after `ms`, or when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.wake = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.wake = done
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
