// Sealing to central's key with HPKE (RFC 9180, base mode: X25519, HKDF-SHA256, AES-256-GCM). What lies in the spool or
// passes a proxy can be opened by central only; the device's signature says which box sent it (frame.ts).
import { createHash } from 'node:crypto'
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { Failure } from '../errors.ts'
import { type BatchHeader, buildBatchFrame, encodeBatchHeader, type FrameBytes, type Sealed } from './frame.ts'

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const info = new TextEncoder().encode('cyberalarm batch v1')

const exact = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

/** Raw key pair of 32 bytes each, for central. */
export async function generateSealKeyPair(): Promise<{ publicKey: Uint8Array; privateKey: Uint8Array }> {
  const pair = await suite.kem.generateKeyPair()
  const [publicKey, privateKey] = await Promise.all([
    suite.kem.serializePublicKey(pair.publicKey),
    suite.kem.serializePrivateKey(pair.privateKey),
  ])
  return { publicKey: new Uint8Array(publicKey), privateKey: new Uint8Array(privateKey) }
}

/** Short name of a key: the first 8 bytes of its SHA-256, hexadecimal. */
export const sealKeyId = (publicKey: Uint8Array): string => createHash('sha256').update(publicKey).digest('hex').slice(0, 16)

/** Seals a packed batch under its header to central's raw public key. */
export async function sealBatch(packed: Uint8Array, header: Omit<BatchHeader, 'sealKey'>, publicKey: Uint8Array): Promise<FrameBytes> {
  const encoded = encodeBatchHeader({ ...header, sealKey: sealKeyId(publicKey) })
  const recipientPublicKey = await suite.kem.deserializePublicKey(exact(publicKey))
  const { ct, enc } = await suite.seal({ recipientPublicKey, info }, exact(packed), exact(encoded))
  return buildBatchFrame(encoded, new Uint8Array(enc), new Uint8Array(ct))
}

/** Opens a sealed batch; Failure 'batch-malformed' if it was not sealed to this key under this header. */
export async function openFrame({ header, enc, sealed }: Sealed, privateKey: Uint8Array): Promise<Uint8Array> {
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(exact(privateKey))
    return new Uint8Array(await suite.open({ recipientKey, enc: exact(enc), info }, exact(sealed), exact(header)))
  } catch (error) {
    throw new Failure('batch-malformed', 'the seal does not open', error)
  }
}
