// A member with several enrolled boxes that does its worst, all at once and without a pause, in a thread of its own:
// bodies that are hard to read, full batches without end, bodies that stand still, idle connections, batches that expand.
import type { ClientRequest } from 'node:http'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { zstdCompressSync } from 'node:zlib'
import { holdConnections, holdPlace, packRandom } from './test-attacks.ts'
import { type Box, enrolBox, makeBatch, type Sent, type Target, zeroHash } from './test-box.ts'

export interface HostilePlan {
  readonly target: Target
  /** A code for each of its boxes. */
  readonly codes: readonly string[]
  readonly ms: number
}

const BODY_BYTES = 4 * 1024 * 1024 - 4096
const IDLE_CONNECTIONS = 2050
const PARALLEL = 8
const HOLDING_MS = 5000
const { target, codes, ms } = workerData as HostilePlan
const answers: Record<string, number> = {}
const count = (answer: string | number) => {
  answers[answer] = (answers[answer] ?? 0) + 1
}

/** Posts over connections that stay open; the status, or what became of it. */
function poster(box: Box): (bytes: Uint8Array) => Promise<number | string> {
  const key = box.key.export({ type: 'pkcs8', format: 'pem' })
  const agent = new Agent({ keepAlive: true, cert: box.certificate, key, ca: target.authority, servername: 'localhost' })
  return bytes =>
    new Promise(resolve => {
      const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length }
      const call = request({ host: '127.0.0.1', port: target.port, path: '/v1/batches', method: 'POST', agent, headers }, answer => {
        answer.resume()
        answer.once('end', () => resolve(answer.statusCode ?? 0))
      })
      call.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      call.end(bytes)
    })
}

const boxes: Box[] = []
for (const code of codes) boxes.push(await enrolBox(target, code))
const end = performance.now() + ms
const isOver = () => performance.now() >= end
/** As fast as it can, whatever is answered. */
async function withoutPause(work: () => Promise<number | string>): Promise<void> {
  while (!isOver()) {
    count(await work())
    await sleep(1)
  }
}

const [reading, filling, ...others] = boxes
/** Arrays of a million errors as MessagePack writes them; the same as a signed frame; and what expands, in one. */
const unsigned = Buffer.alloc(BODY_BYTES, Buffer.from([0xd4, 0x65, 0x00, 0x90]))
const garbage = await makeBatch(reading, 1, zeroHash, { packed: unsigned })
const expanding = await makeBatch(reading, 1, zeroHash, { packed: zstdCompressSync(Buffer.alloc(16 * 1024 * 1024 - 64)) })
const full = await packRandom(32_768)

async function fill(box: Box): Promise<void> {
  const post = poster(box)
  let last: Sent = { bytes: zeroHash, hash: zeroHash }
  for (let sequence = 1; !isOver(); ) {
    const next = await makeBatch(box, sequence, last.hash, { packed: full })
    const answer = await post(next.bytes)
    count(answer)
    if (answer === 200) {
      last = next
      sequence++
    } else await sleep(5)
  }
}

const stopIdle = holdConnections(target.port, IDLE_CONNECTIONS, '127.0.0.2')
/** For some seconds as many bodies that stand still as it gets, then none, so that its other attacks get places too. */
let held: ClientRequest[] = []
const holding = setInterval(() => {
  const isHolding = Math.floor(performance.now() / HOLDING_MS) % 2 === 0
  if (isHolding) held.push(...others.map(box => holdPlace(box, count)))
  else {
    for (const call of held) call.destroy()
    held = []
  }
}, 200)
const post = poster(reading)
parentPort?.postMessage('begun')
await Promise.all([
  ...Array.from({ length: PARALLEL }, () => withoutPause(() => post(unsigned))),
  ...Array.from({ length: PARALLEL }, () => withoutPause(() => post(garbage.bytes))),
  ...Array.from({ length: PARALLEL }, () => withoutPause(() => post(expanding.bytes))),
  fill(filling),
  ...others.map(fill),
])
clearInterval(holding)
stopIdle()
parentPort?.postMessage(answers)
process.exit()
