// The batch that is being filled, and the one that takes its place while it is packed: two, made once, used in turn.
import { Added, BATCH_MAX_ROWS, type Context, OpenBatch } from '../batch/open-batch.ts'
import type { EventRecord } from '../event.ts'
import { emptyRows, type InputName, type RowsByInput } from '../ledger/accounting.ts'
import { Notifier } from '../lib/notifier.ts'

/** When a batch is to be closed: half of it is left for what arrives while the one before is still being packed. */
const LARGE_ROWS = BATCH_MAX_ROWS / 2

interface FillingBatch {
  readonly batch: OpenBatch
  readonly byInput: RowsByInput
  value: number
}

export class OpenBatches {
  private readonly largeEnough = new Notifier()
  /** Monotonic ms at which the open batch got its first row; NaN while it is empty. */
  private openSince = Number.NaN
  private filling: FillingBatch = { batch: new OpenBatch(), byInput: emptyRows(), value: 0 }
  private spare: OpenBatch | undefined = new OpenBatch()

  get isLarge(): boolean {
    return this.filling.batch.rows >= LARGE_ROWS
  }

  get ageMs(): number {
    return performance.now() - this.openSince
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return this.largeEnough.wait(ms, signal)
  }

  /** Adds an event of that value; gives a number of `Added`. */
  add(event: EventRecord, context: Context, input: InputName, value: number): number {
    const { filling } = this
    const added = filling.batch.add(event, context)
    if (added === Added.row) {
      filling.byInput[input]++
      if (filling.batch.rows === 1) this.openSince = performance.now()
      else if (filling.batch.rows === LARGE_ROWS) this.largeEnough.notify()
    }
    if (value > filling.value) filling.value = value
    return added
  }

  take(): FillingBatch | undefined {
    if (this.spare === undefined) return undefined
    const taken = this.filling
    this.filling = { batch: this.spare, byInput: emptyRows(), value: 0 }
    this.spare = undefined
    this.openSince = Number.NaN
    return taken
  }

  giveBack(batch: OpenBatch): void {
    batch.clear()
    this.spare = batch
  }
}
