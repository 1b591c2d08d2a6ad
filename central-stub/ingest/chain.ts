// Whether a frame may follow what central holds of its device. Pure: what is on file is handed in. The rule is that the
// stored batches of a device form one chain without gaps, except where the device itself has signed that there is one.
import type { BatchFrame, ShedFrame } from '../../agent/batch/frame.ts'
import type { Head } from '../devices/head.ts'
import type { RefusalCode } from '../refusals.ts'

export interface Stored {
  readonly hash: string
  readonly storedAt: number
}

export type Decision =
  | { readonly kind: 'store' }
  | { readonly kind: 'stored'; readonly storedAt: number }
  | { readonly kind: 'refuse'; readonly code: RefusalCode }

const refuse = (code: RefusalCode): Decision => ({ kind: 'refuse', code })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** `stored`: what is on file under the frame's sequence. */
export function decideBatch(frame: BatchFrame, head: Head, stored: Stored | undefined): Decision {
  if (stored !== undefined)
    return stored.hash === hex(frame.hash) ? { kind: 'stored', storedAt: stored.storedAt } : refuse('chain-conflict')
  if (frame.sequence <= head.sequence) return refuse('sequence-shed')
  if (frame.sequence > head.sequence + 1) return refuse('sequence-gap')
  return hex(frame.previous) === head.hash ? { kind: 'store' } : refuse('chain-broken')
}

/**
 * A statement may begin with batches that central does hold: their receipts were lost on the way to a box with a full disk. One
 * that speaks of nothing else says nothing new: it gets the receipt of its last batch, and is not counted.
 * `stored`: the same statement on file. `before` and `last`: what is on file of the batches `first - 1` and `last`.
 */
export function decideShed(
  frame: ShedFrame,
  head: Head,
  stored: Stored | undefined,
  before: Stored | undefined,
  last: Stored | undefined,
): Decision {
  if (stored !== undefined) return { kind: 'stored', storedAt: stored.storedAt }
  if (frame.first > head.sequence + 1) return refuse('sequence-gap')
  if (hex(frame.previous) !== before?.hash) return refuse('chain-broken')
  if (frame.last > head.sequence) return { kind: 'store' }
  return hex(frame.lastHash) === last?.hash ? { kind: 'stored', storedAt: last.storedAt } : refuse('chain-conflict')
}
