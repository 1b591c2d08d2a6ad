import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { verifyExport } from '../audit/verify.ts'
import { HOUR_MS } from './calendar.ts'
import { addressNumber } from './test-ground.ts'
import { Life } from './test-life.ts'

const hour = Date.parse('2026-12-01T03:00Z')
const allowed = 0

t.test('non-malicious events are gone within 24 hours of arrival, suspicious ones stay', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  await life.arriveAt(hour, [
    { source: 1, action: 2 },
    { source: 2, action: allowed },
    { source: 3, action: 6 },
    { source: 4, action: 7 },
    { source: null, action: 2 },
  ])
  await life.pass(0)
  await life.pass(23 * HOUR_MS - 1000)
  t.same(
    readdirSync(join(folder, 'arrivals')).filter(name => name.endsWith('.duckdb')),
    ['2026-12-01T03.duckdb'],
    'not before its time',
  )
  t.same(await life.kept(), {})
  await life.pass(1000)
  t.same(readdirSync(join(folder, 'arrivals')), [])
  t.same(await life.kept(), { 1: 1, 3: 1, 4: 1, none: 1 })
  t.same(readdirSync(join(folder, 'suspect')), ['2026-12-01.1.parquet'])
  const [statement, ...more] = life.statements()
  t.same(more, [])
  t.match(statement, {
    job: 'retention 1',
    policy: 'non-malicious',
    file: 'arrivals/2026-12-01T03.duckdb',
    rowsBefore: 5,
    rowsAfter: 4,
    into: 'suspect/2026-12-01.1.parquet',
    sha256Before: /^[0-9a-f]{64}$/,
    rootBefore: /^[0-9a-f]{64}$/,
    rootAfter: /^[0-9a-f]{64}$/,
  })
  t.match(await verifyExport(life.audit.exportLines()), { erased: { statements: 1, rows: 1 }, actions: { collection: 1, alteration: 1 } })
  t.same(life.reports, [])
  await life.stop()
})

t.test('an allowed event of a source that a finding is about is kept, at the members of the finding', async t => {
  const life = await Life.begin(t.testdir(), hour)
  life.find(9, [1], hour)
  await life.arriveAt(hour, [
    { source: 9, action: allowed, member: 1 },
    { source: 9, action: allowed, member: 2 },
    { source: 8, action: allowed, member: 1 },
  ])
  await life.pass(23 * HOUR_MS)
  t.same(await life.ask(`SELECT member, device, sequence > 0, reason_name, arrived_on, source = ${addressNumber(9)} FROM suspect.events`), [
    [1, 1, true, 'blocked-from-outside', '2026-12-01', true],
  ])
  await life.stop()
})

t.test('hours of a day become one file, without a statement, because nothing is deleted', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  for (const at of [0, 1, 20]) await life.arriveAt(hour + at * HOUR_MS, [{ source: at }, { source: 1 }])
  await life.pass(0)
  for (let i = 0; i < 46; i++) await life.pass(HOUR_MS)
  t.same(readdirSync(join(folder, 'suspect')), ['2026-12-01.4.parquet'])
  t.same(await life.kept(), { 0: 1, 1: 4, 20: 1 })
  t.equal(life.statements().length, 3, 'of the three hours')
  t.same(life.reports, [])
  await life.stop()
})

const DAY_MS = 24 * HOUR_MS

t.test('nine months without activity of a source: hidden at once, gone from its file within seven days', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  await life.arriveAt(hour, [{ source: 1 }, { source: 2 }, { source: 3 }, { source: null }])
  await life.pass(3 * DAY_MS)
  // the second is active again months later, the third only in a way that is not suspicious
  life.nowMs = Date.parse('2027-03-01T12:00Z')
  await life.arrive([{ source: 2 }, { source: 3, action: allowed }])
  await life.pass(3 * DAY_MS)
  const files = () => readdirSync(join(folder, 'suspect')).sort()
  t.same(files(), ['2026-12-01.1.parquet', '2027-03-01.1.parquet'])
  life.nowMs = Date.parse('2027-09-01T03:59:59Z')
  await life.pass(0)
  t.same(await life.kept(), { 1: 1, 2: 2, 3: 1, none: 1 }, 'not a second early')
  await life.pass(HOUR_MS)
  t.same(await life.kept(), { 2: 2 }, 'at once')
  t.same(files(), ['2026-12-01.1.parquet', '2027-03-01.1.parquet'])
  for (let day = 0; day < 6; day++) await life.pass(DAY_MS)
  t.same(files(), ['2026-12-01.2.parquet', '2027-03-01.1.parquet'])
  t.same(await life.kept(), { 2: 2 })
  t.match(life.statements().at(-1), {
    policy: 'suspicious',
    file: 'suspect/2026-12-01.1.parquet',
    rowsBefore: 4,
    rowsAfter: 1,
    into: 'suspect/2026-12-01.2.parquet',
  })
  life.nowMs = Date.parse('2027-12-31T00:00Z')
  await life.pass(0)
  t.same(await life.kept(), {})
  t.same(files(), [], 'a file of which nothing is left goes')
  t.match(life.statements().at(-1), { file: 'suspect/2027-03-01.1.parquet', rowsBefore: 1, rowsAfter: 0, into: null })
  t.match(await verifyExport(life.audit.exportLines()), { erased: { rows: 6 } })
  t.same(life.reports, [])
  await life.stop()
})

t.test('a clock that jumps forward deletes nothing early; one set back keeps nothing for ever', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  await life.arriveAt(hour, [{ source: 1 }])
  await life.pass(0)
  const jump = 300 * DAY_MS
  life.nowMs += jump
  life.monotonicMs -= jump
  await life.pass(10 * HOUR_MS)
  await life.arrive([{ source: 2 }])
  await life.pass(10 * HOUR_MS)
  t.equal(life.arrivals.hours().length, 2, 'nothing was deleted')
  t.ok(life.retention.status().isClockDoubted)
  t.ok(life.retention.mayIngest(life.nowMs), 'but nothing new is taken while the two may be true')
  life.nowMs -= jump
  life.monotonicMs += jump
  await life.pass(3 * HOUR_MS)
  t.same(await life.kept(), { 1: 1 }, 'swept in its time')
  t.equal(life.retention.mayIngest(life.nowMs), undefined)
  await life.pass(10 * HOUR_MS)
  t.same(await life.kept(), { 1: 1, 2: 1 }, 'and so is the hour that has a name from the future')
  const back = 100 * DAY_MS
  life.nowMs -= back
  life.monotonicMs += back
  await life.arrive([{ source: 3 }])
  await life.pass(0)
  await life.pass(22 * HOUR_MS)
  t.same(Object.keys(await life.kept()), ['1', '2'], 'the hour with an old name is not swept at once')
  await life.pass(HOUR_MS)
  t.same(Object.keys(await life.kept()), ['1', '2', '3'])
  await life.stop()
})

t.test('a job that was dead is caught up at the next start, and ingest refuses before the hard cap', async t => {
  const life = await Life.begin(t.testdir(), hour)
  await life.arriveAt(hour, [{ source: 1 }, { source: 2, action: allowed }])
  await life.pass(0)
  const cap = Date.parse('2026-12-08T03:00Z')
  t.equal(life.retention.mayIngest(cap - 4 * HOUR_MS - 1), undefined)
  t.match(life.retention.mayIngest(cap - 4 * HOUR_MS), { code: 'retention-overdue', status: 503 })
  life.nowMs += 26 * HOUR_MS
  t.equal(life.retention.status().late.length, 0)
  await life.stop()
  life.nowMs += 6 * DAY_MS
  await life.start()
  t.same(life.retention.status().late, ['2026-12-01T03'])
  t.match(life.retention.mayIngest(life.nowMs), { code: 'retention-overdue' })
  await life.pass(0)
  t.equal(life.retention.mayIngest(life.nowMs), undefined)
  t.same(await life.kept(), { 1: 1 })
  await life.stop()
})

t.test('a damaged hour file holds back nothing else, is said, and is deleted unread before the hard cap', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  await life.arriveAt(hour, [{ source: 1 }])
  await life.arriveAt(hour + HOUR_MS, [{ source: 2 }])
  await life.pass(HOUR_MS)
  await life.stop()
  const path = join(folder, 'arrivals/2026-12-01T03.duckdb')
  rmSync(`${path}.wal`, { force: true })
  writeFileSync(path, Buffer.alloc(12_288, 0xa5))
  await life.start()
  await life.pass(22 * HOUR_MS)
  t.same(await life.kept(), { 2: 1 })
  t.match(life.reports, [/hour-damaged: the events of hour 2026-12-01T03/])
  t.same(life.retention.status().unreadable, ['2026-12-01T03'])
  life.nowMs = Date.parse('2026-12-07T15:00Z')
  await life.pass(0)
  t.same(readdirSync(join(folder, 'arrivals')), [])
  t.match(life.statements().at(-1), {
    policy: 'cap',
    reason: 'the file could not be read',
    rowsBefore: null,
    sha256Before: /^[0-9a-f]{64}$/,
  })
  t.equal(life.retention.mayIngest(life.nowMs), undefined)
  t.equal(life.reports.length, 1, 'said once')
  await life.stop()
})

t.test('a damaged or missing file of suspicious events is left out and said; one that is put back is taken in', async t => {
  const folder = t.testdir()
  const life = await Life.begin(folder, hour)
  for (const day of [0, 1, 2]) await life.arriveAt(hour + day * DAY_MS, [{ source: day }])
  await life.pass(6 * DAY_MS)
  await life.stop()
  const path = (day: number) => join(folder, `suspect/2026-12-0${day + 1}.1.parquet`)
  writeFileSync(path(0), 'PAR1 no more')
  const good = readFileSync(path(2))
  rmSync(path(2))
  await life.start()
  t.same(await life.kept(), { 1: 1 })
  t.match(life.reports, [/suspect-file-damaged: 2026-12-01/, /suspect-file-damaged: 2026-12-03/])
  await life.pass(HOUR_MS)
  await life.stop()
  writeFileSync(path(2), good)
  writeFileSync(join(folder, 'suspect/2026-12-02.9.parquet'), good)
  await life.start()
  t.same(await life.kept(), { 1: 1, 2: 2 })
  t.match(life.reports.at(-1), /suspect-file-unknown: 2026-12-02.9/)
  await life.stop()
})
