// HPKE (RFC 9180) in base mode with one set of algorithms, by Node's own cryptography: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
// AES-256-GCM, one message a key. OpenSSL has the whole KEM (section 4.1); the key schedule (section 5.1) is four HMACs. hpke.test.ts
// compares both directions with another implementation.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'

const SUITE = Buffer.concat([Buffer.from('HPKE'), Buffer.from('002000010002', 'hex')])
const MODE_BASE = 0
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const RAW_BYTES = 32
/** What stands before the 32 bytes of a key (RFC 8410). */
const SPKI = Buffer.from('302a300506032b656e032100', 'hex')
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

const nothing = new Uint8Array(0)
const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}
const label = (name: string): Buffer => Buffer.concat([Buffer.from('HPKE-v1'), SUITE, Buffer.from(name)])
const extract = (salt: Uint8Array, name: string, input: Uint8Array): Buffer => hmac(salt, label(name), input)
/** At most 32 bytes: one round of HKDF. */
const expand = (secret: Uint8Array, name: string, context: Uint8Array, length: number): Buffer =>
  hmac(secret, Buffer.from([0, length]), label(name), context, Buffer.from([1])).subarray(0, length)

/** The same for all messages of one purpose. */
export const contextFor = (info: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([MODE_BASE]), extract(nothing, 'psk_id_hash', nothing), extract(nothing, 'info_hash', info)])

function schedule(shared: Uint8Array, context: Uint8Array): { key: Buffer; nonce: Buffer } {
  const secret = extract(shared, 'secret', nothing)
  return { key: expand(secret, 'key', context, KEY_BYTES), nonce: expand(secret, 'base_nonce', context, NONCE_BYTES) }
}

/** A raw key pair of 32 bytes each. */
export function generatePair(): { publicKey: Uint8Array; privateKey: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const raw = (key: Buffer) => new Uint8Array(key.subarray(-RAW_BYTES))
  return {
    publicKey: raw(publicKey.export({ type: 'spki', format: 'der' })),
    privateKey: raw(privateKey.export({ type: 'pkcs8', format: 'der' })),
  }
}

function checked(raw: Uint8Array): Uint8Array {
  if (raw.length !== RAW_BYTES) throw new RangeError('a key of X25519 has 32 bytes')
  return raw
}

export const publicKeyOf = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI, checked(raw)]), type: 'spki', format: 'der' })

export const privateKeyOf = (raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8, checked(raw)]), type: 'pkcs8', format: 'der' })

export interface SealedMessage {
  /** The sender's public key of this message. */
  readonly enc: Uint8Array
  /** With the tag at its end. */
  readonly sealed: Uint8Array
}

export function seal(plain: Uint8Array, aad: Uint8Array, context: Uint8Array, recipient: KeyObject): SealedMessage {
  const { sharedKey, ciphertext } = encapsulate(recipient)
  const { key, nonce } = schedule(sharedKey, context)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
  return { enc: ciphertext, sealed: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) }
}

/** Throws if it was not sealed to this key, for this purpose, with this `aad`. */
export function open({ enc, sealed }: SealedMessage, aad: Uint8Array, context: Uint8Array, recipient: KeyObject): Buffer {
  if (sealed.length < TAG_BYTES) throw new RangeError('there is no tag')
  const { key, nonce } = schedule(decapsulate(recipient, checked(enc)), context)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad)
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const plain = decipher.update(sealed.subarray(0, -TAG_BYTES))
  decipher.final()
  return plain
}
