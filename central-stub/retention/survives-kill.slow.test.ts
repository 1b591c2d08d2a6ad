// Retention killed before each of its steps, in a process of its own: what is kept is kept once, what has to go goes, and each
// deletion has one statement, whenever the kill came.
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { verifyExport } from '../audit/verify.ts'
import { HOUR_MS } from './calendar.ts'
import { act, keyIn } from './test-crash.ts'
import { Life } from './test-life.ts'

const nameSchema = z.object({ name: z.string() })
const DAY_MS = 24 * HOUR_MS
const hour = Date.parse('2026-12-01T03:00Z')
const script = new URL('./test-crash.ts', import.meta.url).pathname

const newFolder = (path: string): string => {
  mkdirSync(path)
  writeFileSync(join(path, 'audit.pem'), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return path
}

/** Hours of arrivals on two days, and the time at which something is to happen to them. */
async function stage(folder: string): Promise<Life> {
  const life = await Life.begin(folder, hour, { key: keyIn(folder) })
  for (const at of [hour, hour + HOUR_MS]) {
    life.nowMs = at
    await life.arriveAt(at, [{ source: 1 }, { source: 2, gateway: 5 }, { source: 3, action: 0 }])
    await life.pass(0)
  }
  return life
}

interface Outcome {
  readonly kept: Record<string, number>
  readonly hours: readonly string[]
  readonly erased: readonly unknown[]
}

async function outcome(life: Life): Promise<Outcome> {
  const statements = life
    .statements()
    .map(({ file, policy, rowsBefore, rowsAfter }) => ({ kind: String(file).split('/')[0], policy, rowsBefore, rowsAfter }))
  const erased = statements.map(each => JSON.stringify(each)).sort()
  return { kept: await life.kept(), hours: life.arrivals.hours().map(({ name }) => name), erased }
}

const stages: Record<string, { action: string; prepare: (life: Life) => Promise<void> }> = {
  'the sweep of two hours': {
    action: 'round',
    prepare: async life => {
      life.nowMs = hour + 25 * HOUR_MS
    },
  },
  'joining the files of a day': {
    action: 'round',
    prepare: async life => {
      await life.pass(23 * HOUR_MS)
      life.nowMs = hour + 3 * DAY_MS
    },
  },
  'nine months': {
    action: 'round',
    prepare: async life => {
      await life.pass(3 * DAY_MS)
      life.nowMs = Date.parse('2027-02-01T00:00Z')
      await life.arrive([{ source: 2 }])
      await life.pass(0)
      await life.pass(3 * DAY_MS)
      life.nowMs = Date.parse('2027-09-10T00:00Z')
    },
  },
  'a recall, from a file and from the open hour': {
    action: 'recall',
    prepare: async life => {
      await life.pass(3 * DAY_MS)
      await life.arrive([{ source: 2, gateway: 5 }, { source: 7 }])
      await life.pass(0)
    },
  },
}

for (const [name, { action, prepare }] of Object.entries(stages))
  t.test(`killed at each step: ${name}`, async t => {
    const dir = t.testdir()
    const start = newFolder(join(dir, 'start'))
    const first = await stage(start)
    await prepare(first)
    const now = first.nowMs
    await first.stop()
    const copy = (to: string): string => {
      cpSync(start, join(dir, to), { recursive: true })
      return join(dir, to)
    }
    const whole = await Life.begin(copy('whole'), now, { key: keyIn(start) })
    await act(whole, action)
    const expected = await outcome(whole)
    await whole.stop()
    const died = new Set<string>()
    for (let step = 0; ; step++) {
      t.ok(step < 60, 'it comes to an end')
      const folder = copy(`killed-${step}`)
      const { signal, stderr } = spawnSync(process.execPath, [script, folder, String(now), String(step), action], { encoding: 'utf8' })
      if (!existsSync(join(folder, 'died-at'))) {
        t.equal(signal, null, stderr)
        break
      }
      t.equal(signal, 'SIGKILL')
      const where = readFileSync(join(folder, 'died-at'), 'utf8')
      died.add(where)
      const life = await Life.begin(folder, now, { key: keyIn(folder) })
      await life.pass(0)
      t.same(await outcome(life), expected, `step ${step}, before ${where}`)
      const live = life.register
        .read(nameSchema, "SELECT name FROM suspect_files WHERE state = 'live' ORDER BY name")
        .map(each => each.name)
      t.same(readdirSync(join(folder, 'suspect')).sort(), live, 'no file is left over')
      t.notOk(readdirSync(join(folder, 'arrivals')).some(each => each.endsWith('.draft')))
      await verifyExport(life.audit.exportLines())
      t.same(life.reports, [])
      await life.stop()
    }
    t.ok(died.size >= 3, [...died].join(' '))
  })
