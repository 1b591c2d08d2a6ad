// A thread of central that opens what devices send: seal, compression, columns, every bound. It answers with columns of
// numbers, whose memory it hands over, or with why not. opening.ts starts it, and ends it when it takes too much.
import { parentPort, workerData } from 'node:worker_threads'
import { type BatchColumns, unpackColumns } from '../../agent/batch/columns.ts'
import type { Sealed } from '../../agent/batch/frame.ts'
import { openFrame } from '../../agent/batch/seal.ts'
import type { RefusalCode } from '../refusals.ts'

export interface ThreadData {
  /** Raw private key that batches are sealed to. */
  readonly sealKey: Uint8Array
}

export type ThreadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened'; readonly columns: BatchColumns }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

async function open(sealed: Sealed, { sealKey }: ThreadData): Promise<ThreadAnswer> {
  let code: RefusalCode = 'seal-wrong'
  try {
    const packed = await openFrame(sealed, sealKey)
    code = 'batch-malformed'
    return { kind: 'opened', columns: unpackColumns(packed) }
  } catch {
    // whatever it was, these bytes are why: central does not say more of what is inside a seal
    return { kind: 'refused', code }
  }
}

const memoryOf = (columns: BatchColumns): ArrayBuffer[] =>
  Object.values(columns).flatMap(column => (ArrayBuffer.isView(column) && column.buffer instanceof ArrayBuffer ? [column.buffer] : []))

const port = parentPort
if (port === null) throw new Error('this file runs as a thread of central only')
port.on('message', async (sealed: Sealed) => {
  const answer = await open(sealed, workerData as ThreadData)
  port.postMessage(answer, answer.kind === 'opened' ? memoryOf(answer.columns) : [])
})
port.postMessage({ kind: 'ready' } satisfies ThreadAnswer)
