// Sealing to central's key with HPKE (hpke.ts). What lies in the spool or passes a proxy can be opened by central only; the device's
// signature says which box sent it (frame.ts).
import { createHash, type KeyObject } from 'node:crypto'
import { Failure } from '../errors.ts'
import { type BatchHeader, buildBatchFrame, encodeBatchHeader, type FrameBytes, type Sealed } from './frame.ts'
import { contextFor, generatePair, open, privateKeyOf, publicKeyOf, seal } from './hpke.ts'

const context = contextFor(new TextEncoder().encode('cyberalarm batch v1'))

/** Raw key pair of 32 bytes each, for central. */
export async function generateSealKeyPair(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }> {
  return generatePair()
}

/** Short name of a key: the first 8 bytes of its SHA-256, hexadecimal. */
export const sealKeyId = (publicKey: Uint8Array): string => createHash('sha256').update(publicKey).digest('hex').slice(0, 16)

/** Seals a packed batch under its header to central's raw public key. */
export async function sealBatch(packed: Uint8Array, header: Omit<BatchHeader, 'sealKey'>, publicKey: Uint8Array): Promise<FrameBytes> {
  const encoded = encodeBatchHeader({ ...header, sealKey: sealKeyId(publicKey) })
  const { enc, sealed } = seal(packed, encoded, context, publicKeyOf(publicKey))
  return buildBatchFrame(encoded, enc, sealed)
}

const privateKeys = new WeakMap<Uint8Array, KeyObject>()

function keyOf(raw: Uint8Array): KeyObject {
  const key = privateKeys.get(raw) ?? privateKeyOf(raw)
  privateKeys.set(raw, key)
  return key
}

/** Opens a sealed batch; Failure 'batch-malformed' if it was not sealed to this key under this header. */
export async function openFrame({ header, enc, sealed }: Sealed, privateKey: Uint8Array): Promise<Uint8Array> {
  try {
    return open({ enc, sealed }, header, context, keyOf(privateKey))
  } catch (error) {
    throw new Failure('batch-malformed', 'the seal does not open', error)
  }
}
