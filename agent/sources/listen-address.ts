// Addresses of sockets as text: in settings, in messages, and one name for each peer.
import { Failure } from '../errors.ts'
import { isErrorWithCode } from '../lib/durable-file.ts'
import type { Source } from './source.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `[::]:514` or `0.0.0.0:514`, as the settings have checked it. */
export function parseListenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) }
}

export const formatListenAddress = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** The address of a peer in its shortest form: no ::ffff: before IPv4, no %zone after IPv6. */
export function peerName(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}

function listenFailure(name: Source['name'], { host, port }: ListenAddress, cause: unknown): Failure {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Failure('listen-failed', `cannot listen for ${name} on ${formatListenAddress(host, port)}: ${reason}`, cause)
}

/** Tries `open` on the host; where that is `::` and the machine has no IPv6, on 0.0.0.0. */
export async function openOnHost<T>(name: Source['name'], address: ListenAddress, open: (host: string) => Promise<T>): Promise<T> {
  try {
    return await open(address.host)
  } catch (error) {
    const canFallBack = address.host === '::' && isErrorWithCode(error, 'EAFNOSUPPORT', 'EADDRNOTAVAIL')
    if (!canFallBack) throw listenFailure(name, address, error)
  }
  const fallback = { host: '0.0.0.0', port: address.port }
  return await open(fallback.host).catch(error => {
    throw listenFailure(name, fallback, error)
  })
}
