// How often each refusal was given since the start, for the operator.
import type { RefusalCode } from '../refusals.ts'

export class RefusalCounts {
  private readonly counts = new Map<RefusalCode, number>()

  count(code: RefusalCode): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1)
  }

  /** The most frequent first. */
  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].sort((a, b) => b[1] - a[1]))
  }
}
