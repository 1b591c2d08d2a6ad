// The batch that is being filled, and the one that takes its place while it is packed: two, made once, used in turn. When it is to be
// closed: one with a valuable event after two seconds, because central is to know of it soon; all others once they have rows enough
// that what a frame costs no longer counts, or after a minute. At a small site an event would else travel alone (decision 0033).
import { Added, BATCH_MAX_ROWS, type Context, OpenBatch } from '../batch/open-batch.ts'
import type { EventRecord } from '../event.ts'
import { emptyRows, type InputName, type RowsByInput } from '../ledger/accounting.ts'
import { Notifier } from '../lib/notifier.ts'
import { VALUABLE } from '../triage/rules.ts'

/** When a batch is to be closed: half of it is left for what arrives while the one before is still being packed. */
const LARGE_ROWS = BATCH_MAX_ROWS / 2

/** Rows beside which the fixed part of a frame is nothing: a batch of so many is closed as soon as one with a valuable event. */
const ENOUGH_ROWS = 1024
const PROMPT_MS = 2000
const PATIENT_MS = 60_000
/** So long after its start an agent is prompt with everything: someone may watch whether it works, or judge a new release by it. */
const QUICK_MS = 600_000

interface FillingBatch {
  readonly batch: OpenBatch
  readonly byInput: RowsByInput
  value: number
}

export interface OpenBatchesOptions {
  readonly quickMs?: number | undefined
  /** ms of a clock that never goes back. */
  readonly now?: (() => number) | undefined
}

export class OpenBatches {
  private readonly largeEnough = new Notifier()
  private readonly now: () => number
  private readonly quickUntil: number
  /** When the open batch got its first row; NaN while it is empty. */
  private openSince = Number.NaN
  /** When it got the first event that must not wait; NaN while it has none. */
  private urgentSince = Number.NaN
  /** When it got the first event that is not on the disk; NaN while there is none. */
  private unkeptSince = Number.NaN
  private filling: FillingBatch = { batch: new OpenBatch(), byInput: emptyRows(), value: 0 }
  private spare: OpenBatch | undefined = new OpenBatch()

  constructor({ quickMs = QUICK_MS, now = () => performance.now() }: OpenBatchesOptions = {}) {
    this.now = now
    this.quickUntil = now() + quickMs
  }

  get isLarge(): boolean {
    return this.filling.batch.rows >= LARGE_ROWS
  }

  closeInMs(isHurried: boolean): number {
    if (Number.isNaN(this.openSince)) return Number.POSITIVE_INFINITY
    const isPrompt = isHurried || this.filling.batch.rows >= ENOUGH_ROWS
    const latest = this.openSince + (isPrompt ? PROMPT_MS : PATIENT_MS)
    return (Number.isNaN(this.urgentSince) ? latest : Math.min(latest, this.urgentSince + PROMPT_MS)) - this.now()
  }

  get keepInMs(): number {
    return Number.isNaN(this.unkeptSince) ? Number.POSITIVE_INFINITY : this.unkeptSince + PROMPT_MS - this.now()
  }

  peek(): FillingBatch {
    this.unkeptSince = Number.NaN
    return { ...this.filling, byInput: { ...this.filling.byInput } }
  }

  /** Tried again in the time that a new event would have. */
  again(): void {
    if (Number.isNaN(this.unkeptSince) && !Number.isNaN(this.openSince)) this.unkeptSince = this.now()
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
      if (filling.batch.rows === 1) this.opened()
      else if (filling.batch.rows === LARGE_ROWS) this.largeEnough.notify()
    }
    if (value > filling.value) filling.value = value
    if (value >= VALUABLE && Number.isNaN(this.urgentSince)) this.urgentSince = this.now()
    if (Number.isNaN(this.unkeptSince)) this.unkeptSince = this.now()
    return added
  }

  private opened(): void {
    this.openSince = this.now()
    if (this.openSince < this.quickUntil) this.urgentSince = this.openSince
  }

  take(): FillingBatch | undefined {
    if (this.spare === undefined) return undefined
    const taken = this.filling
    this.filling = { batch: this.spare, byInput: emptyRows(), value: 0 }
    this.spare = undefined
    this.openSince = this.urgentSince = this.unkeptSince = Number.NaN
    return taken
  }

  giveBack(batch: OpenBatch): void {
    batch.clear()
    this.spare = batch
  }
}
