// Senders while an agent is restarted, as a process of its own: node restart-load.ts '{"udpPort":514,...}'
// Ends when standard input does, and prints what was sent. Each message is another one, so that central can be asked for it.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { blockedLine } from './harness.ts'
import { NeverReads } from './never-reads.ts'

export interface RestartLoad {
  readonly udpPort: number
  readonly tcpPort: number
  /** Messages a second over each. */
  readonly rate: number
  /** From and to where packets go that a rule logs; none if there is no such rule. */
  readonly packets?: { readonly from: string; readonly to: string } | undefined
}

export interface RestartLoadSent {
  readonly udp: number
  readonly packets: number
  /** Over all three connections. */
  readonly tcp: number
  /** Of the sender that never reads, of the one that connects again when it is closed, and of the one that counts octets: 1 each if none was closed. */
  readonly connections: readonly [number, number, number]
}

const TICK_MS = 5
const plan = JSON.parse(process.argv[2]) as RestartLoad
let isOver = false
process.stdin.once('end', () => (isOver = true)).resume()

/** Calls `send` so often a second. */
async function paced(rate: number, send: (number: number) => Promise<unknown> | undefined): Promise<number> {
  const began = performance.now()
  let sent = 0
  while (!isOver) {
    for (; sent < ((performance.now() - began) / 1000) * rate; sent++) await send(sent)
    await sleep(TICK_MS)
  }
  return sent
}

async function overUdp(): Promise<number> {
  const socket = createSocket('udp4')
  const sent = await paced(plan.rate, number => new Promise(done => socket.send(blockedLine(number), plan.udpPort, '127.0.0.1', done)))
  socket.close()
  return sent
}

async function packets(): Promise<number> {
  const { packets: way } = plan
  if (way === undefined) return 0
  const socket = createSocket('udp4')
  socket.bind(40_000, way.from)
  await once(socket, 'listening')
  const sent = await paced(plan.rate / 4, number => new Promise(done => socket.send('probe', 1 + (number % 1000), way.to, done)))
  socket.close()
  return sent
}

/** Reads what it is sent, and connects again where it is closed. The pieces that it writes are no whole messages. */
async function overTcp(frame: (line: string) => string): Promise<{ sent: number; connections: number }> {
  let connections = 0
  const open = async (): Promise<Socket> => {
    const socket = connect(plan.tcpPort, '127.0.0.1').on('error', () => socket.destroy())
    socket.setNoDelay(true)
    socket.resume()
    await once(socket, 'connect')
    connections++
    return socket
  }
  let socket = await open()
  let rest = ''
  const sent = await paced(plan.rate / 2, async number => {
    const text = rest + frame(blockedLine(number))
    const end = Math.max(1, text.length - (number % 90))
    rest = text.slice(end)
    if (socket.destroyed || socket.readableEnded) socket = await open()
    if (!socket.write(text.slice(0, end), 'latin1')) await once(socket, 'drain')
  })
  socket.end(rest, 'latin1')
  await once(socket, 'close')
  return { sent, connections }
}

const endings: (() => unknown)[] = []
const neverReads = new NeverReads({ teardown: done => endings.push(done) }, plan.tcpPort, 2)
const [udp, logged, lines, counted] = await Promise.all([
  overUdp(),
  packets(),
  overTcp(line => `${line}\n`),
  overTcp(line => `${Buffer.byteLength(line)} ${line}`),
])
await neverReads.stop()
const sent: RestartLoadSent = {
  udp,
  packets: logged,
  tcp: neverReads.accepted + lines.sent + counted.sent,
  connections: [neverReads.connections, lines.connections, counted.connections],
}
console.log(JSON.stringify(sent))
