// How much a number that only grows has grown within the last while. Kept for equal parts of it; time is an argument.

export class RecentGrowth {
  private readonly partMs: number
  private readonly parts: number
  /** The number at the beginning of each part, the oldest first. */
  private readonly starts: { readonly part: number; readonly total: number }[] = []

  constructor(partMs: number, parts: number) {
    this.partMs = partMs
    this.parts = parts
  }

  /** Growth within `parts` times `partMs` at least, and one part more at most; since the first call while that is shorter. */
  note(total: number, now: number): number {
    const part = Math.floor(now / this.partMs)
    const last = this.starts.at(-1)
    // a number that is smaller than before began anew
    if (last !== undefined && total < last.total) this.starts.length = 0
    if (this.starts.length === 0 || part > this.starts[this.starts.length - 1].part) this.starts.push({ part, total })
    while (this.starts.length > 1 && this.starts[1].part <= part - this.parts) this.starts.shift()
    return total - this.starts[0].total
  }
}

/** The longest of each of the last minutes, from longest stalls that are noted as they are. */
export class RecentParts {
  private readonly partMs: number
  private readonly parts: number
  private readonly longest = new Map<number, number>()

  constructor(partMs: number, parts: number) {
    this.partMs = partMs
    this.parts = parts
  }

  note(value: number, now: number): void {
    const part = Math.floor(now / this.partMs)
    this.longest.set(part, Math.max(this.longest.get(part) ?? 0, value))
    for (const known of this.longest.keys()) if (known <= part - this.parts) this.longest.delete(known)
  }

  at(now: number): number[] {
    const oldest = Math.floor(now / this.partMs) - this.parts
    return [...this.longest].filter(([part]) => part > oldest).map(([, value]) => value)
  }
}
