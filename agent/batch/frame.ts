// What goes over the wire: a batch (header, sealed body) or a statement that batches were shed, each signed by the device's
// key. Every field has its place, so a frame is read without unpacking anything: whoever sends one has no say in what reading
// it costs, and its signature can be checked first. The header names the hash of the frame before. README.md has the layout.
import { createHash, type KeyObject, sign, verify } from 'node:crypto'
import { Failure } from '../errors.ts'
import { SEQUENCE_MAX } from './layout.ts'

const FORMAT = 2
const DOMAIN = Buffer.from('cyberalarm frame v2\0')
const Kind = { batch: 1, shed: 2 } as const
/** Why batches were shed, by number. Only ever appended to. */
const shedReasons = ['not-kept'] as const

const SIGNATURE_BYTES = 64
/** Where fields begin. Format, kind and device have the same place in both. */
const at = { kind: 1, device: 2 } as const
const inBatch = { sequence: 18, previous: 24, sealKey: 56, enc: 64, sealed: 96 } as const
const inShed = { first: 18, last: 24, previous: 30, lastHash: 62, rows: 94, messages: 100, reason: 106, signature: 107 } as const
/** Of AES-GCM, at the end of every sealed body. */
const TAG_BYTES = 16
export const BATCH_FIXED_BYTES = inBatch.sealed + TAG_BYTES + SIGNATURE_BYTES
const SHED_BYTES = inShed.signature + SIGNATURE_BYTES

export interface BatchHeader {
  /** UUID that central gave the device. */
  readonly device: string
  /** 1 for the first batch of a device, then one more each. */
  readonly sequence: number
  /** Hash of the frame before; 32 zero bytes for the first. */
  readonly previous: Uint8Array
  /** Which key of central it is sealed to: 16 hexadecimal digits. */
  readonly sealKey: string
}

export interface ShedHeader {
  readonly device: string
  readonly first: number
  readonly last: number
  readonly previous: Uint8Array
  /** Hash of batch `last`, so that the next batch's `previous` still fits. */
  readonly lastHash: Uint8Array
  readonly rows: number
  readonly messages: number
  readonly reason: (typeof shedReasons)[number]
}

interface Signed {
  /** All but the signature. */
  readonly unsigned: Uint8Array
  readonly signature: Uint8Array
}

export interface Sealed {
  readonly header: Uint8Array
  readonly enc: Uint8Array
  readonly sealed: Uint8Array
}

interface UnverifiedBatch extends BatchHeader, Sealed, Signed {
  readonly kind: 'batch'
}

interface UnverifiedShed extends ShedHeader, Signed {
  readonly kind: 'shed'
}

export type UnverifiedFrame = UnverifiedBatch | UnverifiedShed

/** What only a frame has whose signature was found right. */
interface Verified {
  /** SHA-256 of the frame without its signature. */
  readonly hash: Uint8Array
}

export type BatchFrame = UnverifiedBatch & Verified
export type ShedFrame = UnverifiedShed & Verified
export type Frame = BatchFrame | ShedFrame

/** Bytes of a frame, and the hash over all but the signature. In the spool it lies without signature. */
export interface FrameBytes {
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
}

const binary = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const deviceText = (bytes: Buffer): string =>
  [2, 6, 8, 10, 12].map((from, i, all) => bytes.toString('hex', from, all[i + 1] ?? inBatch.sequence)).join('-')

function begin(length: number, kind: number, device: string): Buffer {
  const bytes = Buffer.alloc(length)
  bytes[0] = FORMAT
  bytes[at.kind] = kind
  bytes.write(device.replaceAll('-', ''), at.device, 'hex')
  return bytes
}

/** The header is also the additional data of the seal: a body fits no other header. */
export function encodeBatchHeader({ device, sequence, previous, sealKey }: BatchHeader): Uint8Array {
  const bytes = begin(inBatch.enc, Kind.batch, device)
  bytes.writeUIntBE(sequence, inBatch.sequence, 6)
  bytes.set(previous, inBatch.previous)
  bytes.write(sealKey, inBatch.sealKey, 'hex')
  return bytes
}

export function buildBatchFrame(header: Uint8Array, enc: Uint8Array, sealed: Uint8Array): FrameBytes {
  const bytes = Buffer.concat([header, enc, sealed])
  return { bytes, hash: hashOfUnsigned(bytes) }
}

export function buildShedFrame(shed: ShedHeader): FrameBytes {
  const bytes = begin(inShed.signature, Kind.shed, shed.device)
  bytes.writeUIntBE(shed.first, inShed.first, 6)
  bytes.writeUIntBE(shed.last, inShed.last, 6)
  bytes.set(shed.previous, inShed.previous)
  bytes.set(shed.lastHash, inShed.lastHash)
  bytes.writeUIntBE(Math.min(shed.rows, SEQUENCE_MAX), inShed.rows, 6)
  bytes.writeUIntBE(Math.min(shed.messages, SEQUENCE_MAX), inShed.messages, 6)
  bytes[inShed.reason] = shedReasons.indexOf(shed.reason)
  return { bytes, hash: hashOfUnsigned(bytes) }
}

/** The device that a frame says it is of. */
export const deviceOf = (unsigned: Uint8Array): string => deviceText(binary(unsigned))

/** Hash of a frame without its signature. */
export function hashOfUnsigned(unsigned: Uint8Array): Uint8Array {
  return createHash('sha256').update(DOMAIN).update(unsigned).digest()
}

/** Adds the device's signature; done at upload, so that a new key after a new enrolment can send what an old one sealed. */
export function signFrame(unsigned: Uint8Array, privateKey: KeyObject): FrameBytes {
  const hash = hashOfUnsigned(unsigned)
  const signature = sign('sha256', hash, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { bytes: Buffer.concat([unsigned, signature]), hash }
}

/** The frame with its hash if one of the keys (P-256) signed it; undefined if none did. */
export function verifyFrame<F extends UnverifiedFrame>(frame: F, publicKeys: readonly KeyObject[]): (F & Verified) | undefined {
  const hash = hashOfUnsigned(frame.unsigned)
  const isSigned = publicKeys.some(key => verify('sha256', hash, { key, dsaEncoding: 'ieee-p1363' }, frame.signature))
  return isSigned ? { ...frame, hash } : undefined
}

/** Reads a signed frame, which costs the same whatever is in it. Throws Failure 'batch-malformed' for anything that is none. */
export function decodeFrame(data: Uint8Array): UnverifiedFrame {
  const bytes = binary(data)
  if (bytes.length >= BATCH_FIXED_BYTES && bytes[0] === FORMAT && bytes[at.kind] === Kind.batch) {
    const sequence = bytes.readUIntBE(inBatch.sequence, 6)
    if (sequence > 0) return readBatch(bytes, sequence)
  }
  if (bytes.length === SHED_BYTES && bytes[0] === FORMAT && bytes[at.kind] === Kind.shed) {
    const first = bytes.readUIntBE(inShed.first, 6)
    const last = bytes.readUIntBE(inShed.last, 6)
    const reason = shedReasons.at(bytes[inShed.reason])
    if (first > 0 && last >= first && reason !== undefined) return readShed(bytes, first, last, reason)
  }
  throw new Failure('batch-malformed', 'this is no frame of a format that this program knows')
}

const signed = (bytes: Buffer): Signed => ({
  unsigned: bytes.subarray(0, -SIGNATURE_BYTES),
  signature: bytes.subarray(-SIGNATURE_BYTES),
})

function readBatch(bytes: Buffer, sequence: number): UnverifiedBatch {
  return {
    kind: 'batch',
    device: deviceText(bytes),
    sequence,
    previous: bytes.subarray(inBatch.previous, inBatch.sealKey),
    sealKey: bytes.toString('hex', inBatch.sealKey, inBatch.enc),
    header: bytes.subarray(0, inBatch.enc),
    enc: bytes.subarray(inBatch.enc, inBatch.sealed),
    sealed: bytes.subarray(inBatch.sealed, -SIGNATURE_BYTES),
    ...signed(bytes),
  }
}

function readShed(bytes: Buffer, first: number, last: number, reason: ShedHeader['reason']): UnverifiedShed {
  return {
    kind: 'shed',
    device: deviceText(bytes),
    first,
    last,
    previous: bytes.subarray(inShed.previous, inShed.lastHash),
    lastHash: bytes.subarray(inShed.lastHash, inShed.rows),
    rows: bytes.readUIntBE(inShed.rows, 6),
    messages: bytes.readUIntBE(inShed.messages, 6),
    reason,
    ...signed(bytes),
  }
}
