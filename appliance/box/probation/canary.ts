// Marked messages through the box's own socket: the agent counts those of the newest mark, and says so in its status.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Said } from './facts.ts'

/** How many make a round. */
export const ROUND = 20
const CONNECT_MS = 2000

export interface Way {
  readonly kind: 'udp' | 'tcp'
  readonly host: string
  readonly port: number
}

/** The socket that marked messages are sent to: UDP, or TCP where there is none; undefined if there is neither. */
export function wayOf(sources: readonly { readonly name: string; readonly address: string }[]): Way | undefined {
  for (const kind of ['udp', 'tcp'] as const) {
    const address = sources.find(({ name }) => name === kind)?.address ?? ''
    const found = /^\[?([^\]]*)\]?:(\d+)$/.exec(address)
    if (found === null) continue
    const [, host, port] = found
    return { kind, host: host === '::' || host === '0.0.0.0' || host === '' || host === '*' ? '127.0.0.1' : host, port: Number(port) }
  }
  return undefined
}

/**
 * Sends a round with a mark of its own, which it gives. From a loopback address, because the agent takes marked messages from no other,
 * also where it listens on one address of the box alone. What cannot be sent does not come back, and that is judged.
 */
export async function sendRound(way: Way): Promise<string> {
  const nonce = randomBytes(8).toString('hex')
  const lines = Array.from({ length: ROUND }, (_, i) => `cyberalarm-canary ${nonce} ${i + 1}`)
  const isV6 = way.host.includes(':')
  const from = isV6 ? '::1' : '127.0.0.1'
  if (way.kind === 'udp') {
    const socket = createSocket(isV6 ? 'udp6' : 'udp4')
    socket.on('error', () => undefined) // refused: nobody listens, and nothing comes back
    await new Promise<void>(resolve => socket.once('error', () => resolve()).bind(0, from, resolve))
    for (const line of lines) await new Promise<void>(resolve => socket.send(line, way.port, way.host, () => resolve()))
    await new Promise<void>(resolve => socket.close(resolve))
  } else {
    const socket = connect({ port: way.port, host: way.host, localAddress: from })
    socket.setTimeout(CONNECT_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.end(lines.map(line => `${line}\n`).join(''))
    socket.resume()
    await once(socket, 'close')
  }
  return nonce
}

export const isBack = (nonce: string, said: Said | undefined): boolean => said?.canary?.nonce === nonce && (said.canary.count ?? 0) >= ROUND
