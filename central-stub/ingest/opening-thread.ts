// A thread of central that opens what devices send: seal, compression, columns, every bound. It answers with columns of
// numbers as they are stored, whose memory it hands over, or with why not. opening.ts starts it, and ends it when it takes too much.
import { parentPort, workerData } from 'node:worker_threads'
import { unpackColumns } from '../../agent/batch/columns.ts'
import type { Sealed } from '../../agent/batch/frame.ts'
import { openFrame } from '../../agent/batch/seal.ts'
import { type EventColumns, eventColumnsOf, memoryOf } from '../arrivals/event-columns.ts'
import type { RefusalCode } from '../refusals.ts'

export interface ThreadData {
  /** Raw private key that batches are sealed to. */
  readonly sealKey: Uint8Array
}

export interface OpenedBatch {
  readonly rows: number
  readonly messages: number
  readonly accounting: Readonly<Record<string, number>>
  /** Names of triage rules. */
  readonly reasons: readonly string[]
  /** How sure the box is of its clock (agent/batch/columns.ts). */
  readonly clock: number
  readonly events: EventColumns
}

export type ThreadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened'; readonly batch: OpenedBatch }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

async function open(sealed: Sealed, { sealKey }: ThreadData): Promise<ThreadAnswer> {
  let code: RefusalCode = 'seal-wrong'
  try {
    const packed = await openFrame(sealed, sealKey)
    code = 'batch-malformed'
    const columns = unpackColumns(packed)
    const { rows, messages, accounting, reasons, clock } = columns
    return { kind: 'opened', batch: { rows, messages, accounting, reasons, clock, events: eventColumnsOf(columns) } }
  } catch {
    // whatever it was, these bytes are why: central does not say more of what is inside a seal
    return { kind: 'refused', code }
  }
}

const port = parentPort
if (port === null) throw new Error('this file runs as a thread of central only')
port.on('message', async (sealed: Sealed) => {
  const answer = await open(sealed, workerData as ThreadData)
  port.postMessage(answer, answer.kind === 'opened' ? memoryOf(answer.batch.events) : [])
})
port.postMessage({ kind: 'ready' } satisfies ThreadAnswer)
