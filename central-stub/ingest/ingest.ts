// A frame in, a receipt out - after the frame is on the disk, once, however often it is sent. Cheap checks come before dear
// ones: form, device, signature, place in the chain, seal, content. A refusal stores nothing.
import { BIGINT, VARCHAR } from '@duckdb/node-api'
import * as z from 'zod'
import { type BatchFrame, decodeFrame, type Frame, type ShedFrame, verifyFrame } from '../../agent/batch/frame.ts'
import { type Receipt, signReceipt } from '../../agent/batch/receipt.ts'
import { openFrame } from '../../agent/batch/seal.ts'
import { type UnpackedBatch, unpack } from '../../agent/batch/unpack.ts'
import { activeCertificates, type CertificateRecord } from '../devices/devices.ts'
import { type Head, headOf, moveHead, noHead } from '../devices/head.ts'
import type { KeyedQueue } from '../keyed-queue.ts'
import { Refusal, type RefusalCode } from '../refusals.ts'
import { eventColumns, timestamp } from '../store/schema.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Keys } from '../trust/keys.ts'
import { type Decision, decideBatch, decideShed, type Stored } from './chain.ts'

export interface IngestContext {
  readonly store: Store
  readonly keys: Keys
  readonly deviceQueue: KeyedQueue
  readonly now: () => number
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Answers POST /v1/batches for the device whose certificate the connection showed. */
export async function ingest(context: IngestContext, bytes: Uint8Array, connection: CertificateRecord): Promise<Receipt> {
  const frame = await orRefuse('batch-malformed', () => decodeFrame(bytes))
  if (frame.device !== connection.device) throw new Refusal('device-mismatch')
  return context.deviceQueue.run(frame.device, async () => {
    await checkSignature(context, frame, connection)
    const storedAt = frame.kind === 'batch' ? await takeBatch(context, frame, bytes.length) : await takeShed(context, frame)
    const { keys } = context
    const sequence = frame.kind === 'batch' ? frame.sequence : frame.last
    return signReceipt(
      { device: frame.device, sequence, hash: hex(frame.hash), storedAt: new Date(storedAt).toISOString(), key: keys.receipt.id },
      keys.receipt.privateKey,
    )
  })
}

async function orRefuse<T>(code: RefusalCode, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new Refusal(code, { cause })
  }
}

/** By any active key of the device, because a box may have renewed while its connection stayed open. */
async function checkSignature({ store, now }: IngestContext, frame: Frame, connection: CertificateRecord): Promise<void> {
  const active = await activeCertificates(store, frame.device, now())
  // revoked while the body was on its way
  if (!active.some(one => one.fingerprint === connection.fingerprint)) throw new Refusal('certificate-revoked')
  if (!active.some(one => verifyFrame(frame, one.publicKey))) throw new Refusal('signature-wrong')
}

/** When it was stored, if central has it already; Refusal if it may not be stored. */
function storedBefore(decision: Decision, head: Head): number | undefined {
  if (decision.kind === 'refuse') throw new Refusal(decision.code, { fields: { expected: head.sequence + 1 } })
  return decision.kind === 'stored' ? decision.storedAt : undefined
}

async function takeBatch({ store, keys, now }: IngestContext, frame: BatchFrame, size: number): Promise<number> {
  const [head, stored] = await Promise.all([headOf(store, frame.device), storedBatch(store, frame.device, frame.sequence)])
  const before = storedBefore(decideBatch(frame, head, stored), head)
  if (before !== undefined) return before
  if (frame.sealKey !== keys.seal.id) throw new Refusal('seal-wrong')
  const packed = await orRefuse('seal-wrong', () => openFrame(frame, keys.seal.privateKey))
  const at = now()
  await store.transact(async transaction => {
    // in here, because transactions go one at a time: only one batch is in memory in full
    const { batch, rows } = await orRefuse('batch-malformed', () => readRows(frame, packed))
    await transaction.run(
      'INSERT INTO batches VALUES ($device, $sequence, $hash, $storedAt, $sealKey, $rows, $messages, $bytes, $accounting)',
      {
        device: frame.device,
        sequence: BigInt(frame.sequence),
        hash: hex(frame.hash),
        storedAt: timestamp(at),
        sealKey: frame.sealKey,
        rows: batch.rows,
        messages: BigInt(batch.messages),
        bytes: size,
        accounting: JSON.stringify(batch.accounting),
      },
    )
    await transaction.append('events', ...rows)
    await moveHead(transaction, frame.device, { sequence: frame.sequence, hash: hex(frame.hash) })
  })
  return at
}

async function takeShed({ store, now }: IngestContext, frame: ShedFrame): Promise<number> {
  const { device, first, last, rows, messages, reason } = frame
  const [head, stored, hashBefore, hashOfLast] = await Promise.all([
    headOf(store, device),
    storedShed(store, device, hex(frame.hash)),
    hashAt(store, device, first - 1),
    hashAt(store, device, last),
  ])
  const before = storedBefore(decideShed(frame, head, stored, hashBefore, hashOfLast), head)
  if (before !== undefined) return before
  const at = now()
  const numbers = { first: BigInt(first), last: BigInt(last), rows: BigInt(rows), messages: BigInt(messages) }
  const hashes = { hash: hex(frame.hash), lastHash: hex(frame.lastHash) }
  await store.transact(async transaction => {
    await transaction.run('INSERT INTO sheds VALUES ($device, $hash, $first, $last, $lastHash, $storedAt, $rows, $messages, $reason)', {
      device,
      ...hashes,
      ...numbers,
      storedAt: timestamp(at),
      reason,
    })
    if (last > head.sequence) await moveHead(transaction, device, { sequence: last, hash: hashes.lastHash })
  })
  return at
}

function readRows(frame: BatchFrame, packed: Uint8Array) {
  const batch: UnpackedBatch = unpack(packed)
  const sequence = BigInt(frame.sequence)
  const values = Array.from({ length: batch.rows }, (_, i) => {
    const event = batch.event(i)
    return [frame.device, sequence, ...eventColumns.map(column => column.read(event))]
  })
  return { batch, rows: [eventTypes, values] as const }
}

const eventTypes = [VARCHAR, BIGINT, ...eventColumns.map(column => column.type)]

const hashSchema = z.object({ hash: z.string() })
const storedSchema = hashSchema
  .extend({ stored_at: z.date() })
  .transform((row): Stored => ({ hash: row.hash, storedAt: row.stored_at.getTime() }))

async function storedBatch(reader: Reader, device: string, sequence: number): Promise<Stored | undefined> {
  const sql = 'SELECT hash, stored_at FROM batches WHERE device = $device AND sequence = $sequence'
  return (await reader.read(storedSchema, sql, { device, sequence: BigInt(sequence) }))[0]
}

async function storedShed(reader: Reader, device: string, hash: string): Promise<Stored | undefined> {
  const sql = 'SELECT hash, stored_at FROM sheds WHERE device = $device AND hash = $hash'
  return (await reader.read(storedSchema, sql, { device, hash }))[0]
}

/** Hash on file of the batch of a number, stored or the last of a shed statement; undefined if it is not known. */
async function hashAt(reader: Reader, device: string, sequence: number): Promise<string | undefined> {
  if (sequence === noHead.sequence) return noHead.hash
  const sql = `SELECT hash FROM batches WHERE device = $device AND sequence = $sequence
    UNION ALL SELECT last_hash FROM sheds WHERE device = $device AND last = $sequence`
  return (await reader.read(hashSchema, sql, { device, sequence: BigInt(sequence) }))[0]?.hash
}
