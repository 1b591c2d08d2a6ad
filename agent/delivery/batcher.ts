// Closes batches when they are due (pipeline/open-batches.ts), and keeps one that may fill for longer on the disk meanwhile. When the
// disk is full or fails, writing is retried every second while the next batch fills; what does not fit into that one is shed and counted.
import { setImmediate } from 'node:timers/promises'
import type { PackOptions } from '../batch/pack.ts'
import { asDiskFailure, describe, type Fault, faultOf } from '../errors.ts'
import { addGrowth, growth, type Totals } from '../ledger/accounting.ts'
import type { Accounts } from '../ledger/accounts.ts'
import type { Heard } from '../ledger/entries.ts'
import { pause } from '../lib/backoff.ts'
import type { Log } from '../log.ts'
import { rules } from '../triage/rules.ts'
import type { Identity } from '../uplink/identity.ts'
import type { BatchSource, FilledBatch } from './filled-batch.ts'
import { forgetKeptBatch, writeKeptBatch } from './kept-batch.ts'
import type { Outbox } from './outbox.ts'

/** An empty batch gets its first event in this moment at the earliest. */
const STEP_MS = 1000
const COUNTS_EVERY_MS = 10_000

export interface BatcherParts {
  readonly batches: BatchSource
  readonly accounts: Accounts
  readonly outbox: Outbox
  readonly log: Log
  /** File of the open batch. */
  readonly openBatch: string
  readonly pseudonymise: PackOptions['pseudonymise']
  /** This machine's clock less central's, in ms; undefined while it is not known. */
  readonly clockErrorMs?: () => number | undefined
  /** Whether central reads the compact form of a batch; it does not if nothing is said. */
  readonly isCompact?: () => boolean
  /** The counts of which central knows, */
  readonly reported: Totals
  /** and what the agent before counted after those. */
  readonly unreported: Readonly<Record<string, number>>
  /** Brings losses into the accounts; until when the agent listens. */
  heard(): Heard
  identity(): Identity | undefined
  /** Keeps the numbers of new gateways on the disk, before a batch that names them. */
  keepNumbers(): void
  /** What central has to know of those numbers, in the form of counts. */
  numbering(): Readonly<Record<string, number>>
  /** Called when a batch is in the spool. */
  stored(): void
}

export class Batcher {
  /** Why the disk cannot be written; undefined while it can. */
  diskFault: Fault | undefined
  /** True while a batch is written to the disk: it is sealed for the identity with which that began. */
  isPersisting = false
  /** When writing it, or the open one, began, by the monotonic clock; undefined while none is written. */
  persistingSince: number | undefined
  private readonly parts: BatcherParts
  /** Of the last batch that was recorded: the next one says what grew since. */
  private reported: Totals
  private carried: Readonly<Record<string, number>>
  private recordedAt = 0
  private recordedCounts = ''

  constructor(parts: BatcherParts) {
    this.parts = parts
    this.reported = parts.reported
    this.carried = parts.unreported
  }

  /** What was counted and is in no batch yet. */
  get unreported(): Record<string, number> {
    return addGrowth(this.carried, growth(this.reported, this.parts.accounts.totals))
  }

  async closeForever(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { batches } = this.parts
      // without an identity nothing can be kept, so nothing is gained by waiting
      const closeInMs = () => batches.closeInMs(this.parts.identity() === undefined)
      const left = Math.min(STEP_MS, closeInMs(), batches.keepInMs)
      if (!batches.isLarge && left > 0) await batches.wait(Math.ceil(left), signal)
      if (batches.isLarge || closeInMs() <= 0) await this.closeOnce(signal)
      else if (batches.keepInMs <= 0) await this.keepOnce()
      this.recordCounts()
    }
  }

  /** Writes the open batch to the disk as it is now; it goes on being filled. A disk that does not take it is tried again in some seconds. */
  async keepOnce(): Promise<void> {
    const { batches, outbox, openBatch } = this.parts
    const identity = this.parts.identity()
    const open = batches.peek()
    if (identity === undefined || open.batch.rows === 0) return
    this.persistingSince = performance.now()
    try {
      this.parts.keepNumbers()
      const heard = this.parts.heard()
      const accounting = { ...this.unreported, ...this.parts.numbering() }
      // without a pause: nothing may be added to the batch while it is read
      const { kind: _, ...packed } = await outbox.pack(open, this.packOptions(accounting))
      await writeKeptBatch(openBatch, { ...packed, heard, accounting, enrolment: identity.stored.enrolment })
      outbox.noteKept(packed.sequence)
      this.diskFault = undefined
    } catch (error) {
      batches.again()
      this.diskFailed(error)
    }
    this.persistingSince = undefined
  }

  /** Takes the open batch and writes it into ledger and spool. */
  async closeOnce(signal: AbortSignal): Promise<void> {
    const filled = this.parts.batches.take()
    if (filled === undefined) return
    this.isPersisting = true
    this.persistingSince = performance.now()
    if (filled.batch.rows > 0) await this.persist(filled, signal)
    this.isPersisting = false
    this.persistingSince = undefined
    this.parts.batches.giveBack(filled.batch)
  }

  private async persist(filled: FilledBatch, signal: AbortSignal): Promise<void> {
    const { accounts, outbox, stored, log, openBatch } = this.parts
    const identity = this.parts.identity()
    if (identity === undefined) {
      // without an identity there is no key to seal to, and what cannot be sealed is not kept
      accounts.shed(filled.byInput, 'waiting')
      return
    }
    this.parts.heard()
    const totals = accounts.snapshot()
    const accounting = { ...this.unreported, ...this.parts.numbering() }
    const isNumbered = await this.retryUntilWritten(() => this.parts.keepNumbers(), signal)
    if (!isNumbered) log.warning('the numbers of new gateways could not be saved')
    const packed = await outbox.pack(filled, { ...this.packOptions(accounting), yieldToLoop: setImmediate })
    const isRecorded = await this.retryUntilWritten(() => outbox.record(packed, this.parts.heard()), signal)
    if (!isRecorded) {
      accounts.shed(filled.byInput, 'waiting')
      forgetKeptBatch(openBatch)
      return
    }
    this.reported = totals
    this.carried = {}
    await this.retryUntilWritten(() => outbox.flush(), signal)
    await this.retryUntilWritten(() => outbox.store(packed, identity), signal)
    this.recordedAt = performance.now()
    stored()
  }

  private packOptions(accounting: PackOptions['accounting']): PackOptions {
    const { pseudonymise, clockErrorMs, isCompact } = this.parts
    const errorMs = clockErrorMs?.()
    const clockOffsetSeconds = errorMs === undefined ? undefined : Math.round(errorMs / 1000)
    return { pseudonymise, reasonName: reason => rules[reason].name, accounting, clockOffsetSeconds, isCompact: isCompact?.() }
  }

  private diskFailed(error: unknown): void {
    if (this.diskFault === undefined) this.parts.log.warning(describe(error))
    this.diskFault = diskFaultOf(error)
  }

  /** Retries every second until it is written; false if the signal was aborted before. */
  async retryUntilWritten(write: () => void | Promise<void>, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      try {
        await write()
        this.diskFault = undefined
        return true
      } catch (error) {
        this.diskFailed(error)
        if (signal.aborted) return false
        await pause(1000, signal)
      }
    }
  }

  /** Counts go into the ledger while there are no batches too, so that a power cut loses seconds of them, not hours. */
  private recordCounts(): void {
    if (performance.now() - this.recordedAt < COUNTS_EVERY_MS) return
    this.recordedAt = performance.now()
    const heard = this.parts.heard()
    const totals = this.parts.accounts.snapshot()
    const text = JSON.stringify(totals)
    if (text === this.recordedCounts) return
    try {
      this.parts.outbox.append({ kind: 'counts', totals, heard })
      this.recordedCounts = text
      this.diskFault = undefined
    } catch (error) {
      this.diskFault = diskFaultOf(error)
    }
  }
}

/** What writes JSON for us (conf) throws the errors of the file system as they are; any other error is none of the disk's. */
const diskFaultOf = (error: unknown): Fault =>
  faultOf(error instanceof Error && 'syscall' in error && 'path' in error ? asDiskFailure(error, String(error.path)) : error)
