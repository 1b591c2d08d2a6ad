// Run in a network namespace of its own: rules that log and drop, a flood against them, and what the addon received of it.
//   node test-logged.ts '{ "count": 1000, "rate": 0, "groups": [5], "receiveBufferBytes": 4096, "slowMs": 0 }'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventRecord } from '../event.ts'
import { PacketReading, readPacket } from '../sources/packets/ip-header.ts'
import { lostBetween, NflogReading, NflogRecord, readNflog } from '../sources/packets/nflog-record.ts'
import { openNflog } from './index.js'
import { sendDatagrams } from './test-support.ts'

export interface Plan {
  readonly count: number
  readonly rate?: number
  readonly groups: readonly number[]
  readonly receiveBufferBytes?: number
  /** How long JavaScript holds each batch. */
  readonly slowMs?: number
}

interface Seen {
  packets: number
  lost: number
  last: number
  events: number
}

export interface Outcome {
  /** What the rules counted, by group. */
  readonly logged: readonly number[]
  readonly seen: readonly Seen[]
  readonly other: number
  readonly first: { readonly prefix: string; readonly hook: number; readonly input: number; readonly length: number; readonly port: number }
  readonly codeOfSecond: string
  readonly overruns: number
  readonly kernelDrops: number | null
  readonly waits: number
}

const FIRST_PORT = 9000
const plan: Plan = JSON.parse(process.argv[2])
const rule = (group: number, i: number) =>
  `    udp dport ${FIRST_PORT + i} counter log prefix "DROP ${group}: " group ${group} snaplen 64 drop`
execFileSync('ip', ['link', 'set', 'lo', 'up'])
execFileSync('nft', ['-f', '-'], {
  input: `table inet t {\n  chain input {\n    type filter hook input priority 0\n${plan.groups.map(rule).join('\n')}\n  }\n}\n`,
})

const record = new NflogRecord()
const event = new EventRecord()
const seen: Seen[] = plan.groups.map(() => ({ packets: 0, lost: 0, last: -1, events: 0 }))
let other = 0
let first: Outcome['first'] | undefined

function onBatch(bytes: Uint8Array, length: number): void {
  for (let at = 0; at < length; at = record.next) {
    const reading = readNflog(bytes, at, length, record)
    if (reading !== NflogReading.packet) {
      // NLMSG_DONE behind the packets of one netlink datagram
      if (bytes[at + 4] !== 3) other++
      continue
    }
    const group = seen[plan.groups.indexOf(record.group)]
    group.packets++
    group.lost += lostBetween(group.last, record.sequence)
    group.last = record.sequence
    event.reset()
    if (readPacket(record.protocol, bytes, record.packetStart, record.packetEnd, event) === PacketReading.whole) group.events++
    first ??= {
      prefix: Buffer.from(bytes.subarray(record.prefixStart, record.prefixEnd)).toString(),
      hook: record.hook,
      input: record.input,
      length: event.bytes,
      port: event.destinationPort,
    }
  }
  for (const until = performance.now() + (plan.slowMs ?? 0); performance.now() < until; );
}

const socket = openNflog({ groups: plan.groups, copyRange: 64, receiveBufferBytes: plan.receiveBufferBytes ?? 16 << 20, onBatch })
let codeOfSecond = 'none'
try {
  openNflog({ groups: [plan.groups[0]], onBatch })
} catch (error) {
  codeOfSecond = error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
for (const i of plan.groups.keys()) await sendDatagrams('127.0.0.1', FIRST_PORT + i, plan.count, plan.rate)
// one more of each, when all is calm: what was lost at the end of the flood shows in its number
await sleep(500)
for (const i of plan.groups.keys()) await sendDatagrams('127.0.0.1', FIRST_PORT + i, 1)
await socket.close(5000)
const { overruns, kernelDrops, waits } = socket.statistics()
const listed = execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })
const logged = [...listed.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets))
console.log(JSON.stringify({ logged, seen, other, first, codeOfSecond, overruns, kernelDrops, waits }))
