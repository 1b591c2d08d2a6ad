import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { Arrivals } from './arrivals.ts'
import { batchOf } from './test-batches.ts'

const HOUR_MS = 3_600_000
const three = Date.UTC(2026, 11, 1, 3, 30)
const count = z.object({ count: z.bigint().transform(Number) })
const counted = async (arrivals: Arrivals, table = 'events') =>
  (await arrivals.read(count, `SELECT count(*) AS count FROM arrivals.${table}`))[0].count
const scan = (ports: number) =>
  Array.from({ length: ports }, (_, i) => ({ time: three / 1000 + i, source: 0xc0000201, destinationPort: i }))

t.test('events and batches are stored field by field, in the file of their hour', async t => {
  const folder = t.testdir()
  let now = three
  const arrivals = await Arrivals.open(folder, { now: () => now })
  t.teardown(() => arrivals.close())
  const pseudonym = Buffer.from('ab'.repeat(16), 'hex')
  const event = { time: 1_790_000_000, duration: 5, source: 0xc0000201, sourcePort: 65_535, destination: pseudonym, destinationPort: 22 }
  const deviceUuid = 'fedcba98-7654-4321-8123-456789abcdef'
  const batch = batchOf(
    [
      { ...event, bytes: 2 ** 53 - 1, packets: 3, rule: 0xffffffff, count: 7 },
      { time: 1, protocol: -1, reason: 'other-rule' },
    ],
    {
      device: 17,
      deviceUuid,
      member: 5,
      sequence: 2 ** 48 - 1,
    },
  )
  t.same(await arrivals.append([batch]), { hour: '2026-12-01T03', arrivedAt: three })
  now += HOUR_MS
  await arrivals.append([batchOf(scan(3)), batchOf(scan(2))])
  t.same(
    readdirSync(join(folder, 'arrivals')).filter(name => name.endsWith('.duckdb')),
    ['2026-12-01T03.duckdb', '2026-12-01T04.duckdb'],
  )
  t.match(arrivals.hours(), [
    { name: '2026-12-01T03', startMs: three - HOUR_MS / 2, isOpen: false, damage: undefined },
    { name: '2026-12-01T04', isOpen: true },
  ])
  const row = z.record(z.string(), z.unknown())
  const [first, second] = await arrivals.read(row, `SELECT * FROM arrivals.events WHERE hour = '2026-12-01T03'`)
  const known = { batch: 1, member: 5, gateway: 1, product: 1, action: 1, direction: 1, hour: '2026-12-01T03' }
  t.same(first, {
    ...known,
    time: 1_790_000_000,
    duration: 5,
    reason: 1,
    protocol: 6,
    rule: 0xffffffff,
    source_kind: 0,
    source: 0xffff_c000_0201n,
    source_port: 65_535,
    destination_kind: 2,
    destination: BigInt(`0x${'ab'.repeat(16)}`),
    destination_port: 22,
    bytes: 2n ** 53n - 1n,
    packets: 3n,
    count: 7,
  })
  const unstated = [
    'protocol',
    'rule',
    'source_kind',
    'source',
    'source_port',
    'destination_kind',
    'destination',
    'destination_port',
    'bytes',
    'packets',
  ]
  t.same(second, { ...known, time: 1, duration: 0, reason: 2, count: 1, ...Object.fromEntries(unstated.map(name => [name, null])) })
  const batches = await arrivals.read(
    row,
    'SELECT device, device_uuid, sequence, arrived_at, rows, messages, clock, hour, batch FROM arrivals.batches ORDER BY hour, batch',
  )
  t.match(batches[0], {
    device: 17,
    device_uuid: deviceUuid,
    sequence: 2n ** 48n - 1n,
    arrived_at: BigInt(three),
    rows: 2,
    messages: 2n,
    clock: 1,
  })
  t.same(
    batches.slice(1).map(({ batch, hour, rows }) => ({ batch, hour, rows })),
    [
      { batch: 1, hour: '2026-12-01T04', rows: 3 },
      { batch: 2, hour: '2026-12-01T04', rows: 2 },
    ],
  )
  t.same(
    await arrivals.read(z.object({ name: z.string() }), `SELECT name FROM arrivals.reasons WHERE hour = '2026-12-01T03' ORDER BY reason`),
    [{ name: 'other' }, { name: 'blocked' }, { name: 'other-rule' }],
  )
})

t.test('many chunks of a batch come back as they were, with and without what was not stated', async t => {
  const arrivals = await Arrivals.open(t.testdir(), { now: () => three })
  t.teardown(() => arrivals.close())
  const events = Array.from({ length: 5000 }, (_, i) => ({ time: i, destinationPort: i, ...(i % 3 === 0 ? { source: i } : {}) }))
  await arrivals.append([batchOf(events), batchOf(scan(70)), batchOf(events.slice(0, 100))])
  const shape = z.object({ wrong: z.bigint(), sources: z.bigint() })
  t.same(
    await arrivals.read(
      shape,
      `SELECT count(*) FILTER (time <> destination_port OR (source IS NULL) <> (time % 3 <> 0) OR (source & 4294967295::UHUGEINT) <> time) AS wrong,
        count(source) AS sources FROM arrivals.events WHERE batch <> 2`,
    ),
    [{ wrong: 0n, sources: 1667n + 34n }],
  )
})

t.test('after a restart it goes on: the same hour, the next number, the same names', async t => {
  const folder = t.testdir()
  for (let time = 0; time < 2; time++) {
    const arrivals = await Arrivals.open(folder, { now: () => three })
    await arrivals.append([batchOf(scan(3))])
    t.same(
      (await arrivals.read(z.object({ batch: z.number() }), 'SELECT batch FROM arrivals.batches ORDER BY batch')).map(({ batch }) => batch),
      time === 0 ? [1] : [1, 2],
    )
    t.equal(await counted(arrivals, 'reasons'), 2)
    await arrivals.close()
  }
})

t.test('what fails leaves nothing, and the next one works', async t => {
  const arrivals = await Arrivals.open(t.testdir(), { now: () => three, report: () => undefined })
  t.teardown(() => arrivals.close())
  const wrong = { ...batchOf(scan(3)), deviceUuid: 'no number' }
  await t.rejects(arrivals.append([batchOf(scan(3)), wrong]))
  t.equal(await counted(arrivals), 0)
  t.equal(await counted(arrivals, 'reasons'), 1)
  await arrivals.append([batchOf(scan(3))])
  t.equal(await counted(arrivals), 3)
})

t.test('a member that makes names of rules up has them counted as other; those of others are kept', async t => {
  const arrivals = await Arrivals.open(t.testdir(), { now: () => three })
  t.teardown(() => arrivals.close())
  await arrivals.append([batchOf(Array.from({ length: 400 }, (_, i) => ({ time: 1, reason: `made-up-${i}` })))])
  await arrivals.append([batchOf([{ time: 2, reason: 'honest' }], { member: 2 })])
  const named = `SELECT count(*) AS count FROM arrivals.events JOIN arrivals.reasons USING (hour, reason) WHERE name`
  t.same(await arrivals.read(count, `${named} = 'other'`), [{ count: 400 - 256 }])
  t.same(await arrivals.read(count, `${named} = 'honest'`), [{ count: 1 }])
})

t.test('an hour that is dropped is gone from the disk and from every view, also while it is read', async t => {
  const folder = t.testdir()
  let now = three
  const arrivals = await Arrivals.open(folder, { now: () => now })
  t.teardown(() => arrivals.close())
  await arrivals.append([batchOf(scan(3))])
  now += HOUR_MS
  await arrivals.append([batchOf(scan(4))])
  const reader = await arrivals.connect()
  await reader.run('BEGIN TRANSACTION; SELECT count(*) FROM arrivals.events')
  await arrivals.drop('2026-12-01T03')
  await reader.run('COMMIT')
  reader.closeSync()
  t.same(
    readdirSync(join(folder, 'arrivals')).filter(name => name.includes('T03')),
    [],
  )
  t.equal(await counted(arrivals), 4)
  await arrivals.drop('2026-12-01T04')
  await arrivals.append([batchOf(scan(5))])
  t.equal(await counted(arrivals), 5, 'the open hour begins anew')
})

t.test('a damaged hour holds back nothing else, is said, and goes with its hour', async t => {
  const folder = t.testdir({ arrivals: { '2026-12-01T01.duckdb': 'no database', '2026-12-01T03.duckdb': '', 'notes.txt': 'not an hour' } })
  const reported: string[] = []
  const arrivals = await Arrivals.open(folder, { now: () => three, report: error => reported.push(String(error)) })
  t.teardown(() => arrivals.close())
  await arrivals.append([batchOf(scan(3))])
  t.equal(await counted(arrivals), 3)
  t.match(reported, [/hour-damaged: the events of hour 2026-12-01T01/, /hour-damaged: .*T03/])
  t.match(arrivals.hours(), [
    { name: '2026-12-01T01', damage: /not a valid DuckDB/ },
    { name: '2026-12-01T03', damage: undefined },
  ])
  await arrivals.drop('2026-12-01T01')
  await arrivals.drop('2026-12-01T03')
  t.same(readdirSync(join(folder, 'arrivals')), ['notes.txt'])
})

t.test('a block that went bad is found when asked for, and only its hour is left out', async t => {
  const folder = t.testdir()
  let now = three
  const report = () => undefined
  let arrivals = await Arrivals.open(folder, { now: () => now, report })
  const mixed = (i: number, by: number) => Math.imul(i, by) >>> 0
  const events = Array.from({ length: 30_000 }, (_, i) => ({
    time: mixed(i, 2654435761),
    source: mixed(i, 0x9e3779b1),
    destinationPort: i,
  }))
  await arrivals.append([batchOf(events)])
  now += HOUR_MS
  await arrivals.append([batchOf(scan(3))])
  // waits until the log of the hour before is written back
  await arrivals.close()
  const path = join(folder, 'arrivals', '2026-12-01T03.duckdb')
  const bytes = readFileSync(path)
  t.ok(bytes.length > 500_000, `${bytes.length}`)
  // behind three headers of 4 KiB lie blocks of 256 KiB; those behind the first hold values only
  for (let at = 12_288 + 262_144 + 40_000; at < bytes.length; at += 2000) bytes.fill(0x5a, at, at + 64)
  writeFileSync(path, bytes)
  arrivals = await Arrivals.open(folder, { now: () => now, report })
  t.teardown(() => arrivals.close())
  await t.rejects(arrivals.read(z.unknown(), 'SELECT sum(time), sum(source), sum(bytes) FROM arrivals.events'))
  await arrivals.examine()
  t.equal(await counted(arrivals), 3)
  t.match(arrivals.hours(), [{ damage: /./ }, { damage: undefined }])
  await arrivals.append([batchOf(scan(3))])
})

t.test('SQL can read and write no other files, and who asks after it was closed is refused', async t => {
  const folder = t.testdir({ secret: 'x' })
  const arrivals = await Arrivals.open(folder)
  await t.rejects(arrivals.read(count, `SELECT * FROM read_text('${join(folder, 'secret')}')`), /disabled by configuration/)
  await t.rejects(arrivals.read(count, `ATTACH '${join(folder, 'other.duckdb')}'`), /disabled by configuration/)
  await t.rejects(arrivals.read(count, `SET enable_external_access = true`))
  t.notOk(existsSync(join(folder, 'other.duckdb')))
  await arrivals.close()
  await t.rejects(counted(arrivals), { code: 'central-failed' })
  await t.rejects(arrivals.append([]), { code: 'central-failed' })
})

const traceable = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true']).status === 0

t.test('file and folder are flushed before append returns; a kill loses nothing', { skip: traceable ? false : 'needs strace' }, async t => {
  const folder = t.testdir()
  const script = join(folder, 'script.mjs')
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs'
    const { Arrivals } = await import(${url('./arrivals.ts')}); const { batchOf } = await import(${url('./test-batches.ts')})
    const arrivals = await Arrivals.open(process.argv[2])
    for (const name of ['a', 'b']) {
      writeSync(1, 'begin ' + name)
      await arrivals.append([batchOf([{ time: 1 }])])
      writeSync(1, 'end ' + name)
    }
    process.kill(process.pid, 'SIGKILL')`,
  )
  const log = join(folder, 'strace.log')
  spawnSync('strace', ['-f', '-y', '-e', 'trace=fsync,fdatasync,write', '-o', log, process.execPath, script, folder])
  for (const name of ['a', 'b']) {
    const during = readFileSync(log, 'utf8').split(`"begin ${name}"`)[1].split(`"end ${name}"`)[0]
    t.match(during, /f(data)?sync\(\d+<[^>]*\.duckdb\.wal>\) += 0/, `the log, ${name}`)
    t.match(during, new RegExp(`fsync\\(\\d+<${folder}/arrivals>\\) += 0`), `the folder, ${name}`)
  }
  const arrivals = await Arrivals.open(folder)
  t.teardown(() => arrivals.close())
  t.equal(await counted(arrivals), 2)
})
