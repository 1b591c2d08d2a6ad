// The device behind a connection, by the certificate that it showed.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type CertificateRecord, findCertificate, fingerprintOf } from '../devices/devices.ts'
import type { EnrolContext } from '../devices/enrol.ts'
import { Refusal } from '../refusals.ts'

/** A connection shows its certificate once, at its beginning. */
const shown = new WeakMap<TLSSocket, string>()

function shownBy(socket: TLSSocket): string | undefined {
  const known = shown.get(socket)
  if (known !== undefined) return known
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const fingerprint = fingerprintOf(certificate.raw)
  shown.set(socket, fingerprint)
  return fingerprint
}

/** The device behind a connection. The record counts: TLS alone knows nothing of revocation, and a session may outlive its certificate. */
export function authenticate({ register, now }: Pick<EnrolContext, 'register' | 'now'>, socket: Socket): CertificateRecord {
  const fingerprint = socket instanceof TLSSocket ? shownBy(socket) : undefined
  if (!(socket instanceof TLSSocket) || fingerprint === undefined) throw new Refusal('certificate-required')
  const fault = String(socket.authorizationError)
  const isExpired = fault === 'CERT_HAS_EXPIRED'
  // one that is on file and not valid yet: central's own clock was set back since, which is not the box's fault
  if (!socket.authorized && !isExpired && fault !== 'CERT_NOT_YET_VALID') throw new Refusal('certificate-unknown')
  const record = findCertificate(register, fingerprint)
  if (record === undefined) throw new Refusal('certificate-unknown')
  if (record.revoked) throw new Refusal('certificate-revoked')
  if (isExpired || record.notAfter <= now()) throw new Refusal('certificate-expired')
  return record
}
