// What delivery asks of the part that fills batches. The agent hands it over, so that neither knows the other.
import type { OpenBatch } from '../batch/open-batch.ts'
import type { RowsByInput } from '../ledger/accounting.ts'

/** A batch with what the ledger records about it. */
export interface FilledBatch {
  readonly batch: OpenBatch
  readonly byInput: RowsByInput
  /** The highest value of its events. */
  readonly value: number
}

export interface BatchSource {
  /** True once the open batch has rows enough to be closed. */
  readonly isLarge: boolean
  /** How long the open batch may still be filled, in ms; Infinity while it is empty. `isHurried`: by the shortest time. */
  closeInMs(isHurried: boolean): number
  /** How long until what it holds has to be on the disk; Infinity while all of it is. */
  readonly keepInMs: number
  /** The open batch as it is now, which goes on being filled. It counts as kept from here on; `again` if that failed. */
  peek(): FilledBatch
  again(): void
  /** Resolves when the open batch is large enough, after `ms`, or when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Takes the open batch out and goes on with an empty one; undefined while the last one taken was not given back. */
  take(): FilledBatch | undefined
  giveBack(batch: OpenBatch): void
}
