import t from 'tap'
import { Ground, ports, sourceText, type TestEvent } from './test-ground.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const rulesOf = (findings: readonly { rule: string }[]): string[] => findings.map(({ rule }) => rule).toSorted()

t.test('the example of 3389 holds when the refused ones came first, and when all came at once', async t => {
  for (const order of [
    [3388, 3387, 3386, 3389],
    [3386, 3389, 3387, 3388],
  ]) {
    const ground = await Ground.make()
    for (const port of order) await ground.arrive([{ at: 0, source: 1, port, action: port === 3389 ? 'allow' : 'deny' }])
    t.match(await ground.findings(), [{ rule: 'vertical', amount: 4 }], 'at once')
    ground.close()
    const other = await Ground.make()
    for (const port of order) {
      await other.arrive([{ at: 0, source: 1, port, action: port === 3389 ? 'allow' : 'deny' }])
      await other.correlator.round()
    }
    t.match(await other.findings(), [{ rule: 'vertical', amount: 4 }], 'one by one')
    other.close()
  }
})

t.test('ports that a mail program tries are no scan, although one is open', async t => {
  const ground = await Ground.make()
  await ground.arrive([
    { at: 0, source: 1, port: 443, action: 'allow' },
    ...[993, 143, 587, 465, 995].map(port => ({ at: 1, source: 1, port })),
  ])
  t.same(await ground.findings(), [])
  ground.close()
})

t.test('a slow scan over five days is found from what three members saw', async t => {
  const ground = await Ground.make()
  ground.nowMs += 5 * DAY * 1000
  const probes = ports(1000, 50).map((port, i) => ({ at: i * 8640, source: 1, member: 1 + (i % 3), port }))
  await ground.arrive([...probes, ...probes.slice(0, 12).map(one => ({ ...one, source: 2 }))])
  const findings = await ground.findings()
  t.match(findings, [{ rule: 'slow', source: sourceText(1), amount: 50, members: { length: 3 } }])
  t.equal(findings.length, 1)
  ground.close()
})

t.test('a slow scan is found from what stays in memory of the days before', async t => {
  const ground = await Ground.make()
  for (let day = 0; day < 5; day++) {
    await ground.arrive(ports(1000 + day * 4, 4).map((port, i) => ({ at: day * DAY + i * HOUR, source: 1, member: 1 + (i % 3), port })))
    t.equal((await ground.findings()).length, day < 3 ? 0 : 1, `day ${day + 1}`)
    ground.nowMs += DAY * 1000
  }
  ground.close()
})

t.test('a slow scan is found from what is kept of the days before the start', async t => {
  const ground = await Ground.make()
  const probes = ports(1000, 16).map((port, i) => ({ at: i * 6 * HOUR, source: 1, member: 1 + (i % 3), port }))
  await ground.keep(probes.slice(0, 15))
  ground.nowMs += 15 * 6 * HOUR * 1000
  await ground.start()
  for (let part = 0; part < 31; part++) await ground.correlator.backfill()
  t.same(await ground.findings(), [])
  await ground.arrive(probes.slice(15))
  t.match(await ground.findings(), [{ rule: 'slow', source: sourceText(1), amount: 16, members: { length: 3 } }])
  ground.close()
})

t.test('sixty logins tried at twenty members are found, three at each', async t => {
  const ground = await Ground.make()
  ground.nowMs += 6 * HOUR * 1000
  await ground.arrive(
    ports(0, 60).map(i => ({ at: i * 300, source: 1, member: 1 + (i % 20), target: null, port: 22, action: 'login-failed' })),
  )
  const findings = await ground.findings()
  t.match(findings, [
    { rule: 'spraying', amount: 20, techniques: ['T1110.003'], handshake: true, members: { length: 20 }, grade: 'A1', confidence: 90 },
  ])
  t.equal(findings.length, 1)
  ground.close()
})

t.test('guessing is found at ten failed logins, and at six in a day that are spread over four hours', async t => {
  const logins = (source: number, count: number, everySeconds: number): TestEvent[] =>
    ports(0, count).map(i => ({ at: i * everySeconds, source, port: 22, action: 'login-failed' }))
  const ground = await Ground.make()
  ground.nowMs += 12 * HOUR * 1000
  await ground.arrive([
    ...logins(1, 10, 60),
    ...logins(2, 9, 60),
    ...logins(3, 6, HOUR),
    ...logins(4, 5, HOUR),
    { ...logins(5, 1, 1)[0], count: 10 },
  ])
  const findings = await ground.findings()
  t.same(
    findings.map(({ rule, source }) => [rule, source]).toSorted(),
    [1, 3, 5].map(one => ['guessing', sourceText(one)]),
  )
  ground.close()
})

t.test('a connection that is allowed after five failed logins rings in the round in which it comes', async t => {
  const ground = await Ground.make()
  await ground.arrive(ports(0, 5).map(i => ({ at: i, source: 1, target: null, port: 22, action: 'login-failed' })))
  t.same(await ground.findings(), [])
  await ground.arrive([
    { at: 100, source: 1, port: 22, action: 'allow' },
    { at: 100, source: 2, port: 22, action: 'allow' },
  ])
  t.ok(await ground.correlator.round())
  t.match(await ground.findings(), [
    { rule: 'got-in', source: sourceText(1), detail: 22, techniques: ['T1078'], members: [{ member: 'member-1' }] },
  ])
  ground.close()
})

t.test('who comes back after a scan got in; the scan itself, which meets an open port, did not', async t => {
  const ground = await Ground.make()
  await ground.arrive(ports(20, 20).map((port, i) => ({ at: i, source: 1, port, action: port === 22 ? 'allow' : 'deny' })))
  t.same(rulesOf(await ground.findings()), ['vertical'])
  await ground.arrive([{ at: HOUR, source: 1, port: 22, action: 'allow' }])
  t.same(rulesOf(await ground.findings()), ['got-in', 'vertical'])
  ground.close()
})

t.test('a detection is a finding at once, from outside and from inside', async t => {
  const ground = await Ground.make()
  await ground.arrive([
    { at: 0, source: 1, action: 'detect', rule: 4711 },
    { at: 0, source: 1, action: 'detect', rule: 4712 },
    { at: 0, source: 9, sourceKind: 2, action: 'detect', rule: 4711 },
  ])
  const findings = await ground.findings()
  t.same(rulesOf(findings), ['detected-inside', 'exploit', 'exploit'])
  t.match(
    findings.find(({ detail }) => detail === 4712),
    { techniques: ['T1190'], handshake: true, consequence: true, grade: 'A3' },
  )
  ground.close()
})

t.test('one port of twenty-five addresses is a horizontal scan, many of many a random one; one less is none', async t => {
  const ground = await Ground.make()
  const sweep = (source: number, count: number): TestEvent[] =>
    ports(0, count).map(i => ({ at: i, source, member: 1 + (i % 5), target: i, port: 23 }))
  const random = (source: number, count: number): TestEvent[] =>
    ports(0, count).map(i => ({ at: i, source, target: i % 5, port: 100 + 7 * Math.floor(i / 5) }))
  await ground.arrive([...sweep(1, 25), ...sweep(2, 24), ...random(3, 25), ...random(4, 24)])
  const findings = await ground.findings()
  t.same(findings.map(({ rule, source, amount }) => [rule, source, amount]).toSorted(), [
    ['horizontal', sourceText(1), 25],
    ['random', sourceText(3), 25],
  ])
  t.match(findings.find(({ rule }) => rule === 'horizontal')?.members, { length: 5 })
  ground.close()
})

t.test('fifteen ports of one address are a scan, fourteen are none, eight are one where something was open', async t => {
  const ground = await Ground.make()
  const scan = (source: number, count: number, open: boolean): TestEvent[] =>
    ports(0, count).map(i => ({ at: i, source, port: 1000 + 100 * i, action: open && i === 3 ? 'allow' : 'deny' }))
  await ground.arrive([...scan(1, 15, false), ...scan(2, 14, false), ...scan(3, 8, true), ...scan(4, 7, true)])
  const findings = await ground.findings()
  t.same(findings.map(({ rule, source }) => [rule, source]).toSorted(), [
    ['vertical', sourceText(1)],
    ['vertical', sourceText(3)],
  ])
  ground.close()
})

t.test('a scan across the full hour is not cut in two, in whatever order its halves arrive', async t => {
  for (const late of [false, true]) {
    const ground = await Ground.make()
    ground.nowMs += HOUR * 1000 + 60_000
    const scan = ports(1000, 16).map((port, i) => ({ at: HOUR - 8 + i, source: 1, port }))
    const halves = [scan.slice(0, 8), scan.slice(8)]
    for (const half of late ? halves.toReversed() : halves) {
      await ground.arrive(half)
      await ground.correlator.round()
    }
    t.match(await ground.findings(), [{ rule: 'vertical', amount: 16 }])
    ground.close()
  }
})

t.test('a source that asks everybody for everything does not hide its sweep of one address', async t => {
  const ground = await Ground.make()
  const everywhere = ports(0, 3000).map(i => ({ at: i, source: 1, member: 1 + (i % 50), target: i % 4, port: 1 + ((i * 7919) % 60_000) }))
  await ground.arrive(everywhere)
  t.notOk(rulesOf(await ground.findings()).includes('vertical') && (await vertical())?.members.some(({ member }) => member === 'member-77'))
  await ground.arrive(ports(1, 20).map((port, i) => ({ at: 3100 + i, source: 1, member: 77, port })))
  await ground.findings()
  t.match(
    (await vertical())?.members.find(({ member }) => member === 'member-77'),
    { amount: 20 },
  )
  ground.close()

  async function vertical() {
    return (await ground.findings()).find(({ rule }) => rule === 'vertical')
  }
})

t.test('answers of a server to many ports are no scan', async t => {
  const ground = await Ground.make()
  await ground.arrive(ports(50_000, 40).map((port, i) => ({ at: i, source: 1, port, sourcePort: 443 })))
  t.same(await ground.findings(), [])
  ground.close()
})
