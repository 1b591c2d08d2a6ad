// The promise a receipt makes, against real processes: what central has signed for is there after kill -9, once; what it
// has not signed for is taken when it is sent again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import * as z from 'zod'
import { startCentral } from './central.ts'
import { askAdmin } from './operator/admin.ts'
import { type Box, enrolBox, makeChain, send, targetOf } from './test-box.ts'

const dir = t.testdir()
const main = new URL('./main.ts', import.meta.url).pathname

const start = (folder: string, preload = ''): ChildProcess =>
  spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, main, 'run', '--folder', folder, '--port', '0'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )

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
  const chains = await Promise.all(boxes.map(box => makeChain(box, 12, 1, undefined, 100)))
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
    const goal = receipted.reduce((sum, done) => sum + done) + 7
    let ended = false
    const outcomes = Promise.allSettled(boxes.map((_box, i) => upload(port, i))).finally(() => {
      ended = true
    })
    if (rounds < 3) {
      while (!ended && receipted.reduce((sum, done) => sum + done) < goal) await sleep(1)
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
  t.same({ batches, rows, messages }, { batches: 36, rows: 3600, messages: 7200 })
  t.ok(perDevice.every(device => device.sequence === 12))
  const shape = z.object({ stored: z.bigint() })
  t.same(
    await central.read(
      shape,
      'SELECT count(*) AS stored FROM (SELECT device, sequence, count(*) AS n FROM events GROUP BY ALL HAVING n = 100)',
    ),
    [{ stored: 36n }],
  )
  await central.close()
})

t.test('a first start that is killed before any of its files gets its name goes on at the next', async t => {
  const folder = join(dir, 'first')
  const pins = new Set<string>()
  /** Starts central so that it dies at its rename of this number (0 is the first); true if it did. */
  const diesAt = async (rename: number): Promise<boolean> => {
    const child = start(
      folder,
      `import fs from 'node:fs'
      import { syncBuiltinESMExports } from 'node:module'
      const real = fs.renameSync
      let left = ${rename}
      fs.renameSync = (...names) => {
        if (left-- === 0) process.kill(process.pid, 'SIGKILL')
        real(...names)
      }
      syncBuiltinESMExports()`,
    )
    t.teardown(() => kill(child))
    const outcome = await Promise.race([once(child, 'exit').then(() => 'died'), ready(child).catch(() => 'died')])
    await kill(child)
    const authority = join(folder, 'authority.pem')
    if (existsSync(authority)) pins.add(readFileSync(authority, 'utf8'))
    return outcome === 'died'
  }
  t.ok(await diesAt(0))
  t.same(readdirSync(folder), ['authority.pem.draft'])
  let deaths = 1
  while (await diesAt(1)) t.ok(deaths++ < 12, readdirSync(folder).join(' '))
  t.equal(deaths, 11, 'authority, seal, receipt, server and audit key, each with its copy, and the register')
  t.equal(pins.size, 1, 'it was one authority all along')
  const central = await startCentral({ folder })
  await t.resolves(enrolBox(targetOf(central, folder), await central.makeCode()))
  await central.close()
})
