// A frame in, a receipt out - after the frame is on the disk, once, however often it is sent. Cheap checks come before dear
// ones: form, device, signature, place in the chain; only then is it opened, in a thread. A refusal stores nothing.
import { BIGINT, type DuckDBValue, VARCHAR } from '@duckdb/node-api'
import * as z from 'zod'
import type { BatchColumns } from '../../agent/batch/columns.ts'
import { type BatchFrame, decodeFrame, type Frame, type ShedFrame, type UnverifiedFrame, verifyFrame } from '../../agent/batch/frame.ts'
import { BATCH_MAX_ROWS } from '../../agent/batch/open-batch.ts'
import { type Receipt, signReceipt } from '../../agent/batch/receipt.ts'
import { eventOf } from '../../agent/batch/unpack.ts'
import { type CertificateRecord, signersOf } from '../devices/devices.ts'
import { type Head, headOf, moveHead, noHead } from '../devices/head.ts'
import type { KeyedQueue } from '../keyed-queue.ts'
import { costOf, type Owner, type Quotas } from '../limits/quotas.ts'
import { Refusal } from '../refusals.ts'
import { eventColumns, timestamp } from '../store/schema.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Keys } from '../trust/keys.ts'
import { type Decision, decideBatch, decideShed, type Stored } from './chain.ts'
import type { Opening } from './opening.ts'

export interface IngestContext {
  readonly store: Store
  readonly keys: Keys
  readonly opening: Opening
  readonly deviceQueue: KeyedQueue
  readonly quotas: Quotas
  readonly now: () => number
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Answers POST /v1/batches for the device whose certificate the connection showed. */
export async function ingest(context: IngestContext, bytes: Uint8Array, connection: CertificateRecord): Promise<Receipt> {
  const unverified = readFrame(bytes)
  if (unverified.device !== connection.device) throw new Refusal('device-mismatch')
  return context.deviceQueue.run(unverified.device, async () => {
    const frame = await verified(context, unverified, connection)
    const size = bytes.length
    const storedAt = await (frame.kind === 'batch'
      ? takeBatch(context, frame, size, connection)
      : takeShed(context, frame, size, connection))
    const { keys } = context
    const sequence = frame.kind === 'batch' ? frame.sequence : frame.last
    return signReceipt(
      { device: frame.device, sequence, hash: hex(frame.hash), storedAt: new Date(storedAt).toISOString(), key: keys.receipt.id },
      keys.receipt.privateKey,
    )
  })
}

function readFrame(bytes: Uint8Array): UnverifiedFrame {
  try {
    return decodeFrame(bytes)
  } catch (cause) {
    throw new Refusal('batch-malformed', { cause })
  }
}

/** By the key of the connection, or a newer one of the device: a box may have renewed while its connection stayed open. */
async function verified({ store, now }: IngestContext, frame: UnverifiedFrame, connection: CertificateRecord): Promise<Frame> {
  const signers = await signersOf(store, connection, now())
  // revoked while the body was on its way
  if (signers.at(0)?.fingerprint !== connection.fingerprint) throw new Refusal('certificate-revoked')
  const signed = verifyFrame(
    frame,
    signers.map(({ publicKey }) => publicKey),
  )
  if (signed === undefined) throw new Refusal('signature-wrong')
  return signed
}

/** When it was stored, if central has it already; Refusal if it may not be stored. */
function storedBefore(decision: Decision, head: Head): number | undefined {
  if (decision.kind === 'refuse') throw new Refusal(decision.code, { fields: { expected: head.sequence + 1 } })
  return decision.kind === 'stored' ? decision.storedAt : undefined
}

async function takeBatch(
  { store, keys, opening, quotas, now }: IngestContext,
  frame: BatchFrame,
  size: number,
  owner: Owner,
): Promise<number> {
  const [head, stored] = await Promise.all([headOf(store, frame.device), storedBatch(store, frame.device, frame.sequence)])
  const before = storedBefore(decideBatch(frame, head, stored), head)
  if (before !== undefined) return before
  quotas.check(owner, now())
  if (frame.sealKey !== keys.seal.id) throw new Refusal('seal-wrong')
  const columns = await opening.open(frame)
  const accounting = JSON.stringify(columns.accounting)
  const at = now()
  await store.transact(async transaction => {
    await transaction.run(
      'INSERT INTO batches VALUES ($device, $sequence, $hash, $storedAt, $sealKey, $rows, $messages, $bytes, $accounting)',
      {
        device: frame.device,
        sequence: BigInt(frame.sequence),
        hash: hex(frame.hash),
        storedAt: timestamp(at),
        sealKey: frame.sealKey,
        rows: columns.rows,
        messages: BigInt(columns.messages),
        bytes: size,
        accounting,
      },
    )
    await transaction.append('events', eventTypes, rowsOf(frame, columns))
    await moveHead(transaction, frame.device, { sequence: frame.sequence, hash: hex(frame.hash) })
  })
  // names of counters shrink to a twentieth in a frame, and are stored as they are (devices/usage.ts counts likewise)
  quotas.count(owner, costOf(size + accounting.length, columns.rows), at)
  return at
}

async function takeShed({ store, quotas, now }: IngestContext, frame: ShedFrame, size: number, owner: Owner): Promise<number> {
  const { device, first, last } = frame
  const [head, stored, before, lastOnFile] = await Promise.all([
    headOf(store, device),
    storedShed(store, device, hex(frame.hash)),
    onFile(store, device, first - 1),
    onFile(store, device, last),
  ])
  const storedAt = storedBefore(decideShed(frame, head, stored, before, lastOnFile), head)
  if (storedAt !== undefined) return storedAt
  quotas.check(owner, now())
  quotas.checkStatement(owner, now())
  // what central has already was not lost, whatever the statement says of it
  const held = first > head.sequence ? nothingHeld : await heldIn(store, device, first, head.sequence)
  const rows = within(frame.rows - held.rows, (last - head.sequence) * BATCH_MAX_ROWS)
  const messages = within(frame.messages - held.messages, frame.messages)
  const at = now()
  await store.transact(async transaction => {
    await transaction.run('INSERT INTO sheds VALUES ($device, $hash, $first, $last, $lastHash, $storedAt, $rows, $messages, $reason)', {
      device,
      hash: hex(frame.hash),
      first: BigInt(head.sequence + 1),
      last: BigInt(last),
      lastHash: hex(frame.lastHash),
      storedAt: timestamp(at),
      rows: BigInt(rows),
      messages: BigInt(messages),
      reason: frame.reason,
    })
    await moveHead(transaction, device, { sequence: last, hash: hex(frame.lastHash) })
  })
  quotas.count(owner, costOf(size, 0), at)
  return at
}

const within = (value: number, max: number): number => Math.min(Math.max(value, 0), max)

/** Made one after the other, while they are stored. */
function* rowsOf(frame: BatchFrame, columns: BatchColumns): Generator<DuckDBValue[]> {
  const sequence = BigInt(frame.sequence)
  for (let row = 0; row < columns.rows; row++) {
    const event = eventOf(columns, row)
    yield [frame.device, sequence, ...eventColumns.map(column => column.read(event))]
  }
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

/** The batch of a number, stored or the last of a shed statement; undefined if its hash is not known. */
async function onFile(reader: Reader, device: string, sequence: number): Promise<Stored | undefined> {
  if (sequence === noHead.sequence) return { hash: noHead.hash, storedAt: 0 }
  const sql = `SELECT hash, stored_at FROM batches WHERE device = $device AND sequence = $sequence
    UNION ALL SELECT last_hash AS hash, stored_at FROM sheds WHERE device = $device AND last = $sequence`
  return (await reader.read(storedSchema, sql, { device, sequence: BigInt(sequence) }))[0]
}

const sum = z.bigint().transform(Number)
const heldSchema = z.object({ rows: sum, messages: sum })
const nothingHeld: z.infer<typeof heldSchema> = { rows: 0, messages: 0 }

/** What central has of a device from one batch to another, or has a statement about. */
async function heldIn(reader: Reader, device: string, first: number, last: number): Promise<typeof nothingHeld> {
  const sql = `SELECT coalesce(sum(rows), 0)::HUGEINT AS rows, coalesce(sum(messages), 0)::HUGEINT AS messages FROM (
    SELECT rows, messages FROM batches WHERE device = $device AND sequence BETWEEN $first AND $last
    UNION ALL SELECT rows, messages FROM sheds WHERE device = $device AND last BETWEEN $first AND $last)`
  return (await reader.read(heldSchema, sql, { device, first: BigInt(first), last: BigInt(last) }))[0]
}
