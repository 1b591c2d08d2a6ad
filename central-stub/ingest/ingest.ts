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
import { costOf, type Owner, type Quotas } from '../limits/quotas.ts'
import { Refusal, type RefusalCode } from '../refusals.ts'
import { eventColumns, timestamp } from '../store/schema.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Keys } from '../trust/keys.ts'
import { type Decision, decideBatch, decideShed, type Stored } from './chain.ts'

export interface IngestContext {
  readonly store: Store
  readonly keys: Keys
  readonly deviceQueue: KeyedQueue
  readonly quotas: Quotas
  readonly now: () => number
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Answers POST /v1/batches for the device whose certificate the connection showed. */
export async function ingest(context: IngestContext, bytes: Uint8Array, connection: CertificateRecord): Promise<Receipt> {
  const frame = await orRefuse('batch-malformed', () => decodeFrame(bytes))
  if (frame.device !== connection.device) throw new Refusal('device-mismatch')
  return context.deviceQueue.run(frame.device, async () => {
    await checkSignature(context, frame, connection)
    const storedAt =
      frame.kind === 'batch'
        ? await takeBatch(context, frame, bytes.length, connection)
        : await takeShed(context, frame, bytes.length, connection)
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

async function takeBatch({ store, keys, quotas, now }: IngestContext, frame: BatchFrame, size: number, owner: Owner): Promise<number> {
  const [head, stored] = await Promise.all([headOf(store, frame.device), storedBatch(store, frame.device, frame.sequence)])
  const before = storedBefore(decideBatch(frame, head, stored), head)
  if (before !== undefined) return before
  quotas.check(owner, now())
  if (frame.sealKey !== keys.seal.id) throw new Refusal('seal-wrong')
  const packed = await orRefuse('seal-wrong', () => openFrame(frame, keys.seal.privateKey))
  const at = now()
  const rows = await store.transact(async transaction => {
    // in here, because transactions go one at a time: only one batch is in memory in full
    const { batch, events } = await orRefuse('batch-malformed', () => readRows(frame, packed))
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
    await transaction.append('events', ...events)
    await moveHead(transaction, frame.device, { sequence: frame.sequence, hash: hex(frame.hash) })
    return batch.rows
  })
  quotas.count(owner, costOf(size, rows), at)
  return at
}

async function takeShed({ store, quotas, now }: IngestContext, frame: ShedFrame, size: number, owner: Owner): Promise<number> {
  const { device, last, reason } = frame
  const [head, stored, before, atLast] = await Promise.all([
    headOf(store, device),
    storedShed(store, device, hex(frame.hash)),
    storedAs(store, device, frame.first - 1),
    storedAs(store, device, last),
  ])
  const storedAt = storedBefore(decideShed(frame, head, stored, before?.hash, atLast), head)
  if (storedAt !== undefined) return storedAt
  quotas.check(owner, now())
  quotas.checkStatement(owner, now())
  const at = now()
  // of what it says of batches that central has, nothing is counted
  const first = Math.max(frame.first, head.sequence + 1)
  const held = await heldOf(store, device, frame.first, head.sequence)
  const [rows, messages] = [Math.max(0, frame.rows - held.rows), Math.max(0, frame.messages - held.messages)]
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
    await moveHead(transaction, device, { sequence: last, hash: hashes.lastHash })
  })
  quotas.count(owner, costOf(size, 0), at)
  return at
}

function readRows(frame: BatchFrame, packed: Uint8Array) {
  const batch: UnpackedBatch = unpack(packed)
  const sequence = BigInt(frame.sequence)
  const values = Array.from({ length: batch.rows }, (_, i) => {
    const event = batch.event(i)
    return [frame.device, sequence, ...eventColumns.map(column => column.read(event))]
  })
  return { batch, events: [eventTypes, values] as const }
}

const eventTypes = [VARCHAR, BIGINT, ...eventColumns.map(column => column.type)]

const storedSchema = z
  .object({ hash: z.string(), stored_at: z.date() })
  .transform((row): Stored => ({ hash: row.hash, storedAt: row.stored_at.getTime() }))

async function storedBatch(reader: Reader, device: string, sequence: number): Promise<Stored | undefined> {
  const sql = 'SELECT hash, stored_at FROM batches WHERE device = $device AND sequence = $sequence'
  return (await reader.read(storedSchema, sql, { device, sequence: BigInt(sequence) }))[0]
}

async function storedShed(reader: Reader, device: string, hash: string): Promise<Stored | undefined> {
  const sql = 'SELECT hash, stored_at FROM sheds WHERE device = $device AND hash = $hash'
  return (await reader.read(storedSchema, sql, { device, hash }))[0]
}

const first: Stored = { hash: noHead.hash, storedAt: 0 }

/** What is on file under a number, a batch or the last of a statement; undefined if it is not known. */
async function storedAs(reader: Reader, device: string, sequence: number): Promise<Stored | undefined> {
  if (sequence === noHead.sequence) return first
  const sql = `SELECT hash, stored_at FROM batches WHERE device = $device AND sequence = $sequence
    UNION ALL SELECT last_hash, stored_at FROM sheds WHERE device = $device AND last = $sequence`
  return (await reader.read(storedSchema, sql, { device, sequence: BigInt(sequence) }))[0]
}

const number = z.bigint().transform(Number)

/** Rows and messages on file of the batches from one number to another, stored or shed. */
async function heldOf(reader: Reader, device: string, from: number, to: number): Promise<{ rows: number; messages: number }> {
  const sql = `SELECT coalesce(sum(rows), 0) AS rows, coalesce(sum(messages), 0) AS messages FROM (
      SELECT rows, messages FROM batches WHERE device = $device AND sequence BETWEEN $from AND $to
      UNION ALL SELECT rows, messages FROM sheds WHERE device = $device AND first >= $from AND last <= $to)`
  const shape = z.object({ rows: number, messages: number })
  return (await reader.read(shape, sql, { device, from: BigInt(from), to: BigInt(to) }))[0]
}
