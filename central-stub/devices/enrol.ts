// How a device gets a certificate: with a single-use code the first time (or again, keeping its id and its chain), with
// the certificate it has from then on. An id is never an authenticator, and nobody is ever 'already registered'.
import { createHash, type KeyObject, randomBytes, randomUUID } from 'node:crypto'
import * as z from 'zod'
import { makeCode, normaliseCode } from '../../agent/lib/typed-code.ts'
import type { KeyedQueue } from '../keyed-queue.ts'
import type { Quotas } from '../limits/quotas.ts'
import { Refusal } from '../refusals.ts'
import type { Reader, Register } from '../register/register.ts'
import { CSR_MAX_CHARACTERS, issueDevice, readRequest } from '../trust/certificates.ts'
import type { Keys } from '../trust/keys.ts'
import type { CodeLimits } from './code-limits.ts'
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
import { headOfUuid } from './head.ts'
import type { KnownCodes } from './known-codes.ts'

const HOUR_MS = 3_600_000
/** By renewal, and for a code that was spent already. */
const CERTIFICATES_PER_DAY = 10

export interface EnrolContext {
  readonly register: Register
  readonly keys: Keys
  /** The same queue as ingest's, so that the head a new certificate starts from is the last one of the old. */
  readonly deviceQueue: KeyedQueue
  readonly codes: KnownCodes
  readonly codeLimits: CodeLimits
  readonly quotas: Quotas
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
export async function issueCode({ register, codes, now }: EnrolContext, member: string, hours: number): Promise<string> {
  const code = makeCode(randomBytes)
  const normal = normaliseCode(code)
  if (normal === undefined) throw new Error('a code does not pass its own check')
  const hash = hashOf(normal)
  register.transact(transaction => addCode(transaction, hash, member, now() + hours * HOUR_MS), 'reserve')
  codes.add(hash)
  return code
}

/**
 * Answers POST /v1/enrol. The answer does not show whether a code was unknown, spent or expired. Without a code that central
 * has issued nobody makes it parse a signing request, ask the database, or wait in a device's queue.
 */
export async function enrol(context: EnrolContext, request: z.infer<typeof enrolSchema>, address: string): Promise<Enrolment> {
  const { register, keys, deviceQueue, codes, codeLimits, now } = context
  const refused = (): Refusal => codeLimits.refuse(address, now())
  const code = normaliseCode(request.code)
  const hash = code === undefined ? '' : hashOf(code)
  if (!codes.has(hash)) throw refused()
  codeLimits.use(hash, now())
  const publicKey = await readRequest(request.csr)
  const isFresh = memberOfCode(register, hash, now()) !== undefined
  const askingAgain = isFresh ? undefined : deviceAskingAgain(register, hash, publicKey, now())
  if (!isFresh && askingAgain === undefined) throw refused()
  return deviceQueue.run(askingAgain ?? request.replaces ?? hash, async () => {
    const at = now()
    const owner = ownerOf(register, hash, publicKey, request.replaces, at)
    if (owner === undefined) throw refused()
    if (owner.isAgain) checkIssued(register, owner.device, at)
    // before the transaction, which cannot wait
    const certificate = await issueDevice(keys.authority, publicKey, owner.device, at)
    return record(context, { hash, owner, certificate, at, refused })
  })
}

/** Who a certificate is for: the device that asks again, the one that is replaced, if it is the same member's, or a new one. */
interface CodeOwner {
  readonly device: string
  readonly member: string
  readonly isAgain: boolean
  readonly isNew: boolean
}

function ownerOf(reader: Reader, hash: string, key: KeyObject, replaces: string | undefined, at: number): CodeOwner | undefined {
  const member = memberOfCode(reader, hash, at)
  if (member === undefined) {
    const device = deviceAskingAgain(reader, hash, key, at)
    return device === undefined ? undefined : { device, member: memberOf(reader, device) ?? '', isAgain: true, isNew: false }
  }
  const replaced = replaces !== undefined && memberOf(reader, replaces) === member ? replaces : undefined
  return { device: replaced ?? randomUUID(), member, isAgain: false, isNew: replaced === undefined }
}

interface Issued {
  readonly hash: string
  readonly owner: CodeOwner
  /** PEM. */
  readonly certificate: string
  readonly at: number
  readonly refused: () => Refusal
}

/** Spends the code and puts the certificate on file. */
function record({ register, keys, quotas }: EnrolContext, { hash, owner, certificate, at, refused }: Issued): Enrolment {
  const { device, member, isAgain, isNew } = owner
  return register.transact(transaction => {
    // another request may have spent the code while the certificate was made
    if (!isAgain && memberOfCode(transaction, hash, at) === undefined) throw refused()
    if (isNew) addDevice(transaction, device, member, at)
    else if (!isAgain) revokeCertificates(transaction, device, at)
    if (!isAgain) spendCode(transaction, hash, device, at)
    const notAfter = addCertificate(transaction, device, certificate, at)
    const head = headOfUuid(transaction, device)
    // so that it counts among the members from now on, not from its first batch
    if (!isAgain) quotas.count({ device, member }, { bytes: 0, rows: 0 }, at)
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
  })
}

/**
 * The device that spent this code with this very key: its answer was lost on the way, or with the power. Whoever has the code alone
 * gets nothing, for the request is signed by the key.
 */
function deviceAskingAgain(reader: Reader, hash: string, key: KeyObject, at: number): string | undefined {
  const device = deviceOfCode(reader, hash, at)
  if (device === undefined) return undefined
  const certificates = activeCertificates(reader, device, at)
  return certificates.some(certificate => certificate.publicKey.equals(key)) ? device : undefined
}

/** Refusal renewed-too-often. */
function checkIssued(reader: Reader, device: string, at: number): void {
  if (countIssuedSince(reader, device, at - 24 * HOUR_MS) >= CERTIFICATES_PER_DAY)
    throw new Refusal('renewed-too-often', { retryAfterSeconds: 3600 })
}

/** Answers POST /v1/renew. The old certificate stays valid until its own end, so a lost answer costs nothing. */
export async function renew(
  { register, keys, deviceQueue, now }: EnrolContext,
  request: z.infer<typeof renewSchema>,
  { device, fingerprint }: CertificateRecord,
): Promise<{ certificate: string; notAfter: string }> {
  const publicKey = await readRequest(request.csr)
  return deviceQueue.run(device, async () => {
    const at = now()
    const check = (reader: Reader) => {
      // revoked while the body was on its way
      if (!activeCertificates(reader, device, at).some(one => one.fingerprint === fingerprint)) throw new Refusal('certificate-revoked')
      checkIssued(reader, device, at)
    }
    check(register)
    const certificate = await issueDevice(keys.authority, publicKey, device, at)
    return register.transact(transaction => {
      check(transaction)
      return { certificate, notAfter: addCertificate(transaction, device, certificate, at).toISOString() }
    })
  })
}
