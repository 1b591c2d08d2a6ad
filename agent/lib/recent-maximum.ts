// The largest value of the last while: kept for equal parts of it, the oldest of which is forgotten when a new one begins.

export class RecentMaximum {
  private readonly partMs: number
  private readonly parts: Float64Array
  private part = 0

  /** Remembers for `parts` times `partMs` at least, and for one part more at most. Nothing is noted as 0. */
  constructor(partMs: number, parts: number) {
    this.partMs = partMs
    this.parts = new Float64Array(parts + 1)
  }

  /** `now` in ms of a clock that never goes back. */
  note(value: number, now: number): void {
    this.forget(now)
    const at = this.part % this.parts.length
    this.parts[at] = Math.max(this.parts[at], value)
  }

  at(now: number): number {
    this.forget(now)
    return Math.max(...this.parts)
  }

  private forget(now: number): void {
    const part = Math.floor(now / this.partMs)
    const first = Math.max(this.part + 1, part - this.parts.length + 1)
    for (let begun = first; begun <= part; begun++) this.parts[begun % this.parts.length] = 0
    this.part = part
  }
}
