// CPU a packet of NFLOG, in a network namespace of its own: `unshare -rn node nflog.js [COUNT] [RATE] [KERNEL_BUFFER] [THRESHOLD]`
// (bounded; runs build/udp-flood against a rule that logs and drops). Decoding is that of the agent.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { EventRecord } from '../../event.ts'
import { readPacket } from '../../sources/packets/ip-header.ts'
import { lostBetween, NflogReading, NflogRecord, readNflog } from '../../sources/packets/nflog-record.ts'
import { openNflog } from '../index.js'

const [total = 2_000_000, rate = 0, kernelBufferBytes = 32_256, queueThreshold = 128] = process.argv.slice(2).map(Number)
const rules = `table inet bench {
  chain input {
    type filter hook input priority 0
    udp dport 9999 counter log prefix "DROP input: " group 5 snaplen 64 drop
  }
}
`
execFileSync('ip', ['link', 'set', 'lo', 'up'])
execFileSync('nft', ['-f', '-'], { input: rules })

const record = new NflogRecord()
const event = new EventRecord()
let [packets, lost, before, events] = [0, 0, -1, 0]
const socket = openNflog({
  groups: [5],
  copyRange: 64,
  queueThreshold,
  kernelBufferBytes,
  onBatch(bytes, length) {
    for (let at = 0; at < length; at = record.next) {
      if (readNflog(bytes, at, length, record) !== NflogReading.packet) continue
      packets++
      lost += lostBetween(before, record.sequence)
      before = record.sequence
      event.reset()
      if (readPacket(record.protocol, bytes, record.packetStart, record.packetEnd, event) >= 2) events++
    }
  },
})
const cpu = process.cpuUsage()
const began = performance.now()
const flood = new URL('../build/udp-flood', import.meta.url).pathname
const sender = spawn(flood, ['127.0.0.1', '9999', String(total), '250', String(rate)], { stdio: ['ignore', 'pipe', 'inherit'] })
sender.stdout.resume()
await once(sender, 'exit')
const seconds = (performance.now() - began) / 1000
await socket.close(1000)
const { user, system } = process.cpuUsage(cpu)
const [, counted] = /counter packets (\d+)/.exec(execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }))
const ns = us => Math.round((us * 1000) / packets)
console.log(
  `${counted} logged at ${Math.round(total / seconds)} a second: ${packets} received + ${lost} lost = ${packets + lost}, ${events} events`,
)
console.log(
  `${ns(user)} ns user, ${ns(system)} ns system a packet`,
  JSON.stringify({ ...socket.statistics(), buffer: socket.receiveBufferBytes }),
)
