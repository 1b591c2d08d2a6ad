// Part `latency`: from the moment a blocked message is sent to the moment the ledger has central's receipt for it.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { unpack } from '../../agent/batch/unpack.ts'
import { readLedger } from '../../agent/ledger/ledger-files.ts'
import { pathsBelow } from '../../agent/paths.ts'
import { enrolBox, runAgent, startCentral } from './agent.ts'
import type { Context, Part } from './context.ts'
import { figure, percentile } from './numbers.ts'
import { send } from './sender.ts'

const LOADS = [0, 20_000]
const MARKED_A_SECOND = 50
const PATIENCE_MS = 30_000
const PERCENTILES = [50, 90, 99, 100]

export const latencyPart: Part = {
  name: 'latency',
  title: 'from a message to its receipt',
  run: async context => {
    for (let run = 1; run <= context.runs; run++)
      for (const load of LOADS) {
        const seconds = await measure(context, load)
        context.say(
          `  ${run}/${context.runs} ${load} a second beside them: ${PERCENTILES.map(p => `p${p} ${figure(percentile(seconds, p))} s`).join(', ')}`,
        )
        for (const p of PERCENTILES)
          context.results.add(
            `latency.${load}.p${p}`,
            `Message to receipt at ${load}/s, ${p === 100 ? 'longest' : `${p} %`}`,
            's',
            percentile(seconds, p),
          )
      }
  },
}

/** Sources of the marked messages; no other message has them. */
const markedSource = (number: number): string => `203.0.113.${1 + (number % 250)}`
const markedPort = (number: number): number => 1024 + number
const markedLine = (number: number): string =>
  `<4>Nov 20 12:00:00 gw kernel: [DROP]IN=eth0 OUT= MAC= SRC=${markedSource(number)} DST=198.51.100.10 LEN=44 TTL=244 ID=1 PROTO=TCP SPT=40000 DPT=${markedPort(number)} WINDOW=1024 SYN`

/** Seconds of each marked message; infinite for one that has no receipt, which no percentile can hide. */
async function measure({ temporary, quick, workload }: Context, load: number): Promise<number[]> {
  const central = await startCentral(temporary)
  const root = await enrolBox(temporary, central)
  const running = await runAgent(root, 'udp')
  try {
    const seconds = quick ? 3 : 8
    const beside = load > 0 ? send({ file: workload.file, count: load * (seconds + 2), rate: load, port: running.port }) : undefined
    await sleep(1000)
    const sentAt = await sendMarked(running.port, seconds * MARKED_A_SECOND)
    await beside
    const deadline = performance.now() + PATIENCE_MS
    let receipts = new Map<number, number>()
    while (performance.now() < deadline) {
      receipts = receiptTimes(pathsBelow(root).ledger)
      if (sentAt.every((_, number) => receipts.has(number))) break
      await sleep(500)
    }
    return sentAt.map((at, number) => ((receipts.get(number) ?? Number.POSITIVE_INFINITY) - at) / 1000)
  } finally {
    await running.stop()
    await central.kill()
    rmSync(root, { recursive: true, force: true })
  }
}

async function sendMarked(port: number, count: number): Promise<number[]> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.17')
  await once(socket, 'listening')
  const sentAt: number[] = []
  const began = performance.now()
  for (let number = 0; number < count; number++) {
    await sleep(Math.max(0, began + (number * 1000) / MARKED_A_SECOND - performance.now()))
    sentAt.push(Date.now())
    await new Promise<void>((resolve, reject) =>
      socket.send(markedLine(number), port, '127.0.0.1', error => (error === null ? resolve() : reject(error))),
    )
  }
  socket.close()
  return sentAt
}

/** When the ledger got the receipt for each marked message. */
function receiptTimes(ledger: string): Map<number, number> {
  const times = new Map<number, number>()
  const waiting = new Map<number, number[]>()
  for (const { at, entry } of readLedger(ledger)) {
    if (entry.kind === 'batch') waiting.set(entry.sequence, markedOf(entry.body))
    if (entry.kind !== 'receipt') continue
    for (const [sequence, numbers] of waiting) {
      if (sequence > entry.sequence) continue
      for (const number of numbers) times.set(number, Date.parse(at))
      waiting.delete(sequence)
    }
  }
  return times
}

function markedOf(body: string): number[] {
  const batch = unpack(Buffer.from(body, 'base64'))
  const numbers: number[] = []
  for (let row = 0; row < batch.rows; row++) {
    const { source, destinationPort } = batch.event(row)
    const number = (destinationPort ?? 0) - markedPort(0)
    if (number >= 0 && source === markedSource(number)) numbers.push(number)
  }
  return numbers
}
