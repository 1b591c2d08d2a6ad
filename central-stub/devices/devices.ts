// What central has on file of codes, devices and their certificates: the queries, each with the shape of its rows.
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as z from 'zod'
import type { Reader, Transaction } from '../register/register.ts'
import { blobOf, flag, hexBlob } from '../register/values.ts'
import { noHead } from './head.ts'

/** A device as the register numbers it, and as it is called. */
export interface Device {
  readonly deviceId: number
  readonly memberId: number
  /** UUID. */
  readonly device: string
  readonly member: string
}

export interface CertificateRecord extends Device {
  readonly fingerprint: string
  readonly publicKey: KeyObject
  readonly notAfter: number
  readonly revoked: boolean
}

/** SHA-256 of the certificate, hexadecimal: what it is on file under. */
export const fingerprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')

/** Reading a key takes as long as a dozen questions to the register. */
const KEYS_KEPT = 20_000
const keys = new Map<string, KeyObject>()

function keyOf(fingerprint: string, der: Uint8Array): KeyObject {
  const known = keys.get(fingerprint)
  if (known !== undefined) return known
  if (keys.size >= KEYS_KEPT) keys.clear()
  const key = createPublicKey({ key: Buffer.from(der), type: 'spki', format: 'der' })
  keys.set(fingerprint, key)
  return key
}

const certificateSchema = z
  .object({
    fingerprint: hexBlob,
    deviceId: z.int(),
    memberId: z.int(),
    device: z.string(),
    member: z.string(),
    public_key: z.instanceof(Uint8Array),
    not_after: z.int(),
    revoked: flag,
  })
  .transform(
    ({ public_key, not_after, ...row }): CertificateRecord => ({
      ...row,
      publicKey: keyOf(row.fingerprint, public_key),
      notAfter: not_after,
    }),
  )
const certificateFields = `c.fingerprint, d.id AS deviceId, d.member AS memberId, d.device, m.name AS member, c.public_key, c.not_after,
  c.revoked_at IS NOT NULL AS revoked
  FROM certificates c JOIN devices d ON d.id = c.device JOIN members m ON m.id = d.member`

export function findCertificate(reader: Reader, fingerprint: string): CertificateRecord | undefined {
  const sql = `SELECT ${certificateFields} WHERE c.fingerprint = $fingerprint`
  return reader.read(certificateSchema, sql, { fingerprint: blobOf(fingerprint) })[0]
}

/** Certificates of a device that are neither revoked nor expired. */
export function activeCertificates(reader: Reader, device: string, now: number): CertificateRecord[] {
  const sql = `SELECT ${certificateFields} WHERE d.device = $device AND c.revoked_at IS NULL AND c.not_after > $now`
  return reader.read(certificateSchema, sql, { device, now })
}

/** A device may hold hundreds of certificates; a wrong signature shall not cost as many verifications. */
const SIGNERS = 4

/** The certificate of a connection first, if it is still active, and the newest others of its device. */
export function signersOf(reader: Reader, { deviceId, fingerprint }: CertificateRecord, now: number): CertificateRecord[] {
  const sql = `SELECT ${certificateFields} WHERE c.device = $deviceId AND c.revoked_at IS NULL AND c.not_after > $now
    ORDER BY c.fingerprint = $fingerprint DESC, c.not_after DESC LIMIT ${SIGNERS}`
  return reader.read(certificateSchema, sql, { deviceId, fingerprint: blobOf(fingerprint), now })
}

/** Puts an issued certificate (PEM) on file; gives its end. */
export function addCertificate(transaction: Transaction, device: string, pem: string, now: number): Date {
  const certificate = new X509Certificate(pem)
  transaction.run(
    `INSERT INTO certificates (fingerprint, device, public_key, issued_at, not_after)
      SELECT $fingerprint, id, $publicKey, $issuedAt, $notAfter FROM devices WHERE device = $device`,
    {
      fingerprint: blobOf(fingerprintOf(certificate.raw)),
      device,
      publicKey: certificate.publicKey.export({ type: 'spki', format: 'der' }),
      issuedAt: now,
      notAfter: certificate.validToDate.getTime(),
    },
  )
  return certificate.validToDate
}

export function countIssuedSince(reader: Reader, device: string, since: number): number {
  const sql =
    'SELECT count(*) AS issued FROM certificates c JOIN devices d ON d.id = c.device WHERE d.device = $device AND issued_at > $since'
  return reader.read(z.object({ issued: z.int() }), sql, { device, since })[0].issued
}

/** Revokes every certificate of a device; gives how many were not revoked before. */
export function revokeCertificates(transaction: Transaction, device: string, now: number): number {
  const sql = `UPDATE certificates SET revoked_at = $now
    WHERE device = (SELECT id FROM devices WHERE device = $device) AND revoked_at IS NULL`
  return transaction.run(sql, { device, now })
}

const memberSchema = z.object({ member: z.string() })

/** The member of a device, or undefined if there is no such device. */
export function memberOf(reader: Reader, device: string): string | undefined {
  const sql = 'SELECT m.name AS member FROM devices d JOIN members m ON m.id = d.member WHERE d.device = $device'
  return reader.read(memberSchema, sql, { device })[0]?.member
}

/** All devices, in the order in which they enrolled. */
export function allDevices(reader: Reader): { readonly device: string; readonly member: string }[] {
  return reader.read(
    z.object({ device: z.string(), member: z.string() }),
    'SELECT d.device, m.name AS member FROM devices d JOIN members m ON m.id = d.member ORDER BY d.enrolled_at, d.device',
  )
}

/** The number of a member, who is added if there is none of this name. */
export function memberNumber(transaction: Transaction, name: string): number {
  transaction.run('INSERT INTO members (name) VALUES ($name) ON CONFLICT DO NOTHING', { name })
  return transaction.read(z.object({ id: z.int() }), 'SELECT id FROM members WHERE name = $name', { name })[0].id
}

export function addDevice(transaction: Transaction, device: string, member: string, now: number): void {
  const memberId = memberNumber(transaction, member)
  transaction.run('INSERT INTO devices (device, member, enrolled_at) VALUES ($device, $memberId, $now)', { device, memberId, now })
  const sql = 'INSERT INTO heads (device, sequence, hash) SELECT id, $sequence, $hash FROM devices WHERE device = $device'
  transaction.run(sql, { device, sequence: noHead.sequence, hash: blobOf(noHead.hash) })
}

export function addCode(transaction: Transaction, hash: string, member: string, expiresAt: number): void {
  const sql = 'INSERT INTO codes (hash, member, expires_at) VALUES ($hash, $memberId, $expiresAt)'
  transaction.run(sql, { hash: blobOf(hash), memberId: memberNumber(transaction, member), expiresAt })
}

/** The member of a code that is neither spent nor expired. */
export function memberOfCode(reader: Reader, hash: string, now: number): string | undefined {
  const sql = `SELECT m.name AS member FROM codes c JOIN members m ON m.id = c.member
    WHERE c.hash = $hash AND c.spent_at IS NULL AND c.expires_at > $now`
  return reader.read(memberSchema, sql, { hash: blobOf(hash), now })[0]?.member
}

/** The device that a code was spent for, while the code would not have expired. */
export function deviceOfCode(reader: Reader, hash: string, now: number): string | undefined {
  const sql = `SELECT d.device FROM codes c JOIN devices d ON d.id = c.device
    WHERE c.hash = $hash AND c.spent_at IS NOT NULL AND c.expires_at > $now`
  return reader.read(z.object({ device: z.string() }), sql, { hash: blobOf(hash), now })[0]?.device
}

export function spendCode(transaction: Transaction, hash: string, device: string, now: number): void {
  const sql = 'UPDATE codes SET spent_at = $now, device = (SELECT id FROM devices WHERE device = $device) WHERE hash = $hash'
  transaction.run(sql, { hash: blobOf(hash), device, now })
}
