// Enrolment and renewal: the box makes its key, the key never leaves it, central answers a signing request (RFC 2986)
// with a short-lived certificate.
import { randomUUID, webcrypto } from 'node:crypto'
import * as z from 'zod'
import { Failure, type FailureCode } from '../errors.ts'
import { type Identity, identitySchema } from './identity.ts'
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

const enrolledSchema = z.object({
  device: z.uuid(),
  certificate: z.string(),
  sealKey: z.object({ publicKey: z.string() }),
  receiptKey: z.object({ publicKey: z.string() }),
  nextSequence: z.int().min(1),
  previousHash: z.string(),
})

/** Exchanges a code for an identity. `replaces` is the device that this box was before, whose key central then revokes. */
export async function enrolOnce(client: CentralClient, code: string, replaces?: string, request?: Request): Promise<Identity['stored']> {
  const { csr, privateKey } = request ?? (await makeRequest())
  const answer = await client.post('/v1/enrol', { code, csr, ...(replaces === undefined ? {} : { replaces }) })
  const read = accept(answer, enrolledSchema)
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
  const { certificate } = accept(await client.post('/v1/renew', { csr }, signal), z.object({ certificate: z.string() }))
  return { ...identity.stored, privateKey, certificate }
}

/** A certificate is renewed after two thirds of its lifetime. */
export function isRenewalDue(identity: Identity, now: number): boolean {
  const from = identity.certificate.validFromDate.getTime()
  const to = identity.certificate.validToDate.getTime()
  return now > from + ((to - from) * 2) / 3
}

function accept<T>(answer: Answer, schema: z.ZodType<T>): T {
  const read = schema.safeParse(answer.body)
  if (answer.status === 200 && read.success) return read.data
  throw refusalOf(answer)
}

/** Text from outside goes to terminals and the journal: no control characters, which could colour, move or forge lines. */
const printable = z.string().transform(text => text.replace(/[^\x20-\x7e]/g, '?'))
const refusalSchema = z.object({ code: printable.refine(text => text.length <= 64), message: printable.refine(text => text.length <= 500) })

/** What a person would do about central's codes, where that is something else than to call the helpdesk. */
export const failureCodes: Readonly<Record<string, FailureCode>> = {
  'code-refused': 'code-refused',
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
  const detail = `central answered ${answer.status}: ${data === undefined ? 'no reason given' : `${data.message} (${data.code})`}`
  if (answer.status === 429 || answer.status >= 500) return new Failure('central-busy', detail)
  const known = data !== undefined && Object.hasOwn(failureCodes, data.code) ? failureCodes[data.code] : undefined
  return new Failure(known ?? 'central-refused', detail)
}
