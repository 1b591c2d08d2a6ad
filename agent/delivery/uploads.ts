// The upload loop as something that can be begun anew, when central or the way to it is another one, and ended.

export class Uploads {
  private readonly run: (signal: AbortSignal) => Promise<void>
  private stopping = new AbortController()
  private running: Promise<void>

  constructor(run: (signal: AbortSignal) => Promise<void>) {
    this.run = run
    this.running = run(this.stopping.signal)
  }

  /** A batch that is under way is sent again: central recognises it. */
  again(): void {
    this.stopping.abort()
    const stopping = new AbortController()
    this.stopping = stopping
    this.running = this.running.then(() => this.run(stopping.signal))
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
  }
}
