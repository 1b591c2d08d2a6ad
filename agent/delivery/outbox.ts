// From a filled batch to a frame in the spool, and from a receipt to a line in the ledger. The order of writes is what
// makes a power cut harmless: ledger first (it has the content), then the spool; receipt first, then the segment is removed.
import { buildShedFrame, hashOfUnsigned, signFrame } from '../batch/frame.ts'
import { type PackOptions, packBatch } from '../batch/pack.ts'
import { sealBatch } from '../batch/seal.ts'
import { Failure } from '../errors.ts'
import { rowsOf } from '../ledger/accounting.ts'
import { type Accounts, afterMove } from '../ledger/accounts.ts'
import type { Heard, LedgerEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Segment } from '../spool/segment.ts'
import type { Spool } from '../spool/spool.ts'
import type { Identity } from '../uplink/identity.ts'
import type { Outgoing, UplinkReceipt } from '../uplink/uplink.ts'
import type { FilledBatch } from './filled-batch.ts'

/** A batch as the ledger keeps it, but for what belongs to the moment at which it is recorded. */
type PackedBatch = Omit<Extract<LedgerEntry, { kind: 'batch' }>, 'totals' | 'heard'>
const fromHex = (text: string): Buffer => Buffer.from(text, 'hex')
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export class Outbox {
  private readonly ledger: Ledger
  private readonly spool: Spool
  private readonly accounts: Accounts
  /** Entries that could not be written on a full disk; they are written before the next one. */
  private readonly deferred: LedgerEntry[] = []

  constructor(ledger: Ledger, spool: Spool, accounts: Accounts) {
    this.ledger = ledger
    this.spool = spool
    this.accounts = accounts
  }

  /** Packs a filled batch into the entry that the ledger keeps of it. Its rows count as waiting until it is stored. */
  async pack(filled: FilledBatch, options: PackOptions): Promise<PackedBatch> {
    const { rows, messages } = filled.batch
    const body = await packBatch(filled.batch, options)
    return {
      kind: 'batch',
      sequence: this.ledger.state.sequence + 1,
      rows,
      messages,
      byInput: filled.byInput,
      value: filled.value,
      body: body.toString('base64'),
    }
  }

  /** Writes a batch into the ledger, to be flushed. Failure 'disk-full' or 'disk-failed' leaves everything as it was. */
  record(batch: PackedBatch, heard: Heard): void {
    const totals = afterMove(this.accounts.totals, batch.byInput, 'waiting', 'spooled')
    this.appendDeferred()
    this.ledger.appendUnflushed({ ...batch, totals, heard }, new Date())
    this.accounts.spooled(batch.byInput)
  }

  /** Makes what was recorded durable; may be called again after a Failure. */
  flush(): Promise<void> {
    return this.ledger.flush()
  }

  /** Seals a batch that the ledger has and puts it into the spool, shedding others if space is short. */
  async store(packed: PackedBatch, identity: Identity): Promise<void> {
    const previous = this.spool.last?.hash ?? this.ledger.state.hash
    const header = { device: identity.stored.device, sequence: packed.sequence, previous: fromHex(previous) }
    const frame = await sealBatch(Buffer.from(packed.body, 'base64'), header, identity.sealKey)
    const { sequence, rows, messages, byInput, value } = packed
    const segment: Segment = {
      kind: 'batch',
      first: sequence,
      last: sequence,
      rows,
      messages,
      byInput,
      value,
      previous,
      hash: toHex(frame.hash),
    }
    this.spool.shedForRoom(frame.bytes.length, batch => this.shed(batch, 'quota'))
    await this.spool.put(segment, frame.bytes)
    this.ledger.state.spooled = { sequence, hash: segment.hash }
    this.keepCounts()
  }

  /** Brings into the ledger's state what belongs to the counts of the same moment. */
  beforeKeeping: () => void = () => undefined

  /** Keeps the counts of this moment where a full disk still takes them. */
  keepCounts({ isStopped = false, isFlushed = false } = {}): void {
    this.beforeKeeping()
    this.ledger.keep(this.accounts.totals, isStopped, isFlushed)
  }

  /** The open batch is on the disk, and will be this one. */
  noteKept(sequence: number): void {
    this.ledger.state.kept = sequence
    this.keepCounts()
  }

  /** Counts a batch that will not be sent. */
  shed(batch: Segment, reason: string): void {
    const byInput = rowsOf(batch.byInput)
    this.accounts.shed(byInput, 'spooled')
    this.deferred.push({ kind: 'shed', first: batch.first, last: batch.last, byInput, reason })
  }

  /** The oldest segment, signed with the current key. One that came back from the disk changed is shed and recorded. */
  next(identity: Identity): Outgoing | undefined {
    for (;;) {
      const oldest = this.spool.oldest()
      if (oldest === undefined) return undefined
      const { segment } = oldest
      if (segment.kind === 'shed') return this.statement(segment, identity)
      if (toHex(hashOfUnsigned(oldest.frame)) === segment.hash)
        return { sequence: segment.last, hash: segment.hash, bytes: signFrame(oldest.frame, identity.privateKey).bytes }
      this.shed(this.spool.shedOldest(), 'damaged-on-disk')
    }
  }

  /** Central will never accept this batch: it is shed, so that later ones get through. */
  discard(sequence: number): void {
    const oldest = this.spool.oldest()
    if (oldest !== undefined && oldest.segment.kind !== 'shed' && oldest.segment.last === sequence)
      this.shed(this.spool.shedOldest(), 'refused')
  }

  private statement(segment: Segment, identity: Identity): Outgoing {
    const { first, last, rows, messages } = segment
    const chain = { previous: fromHex(segment.previous), lastHash: fromHex(segment.hash) }
    const statement = buildShedFrame({ device: identity.stored.device, first, last, ...chain, rows, messages, reason: 'not-kept' })
    const signed = signFrame(statement.bytes, identity.privateKey)
    return { sequence: last, hash: toHex(signed.hash), bytes: signed.bytes }
  }

  /**
   * A receipt came for the oldest segment: ledger and counts first, then the segment is removed, so that where the ledger is damaged
   * no batch is missed that has a receipt. May be called again after a Failure.
   */
  async acknowledge(receipt: UplinkReceipt): Promise<void> {
    const oldest = this.spool.oldest()
    if (oldest === undefined || oldest.segment.last !== receipt.sequence)
      throw new Error(`there is no segment ${receipt.sequence} to acknowledge`)
    const { segment } = oldest
    const isBatch = segment.kind !== 'shed'
    const byInput = rowsOf(isBatch ? segment.byInput : {})
    const { sequence } = receipt
    if (this.ledger.state.receipted < sequence) {
      this.appendDeferred()
      const rows = isBatch ? segment.rows : 0
      this.ledger.appendUnflushed({ kind: 'receipt', sequence, rows, byInput, hash: segment.hash, receipt }, new Date())
      this.accounts.sent(byInput)
    }
    await this.ledger.flush()
    this.keepCounts()
    this.spool.remove(sequence)
  }

  /** Writes an entry now, or, if the disk cannot be written, before the next one. */
  appendOrDefer(entry: LedgerEntry): void {
    this.deferred.push(entry)
    try {
      this.appendDeferred()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
  }

  /** Writes an entry, and before it those that were deferred. */
  append(entry: LedgerEntry): void {
    this.appendDeferred()
    this.ledger.append(entry, new Date())
  }

  private appendDeferred(): void {
    while (this.deferred.length > 0) {
      const [entry] = this.deferred
      this.ledger.append(entry.kind === 'shed' ? { ...entry, totals: this.accounts.snapshot() } : entry, new Date())
      this.deferred.shift()
    }
  }
}
