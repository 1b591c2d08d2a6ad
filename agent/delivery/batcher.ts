// Closes batches: when one is large enough, or its first event is two seconds old. A disk that is full or fails is tried
// again every second, while the next batch fills; what does not fit into that one is shed and counted.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PackOptions } from '../batch/pack.ts'
import { asDiskFailure, describe, type Fault, faultOf } from '../errors.ts'
import { growth, moveRows, type Totals } from '../ledger/accounting.ts'
import { pause } from '../lib/backoff.ts'
import type { Log } from '../log.ts'
import { type Collector, type FilledBatch, ROWS_ENOUGH } from '../pipeline/collector.ts'
import { rules } from '../triage/rules.ts'
import type { Identity } from '../uplink/identity.ts'
import type { Outbox } from './outbox.ts'

const AGE_MAX_MS = 2000
const LOOK_MS = 100
const COUNTS_EVERY_MS = 10_000

export interface BatcherParts {
  readonly collector: Collector
  readonly outbox: Outbox
  readonly log: Log
  readonly pseudonymise: PackOptions['pseudonymise']
  identity(): Identity | undefined
  /** Keeps the numbers of new gateways on the disk, before a batch that names them. */
  keepNumbers(): void
  /** Called when a batch went into the spool. */
  stored(): void
}

export class Batcher {
  /** Why the disk does not take what has to be kept; undefined while it does. */
  diskFault: Fault | undefined
  /** True while a batch is on its way to the disk: it is sealed for the identity that it began with. */
  isBringing = false
  private readonly parts: BatcherParts
  private toldToCentral: Totals
  private countsAt = 0
  private countsSaid = ''

  constructor(parts: BatcherParts) {
    this.parts = parts
    this.toldToCentral = structuredClone(parts.collector.totals)
  }

  async closeForever(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { collector } = this.parts
      if (collector.openRows < ROWS_ENOUGH) await collector.enough.wait(LOOK_MS, signal)
      const isOld = performance.now() - collector.openSince >= AGE_MAX_MS
      if (isOld || collector.openRows >= ROWS_ENOUGH) await this.closeOnce(signal)
      else this.sayCounts()
    }
  }

  /** Takes the open batch and brings it into ledger and spool. */
  async closeOnce(signal: AbortSignal): Promise<void> {
    const filled = this.parts.collector.take()
    if (filled === undefined) return
    this.isBringing = true
    if (filled.batch.rows > 0) await this.bring(filled, signal)
    this.isBringing = false
    this.parts.collector.giveBack(filled.batch)
  }

  private async bring(filled: FilledBatch, signal: AbortSignal): Promise<void> {
    const { collector, outbox, stored, log } = this.parts
    const identity = this.parts.identity()
    if (identity === undefined) {
      // without an identity there is no key to seal to; what can't be sealed is not kept
      moveRows(collector.totals, filled.byInput, 'waiting', 'shed')
      return
    }
    const totals = structuredClone(collector.totals)
    const accounting = growth(this.toldToCentral, totals)
    const reasonName = (reason: number) => rules[reason].name
    const isNumbered = await this.untilDiskTakes(() => this.parts.keepNumbers(), signal)
    if (!isNumbered) log.warning('the numbers of new gateways could not be kept')
    const entry = await outbox.pack(filled, { pseudonymise: this.parts.pseudonymise, reasonName, accounting, breathe: nextTurn })
    const isRecorded = await this.untilDiskTakes(() => outbox.record(entry), signal)
    if (!isRecorded) {
      moveRows(collector.totals, filled.byInput, 'waiting', 'shed')
      return
    }
    this.toldToCentral = totals
    await this.untilDiskTakes(() => outbox.flush(), signal)
    await this.untilDiskTakes(() => outbox.store(entry, identity), signal)
    this.countsAt = performance.now()
    stored()
  }

  /** Tries until the disk takes it; false if the signal was aborted before. */
  async untilDiskTakes(write: () => void | Promise<void>, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      try {
        await write()
        this.diskFault = undefined
        return true
      } catch (error) {
        if (this.diskFault === undefined) this.parts.log.warning(describe(error))
        this.diskFault = diskFaultOf(error)
        if (signal.aborted) return false
        await pause(1000, signal)
      }
    }
  }

  /** Counts of a time without batches go into the ledger too, so that a power cut forgets seconds, not hours. */
  private sayCounts(): void {
    if (performance.now() - this.countsAt < COUNTS_EVERY_MS) return
    this.countsAt = performance.now()
    const totals = structuredClone(this.parts.collector.totals)
    const said = JSON.stringify(totals)
    if (said === this.countsSaid) return
    try {
      this.parts.outbox.append({ kind: 'counts', totals })
      this.countsSaid = said
      this.diskFault = undefined
    } catch (error) {
      this.diskFault = diskFaultOf(error)
    }
  }
}

/** What writes JSON for us (conf) throws the errors of the file system as they are; any other error is none of the disk's. */
const diskFaultOf = (error: unknown): Fault =>
  faultOf(error instanceof Error && 'syscall' in error && 'path' in error ? asDiskFailure(error, String(error.path)) : error)
