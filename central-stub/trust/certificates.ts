// Certificates of central's own authority (RFC 5280): P-256 throughout, one authority that signs leaves only, leaves
// that are either the server or a device. Time and keys are arguments; nothing here touches a disk.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { Refusal } from '../refusals.ts'

const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3652
/** CA/Browser Forum's ceiling for server certificates when this was written; central renews its own at start. */
const SERVER_DAYS = 397
/** A box that was off for the summer still comes back by itself. */
const DEVICE_DAYS = 90
/** Clocks of boxes run behind. */
const BACKDATE_MS = 3_600_000
export const CSR_MAX_CHARACTERS = 4096

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const AUTHORITY_NAME = 'CN=CyberAlarm central authority'

export interface Authority {
  /** PEM. */
  readonly certificate: string
  readonly privateKey: KeyObject
}

const cryptoKey = (key: KeyObject, use: 'sign' | 'verify') => key.toCryptoKey(algorithm, true, [use])

const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

/** What a box keeps to know central again: SHA-256 of the public key (SPKI) of the authority. */
export function pinOf(certificate: string): string {
  const spki = new x509.X509Certificate(certificate).publicKey.rawData
  return `sha256/${createHash('sha256').update(Buffer.from(spki)).digest('base64')}`
}

export async function makeAuthority(privateKey: KeyObject, now: number): Promise<Authority> {
  const publicKey = cryptoKey(createPublicKey(privateKey), 'verify')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: AUTHORITY_NAME,
    keys: { publicKey, privateKey: cryptoKey(privateKey, 'sign') },
    ...validity(now, AUTHORITY_DAYS),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), privateKey }
}

/** PEM of a certificate for the server, good for `name` and both loopback addresses. */
export function issueServer(authority: Authority, publicKey: KeyObject, name: string, now: number): Promise<string> {
  const names: x509.JsonGeneralName[] = [
    { type: isIP(name) === 0 ? 'dns' : 'ip', value: name },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ]
  const unique = names.filter((one, i) => names.findIndex(other => other.value === one.value) === i)
  return issue(authority, publicKey, {
    subject: [{ CN: [name] }],
    purpose: x509.ExtendedKeyUsage.serverAuth,
    days: SERVER_DAYS,
    now,
    extensions: [new x509.SubjectAlternativeNameExtension(unique)],
  })
}

/** PEM of a certificate for a device: whatever its request asked for, the subject is the id that central gave. */
export function issueDevice(authority: Authority, publicKey: KeyObject, device: string, now: number): Promise<string> {
  return issue(authority, publicKey, {
    subject: [{ CN: [device] }],
    purpose: x509.ExtendedKeyUsage.clientAuth,
    days: DEVICE_DAYS,
    now,
    extensions: [],
  })
}

interface Leaf {
  readonly subject: x509.JsonName
  readonly purpose: x509.ExtendedKeyUsage
  readonly days: number
  readonly now: number
  readonly extensions: readonly x509.Extension[]
}

async function issue(authority: Authority, publicKey: KeyObject, leaf: Leaf): Promise<string> {
  const signer = new x509.X509Certificate(authority.certificate)
  const key = cryptoKey(publicKey, 'verify')
  const certificate = await x509.X509CertificateGenerator.create({
    subject: leaf.subject,
    issuer: signer.subjectName,
    publicKey: key,
    signingKey: cryptoKey(authority.privateKey, 'sign'),
    ...validity(leaf.now, leaf.days, signer.notAfter),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([leaf.purpose]),
      await x509.SubjectKeyIdentifierExtension.create(key),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      ...leaf.extensions,
    ],
  })
  return certificate.toString('pem')
}

function validity(now: number, days: number, latest?: Date): { notBefore: Date; notAfter: Date } {
  const end = now + days * DAY_MS
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(Math.min(end, latest?.getTime() ?? end)) }
}

/**
 * The public key of a PKCS #10 request (RFC 2986) that is signed with the key it is for. Its subject and extensions are ignored.
 * The kind of key is looked at first: verifying with a large RSA key of a stranger's choice takes many times as long.
 */
export async function readRequest(pem: string): Promise<KeyObject> {
  if (pem.length > CSR_MAX_CHARACTERS || !/^-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s/.test(pem)) throw new Refusal('csr-refused')
  let key: KeyObject
  try {
    const request = new x509.Pkcs10CertificateRequest(pem)
    key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), type: 'spki', format: 'der' })
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
      throw new RangeError('the key is not P-256')
    if (!(await request.verify())) throw new RangeError('the signature is not by the key')
  } catch (cause) {
    throw new Refusal('csr-refused', { cause })
  }
  // exported and read again, so that a key written in any other legal way is one and the same on file
  return createPublicKey({ key: spkiOf(key), type: 'spki', format: 'der' })
}
