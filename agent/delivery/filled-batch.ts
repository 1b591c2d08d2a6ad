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
  /** How long ago the open batch got its first row; NaN while it is empty. */
  readonly ageMs: number
  /** Resolves when the open batch is large enough, after `ms`, or when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Takes the open batch out and goes on with an empty one; undefined while the last one taken was not given back. */
  take(): FilledBatch | undefined
  giveBack(batch: OpenBatch): void
}
