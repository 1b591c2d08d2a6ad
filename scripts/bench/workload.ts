// What is sent: a day of a small member's gateways where the generator of it lies beside the project, else the project's
// own fixtures again and again, and the report says so. The packets of the same day are what the kernel is made to log.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repeatFixtures } from '../../agent/testing/fixtures.ts'
import { type Datagram, writeRecords } from './records.ts'

const generator = join(import.meta.dirname, '../../../shared/bench/workload.mjs')
/** Formats in the order of their gateways' addresses: each gateway logs from one of its own, as in the field. */
const marks = ['<38>', '>date=', '%ASA-', ',TRAFFIC,', 'filterlog', 'id=firewall', ' gw kernel: ', 'device="SFW"']
const FIRST_GATEWAY = 11

export interface Truth {
  readonly suspicious: boolean
  readonly action: string
  readonly src: string
  readonly dst: string
  readonly dport: number
  readonly protocol: string
}

export interface Workload {
  /** How it came about, for the report. */
  readonly origin: string
  readonly messages: readonly string[]
  /** What each message is; empty for fixtures. */
  readonly truth: readonly Truth[]
  /** Records for the sender: each message from the address of its gateway. */
  readonly file: string
  readonly payloadBytes: number
}

const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '')

export function makeWorkload(folder: string, count: number, seed = 1): Workload {
  const isGenerated = existsSync(generator)
  const { messages, truth } = isGenerated ? generate(folder, count, seed) : { messages: repeatFixtures(count), truth: [] }
  const file = join(folder, `messages-${seed}.records`)
  const { payloadBytes } = writeRecords(file, datagrams(messages))
  const origin = isGenerated
    ? `${count} messages of seven products and sshd (shared/bench/workload.mjs, seed ${seed})`
    : `${count} messages: the project's own fixtures, repeated (the generator of workloads is not there)`
  return { origin, messages, truth, file, payloadBytes }
}

function generate(folder: string, count: number, seed: number): { messages: string[]; truth: Truth[] } {
  const truthFile = join(folder, `truth-${seed}.jsonl`)
  const words = [generator, '--messages', String(count), '--seed', String(seed), '--truth', truthFile]
  const messages = linesOf(execFileSync(process.execPath, words, { encoding: 'latin1', maxBuffer: 2 ** 30 }))
  return { messages, truth: linesOf(readFileSync(truthFile, 'latin1')).map(line => JSON.parse(line) as Truth) }
}

export function gatewayOf(message: string): number {
  const head = message.slice(0, 160)
  const at = marks.findIndex(mark => head.includes(mark))
  return FIRST_GATEWAY + (at < 0 ? marks.length : at)
}

function* datagrams(messages: readonly string[]): Generator<Datagram> {
  for (const payload of messages) yield { source: `127.0.0.${gatewayOf(payload)}`, destination: '127.0.0.1', port: 0, payload }
}

/** What the member's rules would have dropped, as packets for the kernel to log. Without a truth, packets of a plain sweep. */
export function makePackets(folder: string, truth: readonly Truth[], most = Number.POSITIVE_INFINITY): string {
  const file = join(folder, `packets-${most}.records`)
  const payload = Buffer.alloc(16)
  const denied = truth.filter(({ action, dport, src }) => action === 'deny' && dport > 0 && !src.startsWith('10.'))
  const sweep = Array.from({ length: 200_000 }, (_, i) => ({
    src: `203.0.113.${1 + (i % 250)}`,
    dst: '198.51.100.10',
    dport: 1 + (i % 1023),
  }))
  const packets = denied.length > 0 ? denied : sweep
  writeRecords(
    file,
    packets.slice(0, most).map(({ src, dst, dport }) => ({ source: src, destination: dst, port: dport, payload })),
  )
  return file
}

/** One blocked connection whose source and port the sender changes: no two are alike, and sources are as many as it is told. */
export function makeDistinct(folder: string): string {
  const file = join(folder, 'distinct.records')
  const head = '<4>Nov 20 12:00:00 gw kernel: [DROP]IN=eth0 OUT= MAC= SRC=2001:0db8:0000:0000:0000:0000:'
  const middle = '0000:0000 DST=2001:0db8:00ff:0000:0000:0000:0000:0010 LEN=60 TC=0 HOPLIMIT=244 FLOWLBL=0 PROTO=TCP SPT=40000 DPT='
  const payload = `${head}${middle}00000 WINDOW=1024 RES=0x00 SYN URGP=0`
  writeRecords(file, [
    { source: '127.0.0.11', destination: '127.0.0.1', port: 0, payload, hexAt: head.length, decimalAt: head.length + middle.length },
  ])
  return file
}
