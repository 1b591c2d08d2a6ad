// Central's rules about what may follow what, without its server and its store: for tests that hand it thousands of batches.
import type { KeyObject } from 'node:crypto'
import { noHead } from '../../central-stub/devices/head.ts'
import { decideBatch, decideShed } from '../../central-stub/ingest/chain.ts'
import { decodeFrame, verifyFrame } from '../batch/frame.ts'
import type { Outgoing } from '../uplink/uplink.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

interface Held {
  readonly hash: string
  readonly storedAt: number
  readonly rows: number
}

export class ModelCentral {
  private readonly batches = new Map<number, Held>()
  private readonly statements = new Map<string, Held>()
  private head = noHead

  /** As it was when `other` was copied. */
  static copy(other: ModelCentral): ModelCentral {
    const copy = new ModelCentral()
    for (const [sequence, held] of other.batches) copy.batches.set(sequence, held)
    for (const [hash, held] of other.statements) copy.statements.set(hash, held)
    copy.head = other.head
    return copy
  }

  get rows(): number {
    return [...this.batches.values()].reduce((sum, { rows }) => sum + rows, 0)
  }

  /** Stores what was sent, or throws the code of its refusal. `rows`: those of the batch; `device`: the public key. */
  take(outgoing: Outgoing, rows: number, device: KeyObject): void {
    const frame = verifyFrame(decodeFrame(outgoing.bytes), [device])
    if (frame === undefined) throw new Error('central refuses a signature')
    const held = { hash: outgoing.hash, storedAt: 1, rows }
    if (frame.kind === 'batch') {
      const decision = decideBatch(frame, this.head, this.batches.get(frame.sequence))
      if (decision.kind === 'refuse') throw new Error(`central refuses batch ${frame.sequence}: ${decision.code}`)
      if (decision.kind === 'store') this.batches.set(frame.sequence, held)
      if (decision.kind === 'store') this.head = { sequence: frame.sequence, hash: held.hash }
      return
    }
    const before = this.heldAt(frame.first - 1)
    const decision = decideShed(frame, this.head, this.statements.get(held.hash), before, this.heldAt(frame.last))
    if (decision.kind === 'refuse') throw new Error(`central refuses statement ${frame.first}-${frame.last}: ${decision.code}`)
    if (decision.kind !== 'store') return
    this.statements.set(held.hash, held)
    if (frame.last > this.head.sequence) this.head = { sequence: frame.last, hash: hex(frame.lastHash) }
  }

  private heldAt(sequence: number): { hash: string; storedAt: number } | undefined {
    if (sequence === noHead.sequence) return { hash: noHead.hash, storedAt: 0 }
    return sequence === this.head.sequence ? { hash: this.head.hash, storedAt: 1 } : this.batches.get(sequence)
  }
}
