// Gateways that send without a pause, until standard input ends: node test-steady-sender.ts '{"udp":3000,"tcp":1000,"packets":500,...}'
// One of ten messages is a refused connection, and no two of those are alike; the others are allowed ones, which stay on the box. It then
// prints how many it sent. TCP never closes its connection; where that is closed it connects again and counts.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const TICK_MS = 10
const SOURCES = 250
const PORTS = 64_000
const EVERY = 10
const PORT = 514

const plan = JSON.parse(process.argv[2]) as { udp: number; tcp: number; packets: number; from: string; to: string }
const sent = { udp: 0, tcp: 0, packets: 0, refused: 0, connections: 0 }
let isOver = false
process.stdin.resume().once('end', () => {
  isOver = true
})

/** The nth message to an address of the member's: each refused one has a source and a port of its own. */
function line(nth: number, to: string): string {
  const isRefused = nth % EVERY === 0
  const number = Math.floor(nth / EVERY)
  if (isRefused) sent.refused++
  // what comes from an address that was refused is believed to belong to that, and is sent
  const source = isRefused ? `203.0.113.${1 + (number % SOURCES)}` : `192.0.2.${1 + (nth % SOURCES)}`
  const port = isRefused ? 1 + (Math.floor(number / SOURCES) % PORTS) : 443
  return `<4>Nov 20 12:00:00 gw kernel: [${isRefused ? 'DROP' : 'ALLOW'}]IN=eth0 OUT= MAC= SRC=${source} DST=${to} LEN=44 TTL=244 ID=1 PROTO=TCP SPT=${1024 + (nth % 60_000)} DPT=${port} WINDOW=1024 SYN`
}

const udp = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
udp.connect(PORT, '127.0.0.1')
await once(udp, 'connect')
const packets = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
packets.bind(40_000, plan.from)
await once(packets, 'listening')
let tcp: Socket | undefined

async function connected(): Promise<Socket> {
  while (tcp === undefined || tcp.destroyed || !tcp.writable) {
    const socket = connect(PORT, '127.0.0.1')
    socket.on('error', () => socket.destroy())
    socket.resume()
    await new Promise<void>(resolve => socket.once('connect', resolve).once('close', resolve))
    if (!socket.destroyed) {
      sent.connections++
      tcp = socket
    } else await sleep(TICK_MS)
  }
  return tcp
}

let waiting = 0
const done = () => {
  waiting--
}
const began = performance.now()
while (!isOver) {
  const passed = (performance.now() - began) / 1000
  for (; sent.udp < passed * plan.udp; sent.udp++) {
    waiting++
    udp.send(line(sent.udp, '198.51.100.20'), done)
  }
  for (; sent.packets < passed * plan.packets; sent.packets++) {
    waiting++
    packets.send('x', 1 + (sent.packets % PORTS), plan.to, done)
  }
  let text = ''
  for (; sent.tcp < passed * plan.tcp; sent.tcp++) text += `${line(sent.tcp, '198.51.100.30')}\n`
  if (text !== '') (await connected()).write(text)
  await sleep(TICK_MS)
}
while (waiting > 0) await sleep(TICK_MS)
if (tcp !== undefined) {
  tcp.end()
  await once(tcp, 'close')
}
udp.close()
packets.close()
process.stdin.destroy()
console.log(JSON.stringify(sent))
