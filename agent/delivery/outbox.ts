// From a filled batch to a frame in the spool, and from a receipt to a line in the ledger. The order of writes is what
// makes a power cut harmless: ledger first (it has the content), then the spool; receipt first, then the segment goes.
import { buildShedFrame, hashOfUnsigned, signFrame } from '../batch/frame.ts'
import { type PackOptions, packBatch } from '../batch/pack.ts'
import { sealBatch } from '../batch/seal.ts'
import { Failure } from '../errors.ts'
import { emptyRows, inputNames, moveRows, type RowsByInput, type Totals } from '../ledger/accounting.ts'
import type { LedgerEntry } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { FilledBatch } from '../pipeline/collector.ts'
import type { Segment } from '../spool/segment.ts'
import type { Spool } from '../spool/spool.ts'
import type { Identity } from '../uplink/identity.ts'
import type { Outgoing, UplinkReceipt } from '../uplink/uplink.ts'

type BatchEntry = Extract<LedgerEntry, { kind: 'batch' }>
const fromHex = (text: string): Buffer => Buffer.from(text, 'hex')
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export const rowsOf = (byInput: Readonly<Record<string, number>>): RowsByInput => {
  const rows = emptyRows()
  for (const name of inputNames) rows[name] = byInput[name] ?? 0
  return rows
}

export class Outbox {
  private readonly ledger: Ledger
  private readonly spool: Spool
  private readonly totals: Totals
  /** Entries that a full disk kept out of the ledger; they go in before the next one. */
  private readonly late: LedgerEntry[] = []

  constructor(ledger: Ledger, spool: Spool, totals: Totals) {
    this.ledger = ledger
    this.spool = spool
    this.totals = totals
  }

  /** Packs a filled batch into the entry that the ledger keeps of it. Its rows count as waiting until it is stored. */
  async pack(filled: FilledBatch, options: PackOptions): Promise<BatchEntry> {
    const { rows, messages } = filled.batch
    const body = await packBatch(filled.batch, options)
    return {
      kind: 'batch',
      sequence: this.ledger.state.sequence + 1,
      rows,
      messages,
      byInput: filled.byInput,
      value: filled.value,
      totals: this.totals,
      body: body.toString('base64'),
    }
  }

  /** Writes a batch into the ledger, to be flushed. Failure 'disk-full' or 'disk-failed' leaves everything as it was. */
  record(entry: BatchEntry): void {
    const totals = structuredClone(this.totals)
    moveRows(totals, entry.byInput, 'waiting', 'spooled')
    this.appendLate()
    this.ledger.appendUnflushed({ ...entry, totals }, new Date())
    moveRows(this.totals, entry.byInput, 'waiting', 'spooled')
  }

  /** Makes what was recorded last; may be called again after a Failure. */
  flush(): Promise<void> {
    return this.ledger.flush()
  }

  /** Seals a batch that the ledger has and puts it into the spool, shedding others if room is short. */
  async store(entry: BatchEntry, identity: Identity): Promise<void> {
    const previous = this.spool.last?.hash ?? this.ledger.state.hash
    const header = { device: identity.stored.device, sequence: entry.sequence, previous: fromHex(previous) }
    const frame = await sealBatch(Buffer.from(entry.body, 'base64'), header, identity.sealKey)
    const { sequence, rows, messages, byInput, value } = entry
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
  }

  /** Counts a batch that will not be sent. */
  shed(batch: Segment, reason: string): void {
    const byInput = rowsOf(batch.byInput)
    moveRows(this.totals, byInput, 'spooled', 'shed')
    this.late.push({ kind: 'shed', first: batch.first, last: batch.last, byInput, reason })
  }

  /** The oldest thing that waits, signed with the present key. What the disk gave back changed is shed and said. */
  next(identity: Identity): Outgoing | undefined {
    for (;;) {
      const oldest = this.spool.oldest()
      if (oldest === undefined) return undefined
      const { segment } = oldest
      if (segment.kind === 'shed') return this.statement(segment, identity)
      const hash = hashOfUnsigned(oldest.frame)
      if (hash !== undefined && toHex(hash) === segment.hash)
        return { sequence: segment.last, hash: segment.hash, bytes: signFrame(oldest.frame, identity.privateKey).bytes }
      this.shed(this.spool.shedOldest(), 'damaged-on-disk')
    }
  }

  /** Central will never take this batch: it is shed, so that those behind it get through. */
  giveUp(sequence: number): void {
    const oldest = this.spool.oldest()
    if (oldest?.segment.kind === 'batch' && oldest.segment.last === sequence) this.shed(this.spool.shedOldest(), 'refused')
  }

  private statement(segment: Segment, identity: Identity): Outgoing {
    const { first, last, rows, messages } = segment
    const chain = { previous: fromHex(segment.previous), lastHash: fromHex(segment.hash) }
    const statement = buildShedFrame({ device: identity.stored.device, first, last, ...chain, rows, messages, reason: 'not-kept' })
    const signed = signFrame(statement.bytes, identity.privateKey)
    return { sequence: last, hash: toHex(signed.hash), bytes: signed.bytes }
  }

  /** A receipt came for the oldest segment: said in the ledger first, then the segment goes. May be called again after a Failure. */
  async settle(receipt: UplinkReceipt): Promise<void> {
    const oldest = this.spool.oldest()
    if (oldest === undefined || oldest.segment.last !== receipt.sequence)
      throw new Error(`no segment ${receipt.sequence} waits for its receipt`)
    const { segment } = oldest
    const isBatch = segment.kind === 'batch'
    const byInput = rowsOf(isBatch ? segment.byInput : {})
    const { sequence } = receipt
    if (this.ledger.state.receipted < sequence) {
      this.appendLate()
      const rows = isBatch ? segment.rows : 0
      this.ledger.appendUnflushed({ kind: 'receipt', sequence, rows, byInput, hash: segment.hash, receipt }, new Date())
      moveRows(this.totals, byInput, 'spooled', 'sent')
    }
    await this.ledger.flush()
    this.spool.remove(sequence)
  }

  /** Writes an entry now, or, if the disk takes nothing, before the next one. */
  appendSoon(entry: LedgerEntry): void {
    this.late.push(entry)
    try {
      this.appendLate()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
  }

  /** Writes an entry, and before it those that could not be written in their time. */
  append(entry: LedgerEntry): void {
    this.appendLate()
    this.ledger.append(entry, new Date())
  }

  private appendLate(): void {
    while (this.late.length > 0) {
      this.ledger.append(this.late[0], new Date())
      this.late.shift()
    }
  }
}
