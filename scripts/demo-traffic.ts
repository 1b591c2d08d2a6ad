// The traffic of the demo: a day of a small member's gateways, and real messages where the collection of them lies beside
// the project; else the project's own fixtures, again and again. Each gateway has a loopback address of its own.

import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { varyFixtures } from '../agent/testing/fixtures.ts'

export type Transport = 'udp' | 'tcp' | 'tcp, counted' | 'tls'

export interface Gateway {
  readonly name: string
  /** Where it logs from. */
  readonly address: string
  readonly transport: Transport
  readonly messages: readonly string[]
}

export interface Ports {
  readonly udp: number
  readonly tcp: number
  readonly tls: number
}

const shared = join(import.meta.dirname, '../../shared')
const workload = join(shared, 'bench/workload.mjs')
const cases = join(shared, 'corpus/cases.jsonl')
const MESSAGES = 20_000
/** Folders of products, and what the generator of messages calls them. */
const products = [
  ['fortigate', 'fortigate'],
  ['cisco-asa', 'cisco_asa'],
  ['paloalto', 'paloalto'],
  ['pfsense', 'pfsense'],
  ['sonicwall', 'sonicwall'],
  ['netfilter', 'netfilter'],
  ['sophos-xg', 'sophos'],
] as const
const transports: readonly Transport[] = ['udp', 'tcp', 'udp', 'udp', 'tls', 'tcp, counted', 'udp']

const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '')

/** All that the demo sends, by gateway; only the project's own fixtures if `ownOnly`, as where nothing lies beside the project. */
export function demoGateways(ownOnly: boolean): Gateway[] {
  const perProduct = Math.floor(MESSAGES / products.length)
  const generated = products.map(([name, format], i) => {
    // what does not divide evenly is the first one's
    const count = i === 0 ? MESSAGES - perProduct * (products.length - 1) : perProduct
    const messages = !ownOnly && existsSync(workload) ? generate(format, i + 1, count) : varyFixtures(name, count)
    return { name, address: `127.0.0.${11 + i}`, transport: transports[i], messages }
  })
  if (ownOnly || !existsSync(cases)) return generated
  const real = linesOf(readFileSync(cases, 'utf8')).map(line => (JSON.parse(line) as { line: string }).line)
  const of = (part: number) => real.filter((_, i) => i % 3 === part)
  return [
    ...generated,
    // only datagrams and counted frames can carry messages with line breaks
    { name: 'real messages', address: '127.0.0.31', transport: 'udp', messages: of(0) },
    { name: 'real messages', address: '127.0.0.32', transport: 'tcp, counted', messages: of(1) },
    { name: 'real messages', address: '127.0.0.33', transport: 'tls', messages: of(2) },
  ]
}

const generate = (format: string, seed: number, count: number): string[] =>
  linesOf(
    execFileSync(process.execPath, [workload, '--messages', String(count), '--seed', String(seed), '--formats', format], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }),
  )

/** Sends all messages of a gateway; calls `onSent` after each one. */
export async function sendAll(gateway: Gateway, ports: Ports, onSent: () => void): Promise<void> {
  if (gateway.transport === 'udp') return sendUdp(gateway, ports.udp, onSent)
  const isTls = gateway.transport === 'tls'
  const socket = connect({ port: isTls ? ports.tls : ports.tcp, host: '127.0.0.1', localAddress: gateway.address })
  await once(socket, 'connect')
  // the demo made this agent itself a moment ago; a real gateway would pin its certificate
  const stream: Socket = isTls ? connectTls({ socket, rejectUnauthorized: false }) : socket
  if (isTls) await once(stream, 'secureConnect')
  stream.resume()
  for (const message of gateway.messages) {
    const isCounted = gateway.transport !== 'tcp'
    if (!stream.write(isCounted ? `${Buffer.byteLength(message)} ${message}` : `${message}\n`)) await once(stream, 'drain')
    onSent()
  }
  stream.end()
  await once(stream, 'close')
}

/** About 8,000 datagrams a second, so that what is shown is the path and not the size of a socket's buffer. */
async function sendUdp(gateway: Gateway, port: number, onSent: () => void): Promise<void> {
  const socket = createSocket('udp4')
  socket.bind(0, gateway.address)
  await once(socket, 'listening')
  for (const [i, message] of gateway.messages.entries()) {
    await new Promise<void>((resolve, reject) =>
      socket.send(message, port, '127.0.0.1', error => (error === null ? resolve() : reject(error))),
    )
    onSent()
    if (i % 8 === 7) await sleep(1)
  }
  socket.close()
}
