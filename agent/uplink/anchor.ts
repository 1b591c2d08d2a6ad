// From a pin to a trust anchor. A pin is the hash of a public key; OpenSSL needs a certificate. So the first connection
// sends nothing, and takes from the server's chain the certificate whose key is pinned; every real connection is then
// verified by OpenSSL against that certificate alone: signature, chain, dates and name. No public CA is trusted.
import { createHash, X509Certificate } from 'node:crypto'
import { addAbortSignal } from 'node:stream'
import { type ConnectionOptions, connect, type DetailedPeerCertificate } from 'node:tls'
import { Failure } from '../errors.ts'
import { secretsOf } from '../lib/redact.ts'
import { asCentralFailure } from './central-failure.ts'
import { tunnel } from './tunnel.ts'

export interface CentralAddress {
  readonly url: string
  /** `sha256/` and base64 of SHA-256 of the SPKI of central's CA or server key. */
  readonly pins: readonly string[]
  /** `http://host:port`, or '' for none. */
  readonly proxy: string
}

export const pinOf = (certificate: X509Certificate): string =>
  `sha256/${createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')}`

/** Where a way through the proxy shall lead. */
export const targetOf = ({ hostname, port }: URL): string => `${hostname}:${port || 443}`

/** PEM of the certificate that central presents and whose key is pinned. Failure 'central-not-trusted' if there is none. */
export async function findAnchor(central: CentralAddress, signal: AbortSignal): Promise<string> {
  const url = new URL(central.url)
  const port = Number(url.port || 443)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  try {
    const options: ConnectionOptions =
      central.proxy === '' ? { host, port } : { socket: await tunnel(central.proxy, targetOf(url), signal) }
    const presented = await fetchCertificates({ ...options, minVersion: 'TLSv1.3', ...(isName(host) ? { servername: host } : {}) }, signal)
    const pinned = presented.find(certificate => central.pins.includes(pinOf(certificate)))
    if (pinned === undefined)
      throw new Failure(
        'central-not-trusted',
        `${url.host} presented ${presented.map(pinOf).join(', ') || 'no certificate'}, which is not in central.pins`,
      )
    return pinned.toString()
  } catch (error) {
    throw asCentralFailure(error, url.host, secretsOf(central.proxy))
  }
}

const isName = (host: string): boolean => !/^[0-9.]+$/.test(host) && !host.includes(':')

function fetchCertificates(options: ConnectionOptions, signal: AbortSignal): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    // not verified on purpose: nothing is sent here, and a certificate is used only if its key is pinned
    const socket = connect({ ...options, rejectUnauthorized: false }, () => {
      const chain: X509Certificate[] = []
      let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
      while (certificate?.raw !== undefined && chain.length < 8) {
        chain.push(new X509Certificate(certificate.raw))
        certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate
      }
      socket.destroy()
      resolve(chain)
    })
    addAbortSignal(signal, socket)
    socket.once('error', reject)
  })
}
