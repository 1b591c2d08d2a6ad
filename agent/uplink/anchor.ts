// From a pin to a trust anchor. A pin is the hash of a public key; OpenSSL needs a certificate. So the first connection
// sends nothing, and takes from the server's chain the certificate whose key is pinned; every real connection is then
// verified by OpenSSL against that certificate alone: signature, chain, dates and name. No public CA is trusted.
import { createHash, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { type ConnectionOptions, connect, type DetailedPeerCertificate } from 'node:tls'
import { Failure } from '../errors.ts'
import { asCentralFailure } from './central-failure.ts'

const DEADLINE_MS = 15_000

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

/** PEM of the certificate that central presents and whose key is pinned. Failure 'central-not-trusted' if there is none. */
export async function findAnchor(central: CentralAddress, signal = new AbortController().signal): Promise<string> {
  const url = new URL(central.url)
  const port = Number(url.port || 443)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  try {
    const options: ConnectionOptions =
      central.proxy === '' ? { host, port } : { socket: await tunnel(central.proxy, `${url.hostname}:${port}`, signal) }
    const presented = await fetchCertificates({ ...options, minVersion: 'TLSv1.3', ...(isName(host) ? { servername: host } : {}) }, signal)
    const pinned = presented.find(certificate => central.pins.includes(pinOf(certificate)))
    if (pinned === undefined)
      throw new Failure(
        'central-not-trusted',
        `${url.host} presented ${presented.map(pinOf).join(', ') || 'no certificate'}, which is not in central.pins`,
      )
    return pinned.toString()
  } catch (error) {
    throw asCentralFailure(error, url.host)
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
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer in time')))
    socket.once('error', reject)
  })
}

async function tunnel(proxy: string, target: string, signal: AbortSignal): Promise<Socket> {
  // imported only here: this module loads Node.js' own fetch and WebSocket too
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const { hostname, port, username, password } = new URL(proxy)
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
    const headers = { host: target, ...(username === '' ? {} : { 'proxy-authorization': `Basic ${credentials}` }) }
    const call = request({
      method: 'CONNECT',
      host: hostname,
      port: Number(port || 80),
      path: target,
      headers,
      timeout: DEADLINE_MS,
      signal,
    })
    call.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Failure('proxy-refused', `${hostname}:${port} answered ${answer.statusCode} to CONNECT ${target}`))
    })
    call.once('timeout', () => call.destroy(new Error('the proxy does not answer in time')))
    call.once('error', reject)
    call.end()
  })
}
