// A frame in, a receipt out - after the frame is on the disk, once, however often it is sent. Cheap checks come before dear
// ones: form, device, signature, place in the chain; only then is it opened, in a thread. A refusal stores nothing.
import { type BatchFrame, decodeFrame, type Frame, type ShedFrame, type UnverifiedFrame, verifyFrame } from '../../agent/batch/frame.ts'
import { BATCH_MAX_ROWS } from '../../agent/batch/open-batch.ts'
import { type Receipt, signReceipt } from '../../agent/batch/receipt.ts'
import { type CertificateRecord, type Device, signersOf } from '../devices/devices.ts'
import { type Head, headOf, moveHead } from '../devices/head.ts'
import type { KeyedQueue } from '../keyed-queue.ts'
import { costOf, type Quotas } from '../limits/quotas.ts'
import { Refusal } from '../refusals.ts'
import type { Register } from '../register/register.ts'
import type { Keys } from '../trust/keys.ts'
import { type Decision, decideBatch, decideShed } from './chain.ts'
import type { Committer } from './committer.ts'
import type { Opening } from './opening.ts'
import { heldIn, onFile, storedBatch, storedShed } from './stored.ts'

export interface IngestContext {
  readonly register: Register
  readonly committer: Committer
  readonly keys: Keys
  readonly opening: Opening
  readonly deviceQueue: KeyedQueue
  readonly quotas: Quotas
  readonly now: () => number
  /** Why nothing may be taken in now, whoever sends it; for example because what should be deleted is not. */
  readonly mayIngest?: ((now: number) => Refusal | undefined) | undefined
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Answers POST /v1/batches for the device whose certificate the connection showed. */
export async function ingest(context: IngestContext, bytes: Uint8Array, connection: CertificateRecord): Promise<Receipt> {
  const unverified = readFrame(bytes)
  if (unverified.device !== connection.device) throw new Refusal('device-mismatch')
  return context.deviceQueue.run(unverified.device, async () => {
    const frame = verified(context, unverified, connection)
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
function verified({ register, now }: IngestContext, frame: UnverifiedFrame, connection: CertificateRecord): Frame {
  const signers = signersOf(register, connection, now())
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

/** Refusal for what is not the frame's fault: nothing is taken in at all, or the sender has used up what it may store. */
function checkMayStore({ quotas, mayIngest, now }: IngestContext, owner: Device): void {
  const refusal = mayIngest?.(now())
  if (refusal !== undefined) throw refusal
  quotas.check(owner, now())
}

async function takeBatch(context: IngestContext, frame: BatchFrame, size: number, owner: Device): Promise<number> {
  const { register, committer, keys, opening, quotas } = context
  const { deviceId, memberId, device } = owner
  const head = headOf(register, deviceId)
  const before = storedBefore(decideBatch(frame, head, storedBatch(register, deviceId, frame.sequence)), head)
  if (before !== undefined) return before
  checkMayStore(context, owner)
  register.checkRoom()
  if (frame.sealKey !== keys.seal.id) throw new Refusal('seal-wrong')
  const { events, messages, accounting: counted, clock } = await opening.open(frame)
  const accounting = JSON.stringify(counted)
  const at = await committer.store({
    device: deviceId,
    deviceUuid: device,
    member: memberId,
    sequence: frame.sequence,
    hash: frame.hash,
    messages,
    bytes: size,
    accounting,
    clock,
    events,
  })
  // names of counters shrink to a twentieth in a frame, and are stored as they are (devices/usage.ts counts likewise)
  quotas.count(owner, costOf(size + accounting.length, events.rows), at)
  return at
}

async function takeShed(context: IngestContext, frame: ShedFrame, size: number, owner: Device): Promise<number> {
  const { register, quotas, now } = context
  const { first, last } = frame
  const { deviceId } = owner
  const head = headOf(register, deviceId)
  const stored = storedShed(register, deviceId, hex(frame.hash))
  const decision = decideShed(frame, head, stored, onFile(register, deviceId, first - 1), onFile(register, deviceId, last))
  const storedAt = storedBefore(decision, head)
  if (storedAt !== undefined) return storedAt
  checkMayStore(context, owner)
  quotas.checkStatement(owner, now())
  // what central has already was not lost, whatever the statement says of it
  const held = first > head.sequence ? { rows: 0, messages: 0 } : heldIn(register, deviceId, first, head.sequence)
  const rows = within(frame.rows - held.rows, (last - head.sequence) * BATCH_MAX_ROWS)
  const messages = within(frame.messages - held.messages, frame.messages)
  const at = now()
  register.transact(transaction => {
    transaction.run(
      `INSERT INTO sheds (device, hash, first, last, last_hash, stored_at, rows, messages, reason)
        VALUES ($deviceId, $hash, $first, $last, $lastHash, $at, $rows, $messages, $reason)`,
      { deviceId, hash: frame.hash, first: head.sequence + 1, last, lastHash: frame.lastHash, at, rows, messages, reason: frame.reason },
    )
    moveHead(transaction, deviceId, { sequence: last, hash: hex(frame.lastHash) })
  })
  quotas.count(owner, costOf(size, 0), at)
  return at
}

const within = (value: number, max: number): number => Math.min(Math.max(value, 0), max)
