// The identity of this box at central: its key, its certificate, and the keys of central. Replaced as a whole; two copies.
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { Failure } from '../errors.ts'
import { fromJson, mendState, readState, toJson, writeState } from '../lib/state-file.ts'

/** Half of what a frame has room for; nobody gets there by one batch every two seconds. */
export const SEQUENCE_MAX = 2 ** 47

/** Members that a newer release adds outlast a renewal. */
export const identitySchema = z.looseObject({
  /** UUID that central gave. */
  device: z.uuid(),
  /** Names this enrolment; another one means that the chain of batches may have to begin anew. */
  enrolment: z.string().min(1),
  /** PEM, PKCS #8, P-256. */
  privateKey: z.string(),
  /** PEM of the device's certificate. */
  certificate: z.string(),
  /** Raw X25519 key to which batches are sealed, base64. */
  sealKey: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  /** SPKI of the Ed25519 key that signs receipts, base64. */
  receiptKey: z.string().regex(/^[A-Za-z0-9+/]{59}=$/),
  /** The last batch that central had when the box was enrolled. */
  chain: z.looseObject({ sequence: z.int().nonnegative().max(SEQUENCE_MAX), hash: z.string().regex(/^[0-9a-f]{64}$/) }),
})

type Stored = z.infer<typeof identitySchema>

export interface Identity {
  readonly stored: Stored
  readonly privateKey: KeyObject
  readonly certificate: X509Certificate
  readonly sealKey: Uint8Array
  readonly receiptKey: KeyObject
}

export function identityFrom(stored: Stored): Identity {
  const certificate = new X509Certificate(stored.certificate)
  const privateKey = createPrivateKey(stored.privateKey)
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('key and certificate do not match')
  return {
    stored,
    privateKey,
    certificate,
    sealKey: Buffer.from(stored.sealKey, 'base64'),
    receiptKey: createPublicKey({ key: Buffer.from(stored.receiptKey, 'base64'), format: 'der', type: 'spki' }),
  }
}

const decode = fromJson(value => identityFrom(identitySchema.parse(value)))

/** The identity at `path`; undefined if the box was never enrolled. Failure 'identity-damaged' if neither copy makes sense. */
export function readIdentity(path: string): Identity | undefined {
  const { value, damage } = readState(path, decode)
  if (value === undefined && damage.length > 0) throw new Failure('identity-damaged', `cannot use ${damage.join('; ')}`)
  return value
}

/** Makes both copies whole again where one of them is; tells what was wrong. Without a whole one everything stays as it is. */
export const mendIdentity = (path: string): readonly string[] =>
  readState(path, decode).value === undefined ? [] : mendState(path, decode).damage

export function writeIdentity(path: string, stored: Stored): Identity {
  const identity = identityFrom(stored)
  writeState(path, toJson(stored))
  return identity
}
