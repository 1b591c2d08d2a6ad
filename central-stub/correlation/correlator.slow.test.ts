import t from 'tap'
import * as z from 'zod'
import { hotLimits } from './hot-tables.ts'
import { gateFor } from './sketch.ts'
import { Ground, ports, START_MS, type TestEvent } from './test-ground.ts'

const HOUR = 3600
const scan = (source: number, changes: Partial<TestEvent> = {}): TestEvent[] =>
  ports(1000, 16).map((port, i) => ({ at: i, source, port, ...changes }))

t.test('a hundred refused packets in the name of another give a low grade, and never alone a consequence', async t => {
  const ground = await Ground.make()
  await ground.arrive(ports(1, 100).map((port, i) => ({ at: i, source: 1, port })))
  await ground.arrive([...scan(2, { member: 1 }), ...scan(2, { member: 2 }), ...scan(2, { member: 3 })])
  const findings = (await ground.findings()).toSorted((a, b) => a.source.localeCompare(b.source))
  t.match(findings, [
    { rule: 'vertical', amount: 100, grade: 'A4', confidence: 30, handshake: false, consequence: false },
    { rule: 'vertical', amount: 16, grade: 'A4', confidence: 30, handshake: false, consequence: false, members: { length: 3 } },
  ])
  ground.close()
})

t.test('what a box says counts less if its clock is not exact, its product unknown, or it is younger than a day', async t => {
  const ground = await Ground.make()
  await ground.arrive(scan(1), { clock: 1 })
  await ground.arrive(scan(2), { clock: 2 })
  await ground.arrive(scan(3, { product: 0 }))
  await ground.arrive(scan(4, { member: 2 }), { days: 0.5 })
  const findings = await ground.findings()
  t.same(findings.map(({ grade }) => grade).toSorted(), ['A4', 'B4', 'C4', 'F4'])
  ground.close()
})

t.test('the same scan going on makes its finding longer; a day of silence makes the next one another', async t => {
  const ground = await Ground.make()
  await ground.arrive(scan(1))
  const [first] = await ground.findings()
  await ground.arrive(ports(2000, 40).map((port, i) => ({ at: 60 + i, source: 1, port })))
  const [longer, ...others] = await ground.findings()
  t.same(others, [])
  t.match(longer, { id: first.id, firstAt: first.firstAt, amount: 56, lastAt: new Date(START_MS + 99_000).toISOString() })
  ground.nowMs += 26 * HOUR * 1000
  await ground.arrive(scan(1, { at: 26 * HOUR }))
  t.equal((await ground.findings()).length, 2)
  ground.close()
})

t.test('a round whose findings cannot be stored is done again, and counts nothing twice', async t => {
  const ground = await Ground.make()
  const logins = ports(0, 9).map((i): TestEvent => ({ at: i, source: 2, port: 22, action: 'login-failed' }))
  await ground.arrive([...scan(1), ...logins])
  ground.register.isFull = true
  for (let i = 0; i < 3; i++) await t.rejects(ground.correlator.round(), /central-full/)
  ground.register.isFull = false
  const findings = await ground.findings()
  t.match(findings, [{ rule: 'vertical', amount: 16 }], 'nine logins stay nine')
  t.equal(findings.length, 1)
  ground.close()
})

t.test('after a start everything is found again, and nothing twice', async t => {
  const ground = await Ground.make()
  await ground.arrive([...scan(1), ...ports(0, 9).map((i): TestEvent => ({ at: i, source: 2, port: 22, action: 'login-failed' }))])
  const before = await ground.findings()
  ground.nowMs += 3 * HOUR * 1000
  await ground.start()
  for (let i = 0; i < 5; i++) await ground.correlator.backfill()
  t.same(await ground.findings(), before)
  await ground.arrive([{ at: 600, source: 2, port: 22, action: 'login-failed' }])
  t.same((await ground.findings()).map(({ rule }) => rule).toSorted(), ['guessing', 'vertical'], 'logins of before the start count')
  ground.close()
})

t.test('memory has a limit: the least telling sources are dropped and counted, and a scan is still found', async t => {
  const ground = await Ground.make()
  const noise = ports(0, 200).map((i): TestEvent => ({ at: i, source: 256 + i, port: 23 }))
  await ground.arrive([...noise, ...scan(1).slice(0, 10)])
  await ground.findings()
  await ground.hot.bound({ ...hotLimits, source_hour: 100 })
  t.equal(await ground.hot.rows('source_hour'), 75)
  t.equal(ground.correlator.dropped.source_hour, 126)
  await ground.arrive(scan(1).slice(10))
  t.match(await ground.findings(), [{ rule: 'vertical', amount: 16 }])
  ground.close()
})

t.test('noise or aimed: with few members nobody can tell, with many it is counted', async t => {
  const ground = await Ground.make()
  const others = ports(1, 60).map((member): TestEvent => ({ at: 0, source: 99, member, port: 80 }))
  await ground.arrive(scan(1))
  await ground.findings()
  await ground.arrive(others)
  await ground.arrive([
    ...scan(2),
    ...ports(1, 10).flatMap(member => scan(3, { member })),
    ...ports(1, 3).flatMap(member => scan(4, { member })),
  ])
  const aims = (await ground.findings()).filter(({ rule }) => rule === 'vertical').map(({ source, aim }) => `${source} ${aim}`)
  t.same(aims.toSorted(), ['203.0.113.1 too-few-members', '203.0.113.2 aimed', '203.0.113.3 noise', '203.0.113.4 unclear'])
  ground.close()
})

t.test('the gate lets through what reaches a threshold, but for one in ten thousand', async t => {
  const ground = await Ground.make()
  t.equal(gateFor(15, 1e-4), 10)
  const sources = 2000
  await ground.arrive(
    ports(0, sources).flatMap(source =>
      ports(0, 15).map((i): TestEvent => ({ at: 0, source, port: 1 + ((source * 31 + i * 977) % 60_000) })),
    ),
  )
  await ground.correlator.round()
  const [{ n }] = await ground.hot.read(z.object({ n: z.bigint() }), 'SELECT count(DISTINCT source) AS n FROM hot.vertical')
  t.ok(Number(n) >= sources - 2, `${n} of ${sources}`)
  ground.close()
})
