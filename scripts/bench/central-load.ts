// The boxes of the central part, in a process of their own: enrols, makes all frames beforehand, says `ready`, and on a line of input sends
// them over TLS as fast as they are answered: a connection and a member for each box, one batch under way on each. Prints what came of it.
import { once } from 'node:events'
import type { TcpNetConnectOpts } from 'node:net'
import { createInterface } from 'node:readline'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { Endpoint, OpenBatch } from '../../agent/batch/open-batch.ts'
import { packBatch } from '../../agent/batch/pack.ts'
import { EventRecord } from '../../agent/event.ts'
import { type Box, enrolBox, makeBatch, type Sent, type Target, zeroHash } from '../../central-stub/test-box.ts'

export interface LoadPlan {
  readonly target: Target
  readonly codes: readonly string[]
  /** Rows of a batch, and batches in all. */
  readonly rows: number
  readonly batches: number
}

export interface LoadReport {
  readonly ms: number
  readonly receipts: number
  /** Other answers, by status. */
  readonly others: Readonly<Record<string, number>>
  /** From the first byte sent to the last received, sorted, ms. */
  readonly answerMs: { readonly median: number; readonly p99: number }
  readonly frameBytes: number
}

/** Bodies that are used over and over: what differs is who sends them, and when. */
const BODIES = 8
const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan

let state = 1
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}
/** Few addresses knock often, most of them once. */
const zipf = (count: number): number => Math.min(count - 1, Math.floor(count ** random()) - 1)
const ports = [23, 22, 445, 3389, 5060, 80, 443]

function packVaried(rows: number): Promise<Uint8Array> {
  const batch = new OpenBatch()
  const event = new EventRecord()
  while (batch.rows < rows) {
    event.reset()
    event.words[2] = event.words[6] = 0xffff
    event.words[3] = Math.imul(zipf(60_000) + 1, 2654435761) >>> 0
    event.words[7] = 0xc6336400 + Math.floor(random() * 6)
    event.hasSource = event.hasDestination = true
    event.time = 1_790_000_000_000 + batch.rows
    event.clock = 1
    event.action = event.direction = 1
    event.sourcePort = 1024 + Math.floor(random() * 60_000)
    event.destinationPort = ports[Math.floor(random() * ports.length)]
    event.protocol = 6
    event.bytes = 40 + Math.floor(random() * 60)
    batch.add(event, {
      gateway: 1,
      product: 1,
      reason: 0,
      sourceEndpoint: Endpoint.foreign,
      destinationEndpoint: Endpoint.foreign,
    })
  }
  return packBatch(batch, { pseudonymise: () => Buffer.alloc(0), reasonName: () => 'blocked-from-outside', accounting: { received: rows } })
}

async function framesOf(box: Box, count: number, bodies: readonly Uint8Array[]): Promise<Buffer[]> {
  const frames: Buffer[] = []
  let last: Sent = { bytes: zeroHash, hash: zeroHash }
  for (let i = 0; i < count; i++) {
    last = await makeBatch(box, i + 1, last.hash, { packed: bodies[i % bodies.length] })
    frames.push(
      Buffer.from(`POST /v2/batches HTTP/1.1\r\nhost: c\r\ncontent-length: ${last.bytes.length}\r\n\r\n`),
      Buffer.from(last.bytes),
    )
  }
  return frames
}

async function connectBox({ target, certificate, key }: Box, i: number): Promise<TLSSocket> {
  const { port, authority } = target
  const options = {
    cert: certificate,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ca: authority,
    servername: 'localhost',
  }
  // places are counted by address too
  const from: ConnectionOptions & TcpNetConnectOpts = { port, host: '127.0.0.1', localAddress: `127.0.0.${10 + i}`, ...options }
  const socket = connect(from)
  await once(socket, 'secureConnect')
  return socket
}

const others: Record<string, number> = {}
const answerTimes: number[] = []
let receipts = 0

/** Sends the frames one after the other; ends at the first that got no receipt, because the next would be out of order. */
async function sendAll(socket: TLSSocket, frames: readonly Buffer[]): Promise<void> {
  let pending: Buffer = Buffer.alloc(0)
  let answered: (isReceipt: boolean) => void = () => undefined
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const end = pending.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = pending.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (pending.length < end + 4 + length) return
    const status = head.slice(9, 12)
    if (status === '200') receipts++
    else others[status] = (others[status] ?? 0) + 1
    pending = pending.subarray(end + 4 + length)
    answered(status === '200')
  })
  for (let i = 0; i < frames.length; i += 2) {
    const sent = performance.now()
    const answer = new Promise<boolean>(resolve => {
      answered = resolve
    })
    socket.cork()
    socket.write(frames[i])
    socket.write(frames[i + 1])
    socket.uncork()
    if (!(await answer)) break
    answerTimes.push(performance.now() - sent)
  }
  socket.destroy()
}

const bodies = await Promise.all(Array.from({ length: BODIES }, () => packVaried(plan.rows)))
const boxes: Box[] = []
for (const code of plan.codes) boxes.push(await enrolBox(plan.target, code))
const frames: Buffer[][] = []
for (const box of boxes) frames.push(await framesOf(box, Math.ceil(plan.batches / boxes.length), bodies))
const sockets: TLSSocket[] = []
for (const [i, box] of boxes.entries()) sockets.push(await connectBox(box, i))
console.log('ready')
await once(createInterface({ input: process.stdin }), 'line')
const began = performance.now()
await Promise.all(sockets.map((socket, i) => sendAll(socket, frames[i])))
const ms = performance.now() - began
answerTimes.sort((a, b) => a - b)
const at = (part: number) => answerTimes[Math.min(answerTimes.length - 1, Math.floor(answerTimes.length * part))] ?? Number.NaN
const frameBytes = frames[0][1].length
console.log(JSON.stringify({ ms, receipts, others, answerMs: { median: at(0.5), p99: at(0.99) }, frameBytes } satisfies LoadReport))
process.exit()
