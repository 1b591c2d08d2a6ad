// Enrolment and renewal: the box makes its key, the key never leaves it, central answers a signing request (RFC 2986)
// with a short-lived certificate.
import { createPrivateKey, randomUUID, webcrypto, X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { Failure, type FailureCode } from '../errors.ts'
import { kept } from '../lib/visible.ts'
import { type Identity, identitySchema, SEQUENCE_MAX } from './identity.ts'
import type { Answer, CentralClient } from './pinned-client.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A signing request and its key (PEM). Asked again with the same one, central gives the same device again. */
export const requestSchema = z.object({ csr: z.string(), privateKey: z.string() })
export type Request = z.infer<typeof requestSchema>

export async function makeRequest(): Promise<Request> {
  const x509 = await import('../lib/x509.ts')
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=cyberalarm', keys, signingAlgorithm: algorithm }, webcrypto)
  const exported = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const privateKey = `-----BEGIN PRIVATE KEY-----\n${exported.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`
  return { csr: csr.toString('pem'), privateKey }
}

/** Ours have some 700 bytes. */
const CERTIFICATE_MAX = 8192

/** What central says here is kept in a file: every field has one form, and what else stood in the text is not kept. */
const certificateSchema = z
  .string()
  .max(CERTIFICATE_MAX)
  .transform((text, context) => {
    try {
      return new X509Certificate(text).toString()
    } catch {
      context.addIssue('is no certificate')
      return z.NEVER
    }
  })
const enrolledSchema = z.object({
  device: z.uuid(),
  certificate: certificateSchema,
  sealKey: z.object({ publicKey: identitySchema.shape.sealKey }),
  receiptKey: z.object({ publicKey: identitySchema.shape.receiptKey }),
  nextSequence: z.int().min(1).max(SEQUENCE_MAX),
  previousHash: identitySchema.shape.chain.shape.hash,
})
const renewedSchema = z.object({ certificate: certificateSchema })

/** Exchanges a code for an identity. `replaces` is the device that this box was before, whose key central then revokes. */
export async function enrolOnce(client: CentralClient, code: string, replaces?: string, request?: Request): Promise<Identity['stored']> {
  const { csr, privateKey } = request ?? (await makeRequest())
  const answer = await client.post('/v1/enrol', { code, csr, ...(replaces === undefined ? {} : { replaces }) })
  const read = accept(answer, enrolledSchema, privateKey)
  return identitySchema.parse({
    device: read.device,
    enrolment: randomUUID(),
    privateKey,
    certificate: read.certificate,
    sealKey: read.sealKey.publicKey,
    receiptKey: read.receiptKey.publicKey,
    chain: { sequence: read.nextSequence - 1, hash: read.previousHash },
  })
}

/** The same identity with a new key and certificate. The old certificate stays valid, so a lost answer does no harm. */
export async function renewOnce(client: CentralClient, identity: Identity, signal?: AbortSignal): Promise<Identity['stored']> {
  const { csr, privateKey } = await makeRequest()
  const { certificate } = accept(await client.post('/v1/renew', { csr }, signal), renewedSchema, privateKey)
  return { ...identity.stored, privateKey, certificate }
}

/** A certificate is renewed after two thirds of its lifetime. */
export function isRenewalDue(identity: Identity, now: number): boolean {
  const from = identity.certificate.validFromDate.getTime()
  const to = identity.certificate.validToDate.getTime()
  return now > from + ((to - from) * 2) / 3
}

/** A renewal that fails must not keep batches from being sent while the certificate is still good. */
export const RENEWAL_EVERY_MS = 3_600_000
const RENEWAL_SOONEST_MS = 60_000

/**
 * How long to wait after an attempt to renew that follows so many failed ones. Short at first, because a box that was off for long may
 * have little time and a network that is not there yet; and less as the end comes near, behind which it is out until somebody comes.
 */
export function renewalPauseMs(identity: Identity, now: number, failures: number): number {
  const left = identity.certificate.validToDate.getTime() - now
  const usual = Math.min(RENEWAL_EVERY_MS, RENEWAL_SOONEST_MS * 2 ** Math.min(failures, 10))
  return left < 0 ? usual : Math.min(usual, Math.max(RENEWAL_SOONEST_MS, left / 10))
}

/** The answer, if it is of that form and its certificate is for our key. */
function accept<T extends { readonly certificate: string }>(answer: Answer, schema: z.ZodType<T>, privateKey: string): T {
  if (answer.status !== 200) throw refusalOf(answer)
  const { data } = schema.safeParse(answer.body)
  if (data === undefined || !new X509Certificate(data.certificate).checkPrivateKey(createPrivateKey(privateKey)))
    throw new Failure('central-refused', 'central answered with something that is no certificate for this box')
  return data
}

const CODE_MAX = 64
const MESSAGE_MAX = 500
const refusalSchema = z.object({ code: z.string().max(CODE_MAX), message: z.string() })

/** What a person would do about central's codes, where that is something else than to call the helpdesk. */
export const failureCodes: Readonly<Record<string, FailureCode>> = {
  'code-refused': 'code-refused',
  // central looks up a right code however many wrong ones came before it
  'codes-too-many': 'code-refused',
  'certificate-unknown': 'identity-refused',
  'certificate-expired': 'identity-refused',
  'certificate-revoked': 'identity-refused',
  // for a batch that does not follow what central holds
  'sequence-gap': 'history-differs',
  'sequence-shed': 'history-differs',
  'chain-broken': 'history-differs',
  'chain-conflict': 'history-differs',
}

/** Central's refusal as a Failure that carries central's own code in its text. */
export function refusalOf(answer: Answer): Failure {
  const { data } = refusalSchema.safeParse(answer.body)
  const reason = data === undefined ? 'no reason given' : `${kept(data.message, MESSAGE_MAX)} (${kept(data.code, CODE_MAX)})`
  const detail = `central answered ${answer.status}: ${reason}`
  const known = data !== undefined && Object.hasOwn(failureCodes, data.code) ? failureCodes[data.code] : undefined
  return new Failure(known ?? (answer.status === 429 || answer.status >= 500 ? 'central-busy' : 'central-refused'), detail)
}
