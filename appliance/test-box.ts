// Run in namespaces of its own (unshare -rnm), which stand for the box: its shipped rules, the member's own, the agent's
// receiver of what was dropped, and a peer that probes ports. Prints the outcome.
//   node test-box.ts SENDER_OF_FRAMES < a Plan
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openNflog } from 'node-netfilter-log'
import { type EventRecord, toEcs } from '../agent/event.ts'
import { readRulePrefix } from '../agent/recognisers/tokenisers/rule-prefix.ts'
import { openNflogSource } from '../agent/sources/packets/nflog.ts'
import type { Answer, Probe } from './test-peer.ts'

export interface Plan {
  /** Files of /run/cyberalarm-box/open.d by name. */
  readonly openFiles: Readonly<Record<string, string>>
  readonly probes: readonly Probe[]
  /** Ethernet frames in hexadecimal, sent one after the other after the probes. */
  readonly frames: readonly string[]
}

export interface Logged {
  readonly [field: string]: string | number
  /** How many bytes of the packet reached the agent. */
  readonly copied: number
}

export interface Outcome {
  readonly answers: readonly Answer[]
  /** Sizes of what came in at UDP 514. */
  readonly syslog: readonly number[]
  readonly logged: readonly Logged[]
  /** All that the agent's socket received, as one text of bytes; and what a rule without snaplen gave another group. */
  readonly received: string
  readonly control: string
  readonly refused: readonly string[]
  readonly lost: number
  readonly counters: Readonly<Record<string, number>>
  /** What nft said against the files of open.d; '' if they were loaded. */
  readonly loadError: string
}

const BOX = { mac: '02:00:00:00:00:01', four: '192.0.2.10/24', six: '2001:db8::10/64' }
const PEER = { mac: '02:00:00:00:00:02', four: '192.0.2.66/24', six: '2001:db8::66/64' }
/** What the shipped rules are compared with: a rule that copies all, and a count of syslog that is not tracked. */
const CONTROL = `table inet control {
  counter untracked {
  }
  chain c {
    type filter hook input priority -1
    udp dport 9 log group 515
    udp dport 514 ct state untracked counter name untracked
  }
}
`
const run = (line: string, input = ''): string => {
  const [command, ...args] = line.split(' ')
  return execFileSync(command, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** The shipped folder where the rules look for it, and nothing else below /etc and /run. */
function mountRules(openFiles: Plan['openFiles']): void {
  run('mount -t tmpfs none /etc')
  run(`cp -r ${join(import.meta.dirname, 'rootfs/etc/nftables')} /etc/nftables`)
  run('mount -t tmpfs none /run')
  mkdirSync('/run/cyberalarm-box/open.d', { recursive: true })
  for (const [name, text] of Object.entries(openFiles)) writeFileSync(join('/run/cyberalarm-box/open.d', name), text)
}

function loadOpenFiles(): string {
  try {
    run('nft -f /etc/nftables/open.nft')
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function makePeer(): Promise<ChildProcess> {
  const child = spawn('unshare', ['-n', 'sleep', '60'], { stdio: 'ignore' })
  const own = readlinkSync('/proc/self/ns/net')
  while (readlinkSync(`/proc/${child.pid}/ns/net`) === own) await sleep(5)
  run('ip link set lo up')
  run(`ip link add box0 address ${BOX.mac} type veth peer name other0 address ${PEER.mac} netns ${child.pid}`)
  const there = `nsenter -t ${child.pid} -n ip`
  for (const [ip, name, { four, six }] of [
    ['ip', 'box0', BOX],
    [there, 'other0', PEER],
  ] as const) {
    run(`${ip} address add ${four} dev ${name}`)
    run(`${ip} address add ${six} dev ${name} nodad`)
    run(`${ip} link set ${name} up`)
  }
  return child
}

function startReceiver(group: number, logged: Logged[], refused: string[]) {
  const chunks: Buffer[] = []
  const source = openNflogSource({
    groups: [group],
    open: options =>
      openNflog({
        ...options,
        onBatch: (bytes, length) => {
          chunks.push(Buffer.from(bytes.subarray(0, length)))
          options.onBatch(bytes, length)
        },
      }),
    sink: {
      receivedAtMs: 0,
      deliver: (event: EventRecord, bytes, record) => {
        readRulePrefix(bytes, record.prefixStart, record.prefixEnd, event)
        const { '@timestamp': _time, ...fields } = toEcs(event)
        logged.push({ ...fields, copied: record.packetEnd - record.packetStart })
      },
      refuse: reason => refused.push(reason),
    },
    onError: error => refused.push(error.message),
  })
  return { source, text: () => Buffer.concat(chunks).toString('latin1') }
}

async function listen(syslog: number[]): Promise<void> {
  for (const port of [22, 514, 6514]) await once(createServer(socket => socket.destroy()).listen(port, '::'), 'listening')
  const udp = createSocket('udp6', bytes => syslog.push(bytes.length))
  udp.bind(514, '::')
  await once(udp, 'listening')
}

if (import.meta.main) {
  const plan = JSON.parse(readFileSync(0, 'utf8')) as Plan
  mountRules(plan.openFiles)
  const peer = await makePeer()
  run('nft -f /etc/nftables/cyberalarm.nft')
  const loadError = loadOpenFiles()
  run('nft -f -', CONTROL)
  const logged: Logged[] = []
  const refused: string[] = []
  const syslog: number[] = []
  await listen(syslog)
  const agent = startReceiver(514, logged, refused)
  const control = startReceiver(515, [], refused)
  const there = `nsenter -t ${peer.pid} -n`
  const probes = spawn('nsenter', [
    ...`-t ${peer.pid} -n ${process.execPath} ${join(import.meta.dirname, 'test-peer.ts')}`.split(' '),
    JSON.stringify(plan.probes),
  ])
  const [[text]] = await Promise.all([once(probes.stdout.setEncoding('utf8'), 'data'), once(probes, 'exit')])
  run(`${there} ${process.argv[2]} other0`, plan.frames.map(frame => `${frame}\n`).join(''))
  await sleep(100)
  await Promise.all([agent.source.close(), control.source.close()])
  const listed = JSON.parse(run('nft -j list counters')) as { nftables: { counter?: { name: string; packets: number } }[] }
  const counters = Object.fromEntries(listed.nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])))
  peer.kill()
  const outcome: Outcome = {
    answers: JSON.parse(text),
    syslog,
    logged,
    received: agent.text(),
    control: control.text(),
    refused,
    lost: agent.source.kernelLost() ?? -1,
    counters,
    loadError,
  }
  process.stdout.write(JSON.stringify(outcome), () => process.exit())
}
