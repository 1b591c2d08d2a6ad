// What central has on file of codes, devices and their certificates: the queries, each with the shape of its rows.
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { timestamp } from '../store/schema.ts'
import type { Reader, Transaction } from '../store/store.ts'
import { noHead } from './head.ts'

export interface CertificateRecord {
  readonly fingerprint: string
  readonly device: string
  readonly member: string
  readonly publicKey: KeyObject
  readonly notAfter: number
  readonly revoked: boolean
}

/** SHA-256 of the certificate, hexadecimal: what it is on file under. */
export const fingerprintOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')

const moment = z.date().transform(date => date.getTime())
const number = z.bigint().transform(Number)

const certificateSchema = z
  .object({
    fingerprint: z.string(),
    device: z.string(),
    member: z.string(),
    public_key: z.string(),
    not_after: moment,
    revoked: z.boolean(),
  })
  .transform(
    (row): CertificateRecord => ({
      fingerprint: row.fingerprint,
      device: row.device,
      member: row.member,
      publicKey: createPublicKey({ key: Buffer.from(row.public_key, 'base64'), type: 'spki', format: 'der' }),
      notAfter: row.not_after,
      revoked: row.revoked,
    }),
  )
const certificateFields =
  'fingerprint, device, member, public_key, not_after, revoked_at IS NOT NULL AS revoked FROM certificates JOIN devices USING (device)'

export async function findCertificate(reader: Reader, fingerprint: string): Promise<CertificateRecord | undefined> {
  const sql = `SELECT ${certificateFields} WHERE fingerprint = $fingerprint`
  return (await reader.read(certificateSchema, sql, { fingerprint }))[0]
}

/** Certificates of a device that are neither revoked nor expired. */
export function activeCertificates(reader: Reader, device: string, now: number): Promise<CertificateRecord[]> {
  const sql = `SELECT ${certificateFields} WHERE device = $device AND revoked_at IS NULL AND not_after > $now`
  return reader.read(certificateSchema, sql, { device, now: timestamp(now) })
}

/** A device may hold hundreds of certificates; a wrong signature shall not cost as many verifications. */
const SIGNERS = 4

/** The certificate of a connection first, if it is still active, and the newest others of its device. */
export function signersOf(reader: Reader, { device, fingerprint }: CertificateRecord, now: number): Promise<CertificateRecord[]> {
  const sql = `SELECT ${certificateFields} WHERE device = $device AND revoked_at IS NULL AND not_after > $now
    ORDER BY fingerprint = $fingerprint DESC, not_after DESC LIMIT ${SIGNERS}`
  return reader.read(certificateSchema, sql, { device, fingerprint, now: timestamp(now) })
}

/** Puts an issued certificate (PEM) on file; gives its end. */
export async function addCertificate(transaction: Transaction, device: string, pem: string, now: number): Promise<Date> {
  const certificate = new X509Certificate(pem)
  await transaction.run('INSERT INTO certificates VALUES ($fingerprint, $device, $publicKey, $issuedAt, $notAfter, NULL)', {
    fingerprint: fingerprintOf(certificate.raw),
    device,
    publicKey: certificate.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    issuedAt: timestamp(now),
    notAfter: timestamp(certificate.validToDate.getTime()),
  })
  return certificate.validToDate
}

export async function countIssuedSince(reader: Reader, device: string, since: number): Promise<number> {
  const sql = 'SELECT count(*) AS issued FROM certificates WHERE device = $device AND issued_at > $since'
  return (await reader.read(z.object({ issued: number }), sql, { device, since: timestamp(since) }))[0].issued
}

/**
 * Revokes every certificate of a device; gives how many were not revoked before. Not by UPDATE with RETURNING: DuckDB then deletes the
 * rows and inserts them again, index and all, and taking that back on a full disk ends the process.
 */
export async function revokeCertificates(transaction: Transaction, device: string, now: number): Promise<number> {
  const active = 'device = $device AND revoked_at IS NULL'
  const [{ count }] = await transaction.read(z.object({ count: number }), `SELECT count(*) AS count FROM certificates WHERE ${active}`, {
    device,
  })
  await transaction.run(`UPDATE certificates SET revoked_at = $now WHERE ${active}`, { device, now: timestamp(now) })
  return count
}

/** The member of a device, or undefined if there is no such device. */
export async function memberOf(reader: Reader, device: string): Promise<string | undefined> {
  const sql = 'SELECT member FROM devices WHERE device = $device'
  return (await reader.read(z.object({ member: z.string() }), sql, { device }))[0]?.member
}

/** All devices, in the order in which they enrolled. */
export function allDevices(reader: Reader): Promise<{ readonly device: string; readonly member: string }[]> {
  return reader.read(
    z.object({ device: z.string(), member: z.string() }),
    'SELECT device, member FROM devices ORDER BY enrolled_at, device',
  )
}

export async function addDevice(transaction: Transaction, device: string, member: string, now: number): Promise<void> {
  await transaction.run('INSERT INTO devices VALUES ($device, $member, $now)', { device, member, now: timestamp(now) })
  await transaction.run('INSERT INTO heads VALUES ($device, $sequence, $hash)', { device, ...noHead })
}

export async function addCode(transaction: Transaction, hash: string, member: string, expiresAt: number): Promise<void> {
  await transaction.run('INSERT INTO codes VALUES ($hash, $member, $expiresAt, NULL, NULL)', {
    hash,
    member,
    expiresAt: timestamp(expiresAt),
  })
}

/** The member of a code that is neither spent nor expired. */
export async function memberOfCode(reader: Reader, hash: string, now: number): Promise<string | undefined> {
  const sql = 'SELECT member FROM codes WHERE hash = $hash AND spent_at IS NULL AND expires_at > $now'
  return (await reader.read(z.object({ member: z.string() }), sql, { hash, now: timestamp(now) }))[0]?.member
}

/** The device that a code was spent for, while the code would not have expired. */
export async function deviceOfCode(reader: Reader, hash: string, now: number): Promise<string | undefined> {
  const sql = 'SELECT device FROM codes WHERE hash = $hash AND spent_at IS NOT NULL AND expires_at > $now'
  return (await reader.read(z.object({ device: z.string() }), sql, { hash, now: timestamp(now) }))[0]?.device
}

export async function spendCode(transaction: Transaction, hash: string, device: string, now: number): Promise<void> {
  await transaction.run('UPDATE codes SET spent_at = $now, device = $device WHERE hash = $hash', { hash, device, now: timestamp(now) })
}
