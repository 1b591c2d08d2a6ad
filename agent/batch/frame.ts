// What goes over the wire: a batch (header, sealed body) or a statement that batches were shed, each signed by the
// device's key. The header carries the hash of what came before, so order and gaps are provable. README.md has the layout.
import { createHash, type KeyObject, sign, verify } from 'node:crypto'
import { Packr } from 'msgpackr'
import * as z from 'zod'
import { Failure } from '../errors.ts'

const FORMAT = 1
const packr = new Packr({ useRecords: false })
const DOMAIN = Buffer.from('cyberalarm frame v1\0')

export interface BatchHeader {
  /** UUID that central gave the device. */
  readonly device: string
  /** 1 for the first batch of a device, then one more each. */
  readonly sequence: number
  /** Hash of the frame before; 32 zero bytes for the first. */
  readonly previous: Uint8Array
  /** Which key of central it is sealed to. */
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
  readonly reason: string
}

interface Signed {
  /** SHA-256 over the frame without its signature. */
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

export interface BatchFrame extends BatchHeader, Signed {
  readonly kind: 'batch'
  readonly header: Uint8Array
  readonly enc: Uint8Array
  readonly sealed: Uint8Array
}

export interface ShedFrame extends ShedHeader, Signed {
  readonly kind: 'shed'
}

export type Frame = BatchFrame | ShedFrame

/** Bytes of a frame, and the hash over all but the signature. In the spool it lies without signature. */
export interface FrameBytes {
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
}

const binary = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const deviceBytes = (device: string): Buffer => Buffer.from(device.replaceAll('-', ''), 'hex')
const deviceText = (bytes: Uint8Array): string =>
  binary(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** The header is also the additional data of the seal: a body fits no other header. */
export function encodeBatchHeader(header: BatchHeader): Uint8Array {
  return packr.pack([
    FORMAT,
    'batch',
    deviceBytes(header.device),
    header.sequence,
    binary(header.previous),
    Buffer.from(header.sealKey, 'hex'),
  ])
}

export function buildBatchFrame(header: Uint8Array, enc: Uint8Array, sealed: Uint8Array): FrameBytes {
  return { bytes: packr.pack([binary(header), binary(enc), binary(sealed)]), hash: hashOf([header, enc, sealed]) }
}

export function buildShedFrame(shed: ShedHeader): FrameBytes {
  const header = packr.pack([
    FORMAT,
    'shed',
    deviceBytes(shed.device),
    shed.first,
    shed.last,
    binary(shed.previous),
    binary(shed.lastHash),
    shed.rows,
    shed.messages,
    shed.reason,
  ])
  return { bytes: packr.pack([header]), hash: hashOf([header]) }
}

/** Hash of a frame without its signature, as the disk gave it back; undefined if it is none. */
export function hashOfUnsigned(unsigned: Uint8Array): Uint8Array | undefined {
  try {
    return hashOf(partsSchema.parse(packr.unpack(binary(unsigned))))
  } catch {
    return undefined
  }
}

/** Adds the device's signature; done at upload, so that a new key after a new enrolment can send what an old one sealed. */
export function signFrame(unsigned: Uint8Array, privateKey: KeyObject): FrameBytes {
  const parts = partsSchema.parse(packr.unpack(binary(unsigned)))
  const hash = hashOf(parts)
  const signature = sign('sha256', hash, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return { bytes: packr.pack([...parts.map(binary), signature]), hash }
}

/** True if `publicKey` (P-256) signed the frame. */
export function verifyFrame(frame: Frame, publicKey: KeyObject): boolean {
  return verify('sha256', frame.hash, { key: publicKey, dsaEncoding: 'ieee-p1363' }, frame.signature)
}

// lengths are hashed too, so that bytes cannot move from one part to the next
function hashOf(parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256').update(DOMAIN)
  for (const part of parts) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    hash.update(length).update(part)
  }
  return hash.digest()
}

const bytes = (length: number) => z.instanceof(Uint8Array).refine(value => value.length === length)
const count = z.int().nonnegative()
const partsSchema = z.array(z.instanceof(Uint8Array)).min(1).max(4)
const batchSchema = z.tuple([z.literal(FORMAT), z.literal('batch'), bytes(16), count.min(1), bytes(32), bytes(8)])
const shedSchema = z.tuple([
  z.literal(FORMAT),
  z.literal('shed'),
  bytes(16),
  count.min(1),
  count.min(1),
  bytes(32),
  bytes(32),
  count,
  count,
  z
    .string()
    .max(32)
    .regex(/^[a-z-]+$/),
])

/** Reads a signed frame. Throws Failure 'batch-malformed' for anything that is not exactly one. */
export function decodeFrame(data: Uint8Array): Frame {
  try {
    const parts = partsSchema.parse(packr.unpack(binary(data)))
    const signature = bytes(64).parse(parts.pop())
    const hash = hashOf(parts)
    const header: unknown = packr.unpack(binary(parts[0]))
    if (parts.length === 3) {
      const [, , device, sequence, previous, sealKey] = batchSchema.parse(header)
      const read = { device: deviceText(device), sequence, previous, sealKey: binary(sealKey).toString('hex') }
      return { kind: 'batch', ...read, header: parts[0], enc: bytes(32).parse(parts[1]), sealed: parts[2], hash, signature }
    }
    const [, , device, first, last, previous, lastHash, rows, messages, reason] = shedSchema.parse(header)
    if (parts.length !== 1 || last < first) throw new RangeError('a frame has one or three parts before its signature')
    return { kind: 'shed', device: deviceText(device), first, last, previous, lastHash, rows, messages, reason, hash, signature }
  } catch (error) {
    throw new Failure('batch-malformed', 'the frame cannot be read', error)
  }
}
