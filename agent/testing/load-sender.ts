// The traffic of a load test, from a process of its own: node load-sender.ts '{"file":...,"seconds":...,...}'
// At the end it prints how many messages and packets it sent.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface LoadPlan {
  /** Messages, one a line, sent in turn. */
  readonly file: string
  readonly seconds: number
  /** Messages a second. */
  readonly udp: { readonly port: number; readonly rate: number }
  readonly tcp: { readonly port: number; readonly rate: number }
  /** Datagrams a second that a rule logs, from one address to another. */
  readonly packets: { readonly from: string; readonly to: string; readonly rate: number }
}
export interface LoadSent {
  udp: number
  tcp: number
  packets: number
}

const TICK_MS = 5

const plan = JSON.parse(process.argv[2]) as LoadPlan
const lines = readFileSync(plan.file, 'latin1')
  .split('\n')
  .filter(line => line !== '')
  .map(line => Buffer.from(line, 'latin1'))
const framed = lines.map(line => Buffer.concat([line, Buffer.from('\n')]))

const udp = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
udp.connect(plan.udp.port, '127.0.0.1')
await once(udp, 'connect')
const packets = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
packets.bind(40_000, plan.packets.from)
await once(packets, 'listening')
const tcp = connect(plan.tcp.port, '127.0.0.1')
await once(tcp, 'connect')

const sent: LoadSent = { udp: 0, tcp: 0, packets: 0 }
const probe = Buffer.from('x')
const began = performance.now()
let waiting = 0
const done = () => {
  waiting--
}
for (let passed = 0; passed < plan.seconds; passed = (performance.now() - began) / 1000) {
  for (; sent.udp < passed * plan.udp.rate; sent.udp++) {
    waiting++
    udp.send(lines[sent.udp % lines.length], done)
  }
  const frames: Buffer[] = []
  for (; sent.tcp < passed * plan.tcp.rate; sent.tcp++) frames.push(framed[(sent.tcp * 7) % framed.length])
  if (frames.length > 0 && !tcp.write(Buffer.concat(frames))) await once(tcp, 'drain')
  for (; sent.packets < passed * plan.packets.rate; sent.packets++) {
    waiting++
    packets.send(probe, 1 + (sent.packets % 1000), plan.packets.to, done)
  }
  await sleep(TICK_MS)
}
while (waiting > 0) await sleep(TICK_MS)
tcp.end()
await once(tcp, 'close')
udp.close()
packets.close()
console.log(JSON.stringify(sent))
