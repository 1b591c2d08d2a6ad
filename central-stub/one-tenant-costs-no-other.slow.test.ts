// One member at full throttle costs another at most two seconds on a receipt: real central processes over TLS. Beside it is a
// central that nobody attacks. What other programs took from the attacked one is forgiven: how long its main thread was ready and
// had no processor, or, where its other threads had none, how long a full batch took at the idle one.
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { startCentralProcess } from '../agent/testing/central-process.ts'
import { temporaryFolder } from '../agent/testing/harness.ts'
import { askAdmin } from './operator/admin.ts'
import { type Box, enrolBox, makeBatch, type Sent, send, targetOf, zeroHash } from './test-box.ts'
import type { HostilePlan } from './test-hostile-member.ts'

const SECONDS = 20
const BOXES = 5
const MOST_MS = 2000
const FULL_ROWS = 32_768
/** What a full batch takes at a central that has nothing else to do, on a machine that has nothing else to do. */
const FULL_MS = 500
/** The other member waits for one full batch that is under way, and its own has to get its processors. */
const TURNS = 2
t.setTimeout(240_000)

async function startOne(folder: string) {
  const central = await startCentralProcess(folder)
  t.teardown(() => central.kill())
  const target = targetOf({ port: Number(new URL(central.url).port) }, folder)
  const makeCode = async (member: string) => String(await askAdmin(folder, { ask: 'code', member, hours: 1 }))
  return { central, target, makeCode, box: await enrolBox(target, await makeCode('other')) }
}

interface Taken {
  readonly ms: number
  /** Of these, how long the main thread of central waited for a processor. */
  readonly waitedMs: number
}

/** The second number of schedstat (Documentation/scheduler/sched-stats.rst of Linux), in nanoseconds; the first thread is the main one. */
const waitedMs = (pid = 0): number => Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6

/** Uploads a batch every second; gives how long each receipt took. */
async function upload(box: Box, child: ChildProcess, isOver: () => boolean, rows = 50): Promise<Taken[]> {
  const times: Taken[] = []
  let last: Sent = { bytes: zeroHash, hash: zeroHash }
  while (!isOver()) {
    const batch = await makeBatch(box, times.length + 1, last.hash, { rows })
    const begun = performance.now()
    const before = waitedMs(child.pid)
    // as a box does: again until there is a receipt
    for (;;) {
      const answer = await send(box, batch).catch((error: Error) => error)
      if (!(answer instanceof Error) && answer.status === 200) break
      await sleep(100)
    }
    times.push({ ms: performance.now() - begun, waitedMs: waitedMs(child.pid) - before })
    last = batch
    await sleep(Math.max(0, 1000 - (performance.now() - begun)))
  }
  return times
}

const summary = (times: readonly Taken[]) => {
  const text = ({ ms, waitedMs }: Taken) => `${Math.round(ms)} ms (kept waiting ${Math.round(waitedMs)})`
  const sorted = times.toSorted((a, b) => a.ms - b.ms).map(text)
  return `${sorted.length} receipts, median ${sorted[sorted.length >> 1]}, worst ${sorted.at(-1)}`
}

t.test('one tenant at full throttle costs another at most 2 s on a receipt', async t => {
  const dir = temporaryFolder(t)
  const [attacked, idle] = [await startOne(join(dir, 'attacked')), await startOne(join(dir, 'idle'))]
  const end = performance.now() + 5000
  t.comment(`before: ${summary(await upload(attacked.box, attacked.central.child, () => performance.now() > end))}`)

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
  const box = await enrolBox(attacked.target, await attacked.makeCode('another'))
  const [during, full] = await Promise.all([
    upload(box, attacked.central.child, () => isEnded),
    upload(idle.box, idle.central.child, () => isEnded, FULL_ROWS),
  ])
  t.comment(`during: ${summary(during)}; full batches of the idle one: ${summary(full)}`)
  t.comment(`the hostile member was answered ${JSON.stringify(await ended)}`)
  const limits = await askAdmin(join(dir, 'attacked'), { ask: 'limits' })
  t.comment(JSON.stringify(limits))
  t.equal(attacked.central.child.exitCode, null)
  const slownessMs = TURNS * Math.max(0, Math.max(...full.map(({ ms }) => ms)) - FULL_MS)
  const own = during.map(({ ms, waitedMs }) => ms - Math.min(ms, Math.max(waitedMs, slownessMs)))
  t.ok(Math.max(...own) <= MOST_MS, `${Math.round(Math.max(...own))} ms at worst, without what the machine took`)
})
