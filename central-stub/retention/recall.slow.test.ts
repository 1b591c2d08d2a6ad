import t from 'tap'
import * as z from 'zod'
import { verifyExport } from '../audit/verify.ts'
import { HOUR_MS } from './calendar.ts'
import { addressNumber } from './test-ground.ts'
import { Life } from './test-life.ts'

const hour = Date.parse('2026-12-01T03:00Z')
const idSchema = z.object({ id: z.number() })

t.test('recall: rows that a member takes back leave every file at once, the open hour too', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  const recalled = { gateway: 7, rule: 12, time: hour / 1000 + 60 }
  for (const at of [0, 39, 40]) {
    life.nowMs = hour + at * HOUR_MS
    await life.arrive([
      { ...recalled, source: 1 },
      { source: 2 },
      { ...recalled, member: 2, source: 3 },
      { ...recalled, rule: 13, source: 4 },
    ])
    await life.pass(0)
  }
  const stored = () =>
    life.ask(
      life.arrivals
        .hours()
        .map(({ name }) => `SELECT source - ${addressNumber(0)} FROM "h_${name.replaceAll('-', '_')}".events`)
        .join(' UNION ALL '),
    )
  t.equal((await stored()).length, 8)
  const set = { member: 1, gateway: 7, rule: 12, first: hour / 1000, last: hour / 1000 + 3600 }
  t.equal(await life.retention.recall(set), 3)
  t.same((await stored()).flat().map(Number), [2, 3, 4, 2, 3, 4])
  t.same(await life.kept(), { 2: 1, 3: 1, 4: 1 })
  t.equal(await life.retention.recall(set), 0)
  const recalls = life.statements().filter(({ policy }) => policy === 'recall')
  t.same(
    recalls.map(({ rowsBefore, rowsAfter }) => [rowsBefore, rowsAfter]),
    [
      [4, 3],
      [4, 3],
      [4, 3],
    ],
  )
  await life.arriveAt(hour + 40 * HOUR_MS, [{ source: 5 }])
  await life.stop()
  await life.start()
  t.equal((await stored()).length, 7, 'the rewritten hours are taken up again, and the open one is written on')
  await verifyExport(life.audit.exportLines())
  t.same(life.reports, [])
  await life.stop()
})

t.test('findings go with what they rest on: nine months, and recall', async t => {
  const life = await Life.begin(t.testdir(), hour)
  for (const last of [1, 2, 3]) life.find(last, [1, 2], hour)
  const left = () => life.register.read(idSchema, 'SELECT id FROM findings ORDER BY id').map(({ id }) => id)
  await life.arriveAt(hour, [{ source: 1 }, { source: 2, gateway: 5 }, { source: 2, gateway: 5, member: 2 }, { source: 3 }])
  await life.pass(24 * HOUR_MS)
  for (const member of [1, 2]) {
    await life.retention.recall({ member, gateway: 5, rule: null, first: 0, last: 4e9 })
    t.same(left(), member === 1 ? [1, 2, 3] : [1, 3], 'gone with its last member')
  }
  life.nowMs = Date.parse('2027-08-01T00:00Z')
  await life.arrive([{ source: 3 }])
  await life.pass(24 * HOUR_MS)
  t.same(left(), [1, 3])
  life.nowMs = Date.parse('2027-09-02T00:00Z')
  await life.pass(0)
  t.same(left(), [3])
  t.ok(life.statements().some(({ file }) => file === 'register.sqlite, findings'))
  t.same(life.reports, [])
  await life.stop()
})
