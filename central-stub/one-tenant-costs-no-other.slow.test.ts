// One member at full throttle costs another at most two seconds on a receipt: real central processes over TLS. The other member
// also uploads to a central beside it that nobody attacks: what that one takes is the machine's doing.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { temporaryFolder } from '../agent/testing/harness.ts'
import { askAdmin } from './operator/admin.ts'
import { type Box, enrolBox, makeBatch, type Sent, send, targetOf, zeroHash } from './test-box.ts'
import type { HostilePlan } from './test-hostile-member.ts'

const SECONDS = 30
const BOXES = 5
const MOST_MS = 2000
/** Central, its threads and the database each have to get a processor in turn. */
const TURNS = 2
t.setTimeout(240_000)

async function startOne(folder: string) {
  const central = await startCentralProcess(folder)
  t.teardown(() => central.kill())
  const target = targetOf({ port: Number(new URL(central.url).port) }, folder)
  const makeCode = async (member: string) => String(await askAdmin(folder, { ask: 'code', member, hours: 1 }))
  return { central, target, makeCode, box: await enrolBox(target, await makeCode('other')) }
}

/** Uploads a batch every second; gives how long each receipt took. */
async function upload(box: Box, isOver: () => boolean): Promise<number[]> {
  const times: number[] = []
  let last: Sent = { bytes: zeroHash, hash: zeroHash }
  while (!isOver()) {
    const batch = await makeBatch(box, times.length + 1, last.hash, { rows: 50 })
    const begun = performance.now()
    // as a box does: again until there is a receipt
    for (;;) {
      const answer = await send(box, batch).catch((error: Error) => error)
      if (!(answer instanceof Error) && answer.status === 200) break
      await sleep(100)
    }
    times.push(performance.now() - begun)
    last = batch
    await sleep(Math.max(0, 1000 - (performance.now() - begun)))
  }
  return times
}

const summary = (times: readonly number[]) => {
  const sorted = times.toSorted((a, b) => a - b).map(Math.round)
  return `${sorted.length} receipts, median ${sorted[sorted.length >> 1]} ms, worst ${sorted.at(-1)} ms`
}

t.test('one tenant at full throttle costs another at most 2 s on a receipt', async t => {
  const dir = temporaryFolder(t)
  const [attacked, idle] = [await startOne(join(dir, 'attacked')), await startOne(join(dir, 'idle'))]
  let isOver = false
  const quiet = Promise.all([upload(attacked.box, () => isOver), upload(idle.box, () => isOver)])
  await sleep(5000)
  isOver = true
  t.comment(`before: ${(await quiet).map(summary).join('; the idle one: ')}`)

  const codes = await Promise.all(Array.from({ length: BOXES }, () => attacked.makeCode('hostile')))
  const plan: HostilePlan = { target: attacked.target, codes, ms: SECONDS * 1000 }
  const hostile = new Worker(new URL('./test-hostile-member.ts', import.meta.url), { workerData: plan })
  const answers = new Promise<unknown>((resolve, reject) => {
    hostile.on('message', message => (message === 'begun' ? undefined : resolve(message)))
    hostile.once('error', reject)
    hostile.once('exit', code => reject(new Error(`the attack ended early, with ${code}`)))
  })
  await new Promise(resolve => hostile.once('message', resolve))
  let isEnded = false
  const ended = answers.finally(() => {
    isEnded = true
  })
  const others = await Promise.all([attacked.makeCode('another'), idle.makeCode('another')])
  const boxes = [await enrolBox(attacked.target, others[0]), await enrolBox(idle.target, others[1])]
  const [during, beside] = await Promise.all(boxes.map(box => upload(box, () => isEnded)))
  t.comment(`during: ${summary(during)}; the idle one: ${summary(beside)}`)
  t.comment(`the hostile member was answered ${JSON.stringify(await ended)}`)
  const limits = await askAdmin(join(dir, 'attacked'), { ask: 'limits' })
  t.comment(JSON.stringify(limits))
  t.ok(during.length > 3)
  t.equal(attacked.central.child.exitCode, null)
  const allowed = MOST_MS + TURNS * Math.max(...beside)
  t.ok(Math.max(...during) <= allowed, `the worst took ${Math.max(...during)} ms, of which the machine explains ${allowed - MOST_MS}`)
})
