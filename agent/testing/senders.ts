// Gateways for end-to-end tests: real sockets that send whatever they are told, well or badly.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, isIPv6, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { pathsBelow } from '../paths.ts'
import type { AgentProcess } from './harness.ts'

export const hasIPv6 = (): boolean =>
  Object.values(networkInterfaces())
    .flat()
    .some(address => address?.family === 'IPv6')

/** Sends datagrams; resolves when the kernel has them all. */
export async function sendUdp(port: number, messages: readonly (string | Uint8Array)[], host = '127.0.0.1'): Promise<void> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  for (const message of messages)
    await new Promise<void>((resolve, reject) => socket.send(message, port, host, error => (error === null ? resolve() : reject(error))))
  await new Promise<void>(resolve => socket.close(resolve))
}

/** An open connection from an address of the loopback. What becomes of it is for the test to see. */
export async function openTcp(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => socket.destroy())
  socket.resume()
  await once(socket, 'connect')
  return socket
}

/** A TLS connection that trusts the box's own certificate and nothing else. */
export async function openTls(agent: AgentProcess, localAddress = '127.0.0.1'): Promise<TLSSocket> {
  const ca = readFileSync(join(pathsBelow(agent.root).tls, 'syslog.crt'))
  const transport = connect({ port: agent.tlsPort, host: '127.0.0.1', localAddress })
  const socket = connectTls({ socket: transport, ca, checkServerIdentity: () => undefined })
  await once(socket, 'secureConnect')
  socket.on('error', () => socket.destroy())
  socket.resume()
  return socket
}

/** Octet counting (RFC 6587 section 3.4.1, RFC 5425 section 4.3). */
export const counted = (message: string): string => `${Buffer.byteLength(message)} ${message}`
