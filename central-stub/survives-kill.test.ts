// The promise a receipt makes, against real processes: what central has signed for is there after kill -9, once; what it
// has not signed for is taken when it is sent again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { z } from 'zod'
import { askAdmin } from './admin.ts'
import { startCentral } from './central.ts'
import { type Box, enrolBox, makeChain, send, targetOf } from './test-box.ts'

const dir = t.testdir()
const main = new URL('./main.ts', import.meta.url).pathname

const start = (folder: string): ChildProcess =>
  spawn(process.execPath, [main, 'run', '--folder', folder, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })

async function ready(child: ChildProcess): Promise<{ listening: string; pins: string[] }> {
  if (child.stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line)
  throw new Error('central ended before it was ready')
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.signalCode === null) await once(child, 'exit')
}

t.test('every batch with a receipt is there, once, after kill -9 in the middle of the load', async t => {
  const folder = join(dir, 'load')
  let child = start(folder)
  t.teardown(() => kill(child))
  const { listening, pins } = await ready(child)
  const target = targetOf({ port: Number(new URL(listening).port) }, folder)
  const boxes: Box[] = []
  for (let i = 0; i < 3; i++)
    boxes.push(await enrolBox(target, String(await askAdmin(folder, { ask: 'code', member: 'School', hours: 1 }))))
  const chains = await Promise.all(boxes.map(box => makeChain(box, 30, 1, undefined, 200)))
  const receipted = boxes.map(() => 0)
  const upload = async (port: number, i: number): Promise<void> => {
    const box = { ...boxes[i], target: { ...target, port } }
    while (receipted[i] < chains[i].length) {
      const answer = await send(box, chains[i][receipted[i]])
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body.code}`)
      receipted[i]++
    }
  }
  let rounds = 0
  for (; receipted.some((done, i) => done < chains[i].length); rounds++) {
    const port = Number(new URL(rounds === 0 ? listening : await restart()).port)
    const goal = receipted.reduce((sum, done) => sum + done) + 10
    const outcomes = Promise.allSettled(boxes.map((_box, i) => upload(port, i)))
    if (rounds < 3) {
      while (receipted.reduce((sum, done) => sum + done) < goal) await sleep(1)
      await kill(child)
    }
    for (const outcome of await outcomes)
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: /ECONN|EPIPE|HPE_INVALID_EOF/ }, 'cut off, not refused')
    t.ok(rounds < 4, 'it comes to an end')
  }
  async function restart(): Promise<string> {
    child = start(folder)
    const again = await ready(child)
    t.same(again.pins, pins, 'it is the same central')
    return again.listening
  }
  t.equal(rounds, 4, 'killed three times')
  await kill(child)
  const central = await startCentral({ folder })
  const { batches, rows, messages, perDevice } = await central.stats()
  t.same({ batches, rows, messages }, { batches: 90, rows: 18_000, messages: 36_000 })
  t.ok(perDevice.every(device => device.sequence === 30))
  const shape = z.object({ stored: z.bigint() })
  t.same(
    await central.read(
      shape,
      'SELECT count(*) AS stored FROM (SELECT device, sequence, count(*) AS n FROM events GROUP BY ALL HAVING n = 200)',
    ),
    [{ stored: 90n }],
  )
  await central.close()
})

t.test('a first start that is killed at any moment leaves a folder that starts', async t => {
  const folder = join(dir, 'first')
  for (const file of [
    'authority.pem.draft',
    'authority.pem',
    'receipt.pem',
    'central.duckdb.draft',
    'central.duckdb',
    'server.pem',
    'admin.sock',
  ]) {
    const child = start(folder)
    while (!existsSync(join(folder, file)) && child.exitCode === null) await setImmediate()
    await kill(child)
    const found = readdirSync(folder).join(' ')
    const central = await startCentral({ folder })
    await t.resolves(enrolBox(targetOf(central, folder), await central.makeCode()), `killed at ${file}: ${found}`)
    await central.close()
    rmSync(folder, { recursive: true })
  }
})
