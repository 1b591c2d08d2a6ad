// How a device gets a certificate: with a single-use code the first time (or again, keeping its id and its chain), with
// the certificate it has from then on. An id is never an authenticator, and nobody is ever 'already registered'.
import { createHash, type KeyObject, randomBytes, randomUUID } from 'node:crypto'
import * as z from 'zod'
import { makeCode, normaliseCode } from '../../agent/lib/typed-code.ts'
import type { KeyedQueue } from '../keyed-queue.ts'
import { Refusal } from '../refusals.ts'
import type { Reader, Store, Transaction } from '../store/store.ts'
import { CSR_MAX_CHARACTERS, issueDevice, readRequest } from '../trust/certificates.ts'
import type { Keys } from '../trust/keys.ts'
import {
  activeCertificates,
  addCertificate,
  addCode,
  addDevice,
  type CertificateRecord,
  countIssuedSince,
  deviceOfCode,
  memberOf,
  memberOfCode,
  revokeCertificates,
  spendCode,
} from './devices.ts'
import { headOf } from './head.ts'
import type { WrongCodes } from './wrong-codes.ts'

const HOUR_MS = 3_600_000
const RENEWALS_PER_DAY = 10

export interface EnrolContext {
  readonly store: Store
  readonly keys: Keys
  /** The same queue as ingest's, so that the head a new certificate starts from is the last one of the old. */
  readonly deviceQueue: KeyedQueue
  readonly wrongCodes: WrongCodes
  readonly now: () => number
}

const csr = z.string().max(CSR_MAX_CHARACTERS)
export const enrolSchema = z.strictObject({ code: z.string().max(64), csr, replaces: z.uuid().optional() })
export const renewSchema = z.strictObject({ csr })

export interface Enrolment {
  readonly device: string
  /** PEM. */
  readonly certificate: string
  /** PEM of the authority that boxes pin. */
  readonly authority: string
  readonly notAfter: string
  readonly sealKey: { readonly id: string; readonly publicKey: string }
  readonly receiptKey: { readonly id: string; readonly publicKey: string }
  readonly nextSequence: number
  readonly previousHash: string
}

const hashOf = (code: string): string => createHash('sha256').update(code).digest('hex')

/** Makes a code for a member. Central keeps its hash only: it is shown once. */
export async function issueCode({ store, now }: EnrolContext, member: string, hours: number): Promise<string> {
  const code = makeCode(randomBytes)
  const normal = normaliseCode(code)
  if (normal === undefined) throw new Error('a code does not pass its own check')
  await store.transact(transaction => addCode(transaction, hashOf(normal), member, now() + hours * HOUR_MS))
  return code
}

/** Answers POST /v1/enrol. The answer does not show whether a code was unknown, spent or expired. */
export async function enrol(context: EnrolContext, request: z.infer<typeof enrolSchema>, address: string): Promise<Enrolment> {
  const { store, keys, deviceQueue, wrongCodes, now } = context
  const publicKey = await readRequest(request.csr)
  wrongCodes.check(address, now())
  const refused = (): Refusal => {
    wrongCodes.count(address, now())
    return new Refusal('code-refused')
  }
  const code = normaliseCode(request.code)
  if (code === undefined) throw refused()
  const hash = hashOf(code)
  // looked up before the request waits in a device's queue: without a code nobody can fill that queue
  const isFresh = (await memberOfCode(store, hash, now())) !== undefined
  const askingAgain = isFresh ? undefined : await deviceAskingAgain(store, hash, publicKey, now())
  if (!isFresh && askingAgain === undefined) throw refused()
  return deviceQueue.run(askingAgain ?? request.replaces ?? hash, () =>
    store.transact(async transaction => {
      const at = now()
      const member = await memberOfCode(transaction, hash, at)
      const again = member === undefined ? await deviceAskingAgain(transaction, hash, publicKey, at) : undefined
      if (member === undefined && again === undefined) throw refused()
      const device = again ?? (await spendForDevice(transaction, hash, member ?? '', request.replaces, at))
      const certificate = await issueDevice(keys.authority, publicKey, device, at)
      const notAfter = await addCertificate(transaction, device, certificate, at)
      const head = await headOf(transaction, device)
      return {
        device,
        certificate,
        authority: keys.authority.certificate,
        notAfter: notAfter.toISOString(),
        sealKey: { id: keys.seal.id, publicKey: Buffer.from(keys.seal.publicKey).toString('base64') },
        receiptKey: { id: keys.receipt.id, publicKey: keys.receipt.publicKey.toString('base64') },
        nextSequence: head.sequence + 1,
        previousHash: head.hash,
      }
    }),
  )
}

/** Spends a code for a device: the one that is replaced, if it is the same member's, or a new one. */
async function spendForDevice(
  transaction: Transaction,
  hash: string,
  member: string,
  replaces: string | undefined,
  at: number,
): Promise<string> {
  const owner = replaces === undefined ? undefined : await memberOf(transaction, replaces)
  const replaced = owner === member ? replaces : undefined
  const device = replaced ?? randomUUID()
  await spendCode(transaction, hash, device, at)
  if (replaced === undefined) await addDevice(transaction, device, member, at)
  else await revokeCertificates(transaction, device, at)
  return device
}

/**
 * The device that spent this code with this very key: its answer was lost on the way, or with the power. Whoever has the code alone
 * gets nothing, for the request is signed by the key.
 */
async function deviceAskingAgain(reader: Reader, hash: string, key: KeyObject, at: number): Promise<string | undefined> {
  const device = await deviceOfCode(reader, hash, at)
  if (device === undefined) return undefined
  const certificates = await activeCertificates(reader, device, at)
  return certificates.some(certificate => certificate.publicKey.equals(key)) ? device : undefined
}

/** Answers POST /v1/renew. The old certificate stays valid until its own end, so a lost answer costs nothing. */
export async function renew(
  { store, keys, deviceQueue, now }: EnrolContext,
  request: z.infer<typeof renewSchema>,
  { device, fingerprint }: CertificateRecord,
): Promise<{ certificate: string; notAfter: string }> {
  const publicKey = await readRequest(request.csr)
  return deviceQueue.run(device, () =>
    store.transact(async transaction => {
      const at = now()
      const active = await activeCertificates(transaction, device, at)
      // revoked while the body was on its way
      if (!active.some(one => one.fingerprint === fingerprint)) throw new Refusal('certificate-revoked')
      if ((await countIssuedSince(transaction, device, at - 24 * HOUR_MS)) >= RENEWALS_PER_DAY)
        throw new Refusal('renewed-too-often', { retryAfterSeconds: 3600 })
      const certificate = await issueDevice(keys.authority, publicKey, device, at)
      const notAfter = await addCertificate(transaction, device, certificate, at)
      return { certificate, notAfter: notAfter.toISOString() }
    }),
  )
}
