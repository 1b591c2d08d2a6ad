// CPU a datagram of UDP on loopback: this addon, and Node's own dgram. `node udp.js [COUNT] [BYTES] [RATE]` (bounded; runs build/udp-flood).
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { openUdp } from '../index.js'

const [total = 2_000_000, bytes = 250, rate = 0] = process.argv.slice(2).map(Number)
const flood = new URL('../build/udp-flood', import.meta.url).pathname

async function measure(name, port, received, close) {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const sender = spawn(flood, ['127.0.0.1', String(port), String(total), String(bytes), String(rate)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  sender.stdout.resume()
  await once(sender, 'exit')
  await close()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const count = received()
  const ns = us => Math.round((us * 1000) / count)
  console.log(`${name.padEnd(6)} ${count} of ${total} in ${seconds.toFixed(2)} s: ${ns(user)} ns user, ${ns(system)} ns system a datagram`)
}

let count = 0
let sum = 0
const socket = openUdp({
  address: '127.0.0.1',
  port: 0,
  onBatch(payload, index, n) {
    count += n
    for (let i = 0; i < n; i++) {
      const start = index[i * 8]
      const end = start + index[i * 8 + 1]
      for (let at = start; at < end; at += 64) sum += payload[at]
    }
  },
})
await measure(
  'addon',
  socket.port,
  () => count,
  () => socket.close(500),
)
console.log(JSON.stringify({ ...socket.statistics(), receiveBufferBytes: socket.receiveBufferBytes, sum }))

if (!process.argv.includes('--addon')) {
  count = 0
  const plain = createSocket('udp4')
  plain.on('message', () => count++)
  plain.bind(0, '127.0.0.1')
  await once(plain, 'listening')
  plain.setRecvBufferSize(4 * 1024 * 1024)
  await measure(
    'dgram',
    plain.address().port,
    () => count,
    async () => {
      for (let before = -1; before !== count; ) {
        before = count
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      plain.close()
    },
  )
}
