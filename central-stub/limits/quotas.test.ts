import t from 'tap'
import { costOf, dayStart, type QuotaLimits, Quotas, quotaLimits, type Usage } from './quotas.ts'

const DAY_MS = 86_400_000
const MIB = 1024 * 1024
const noon = 20_000 * DAY_MS + DAY_MS / 2
const box = { device: 'a1', member: 'a' }
const sibling = { device: 'a2', member: 'a' }
const other = { device: 'b1', member: 'b' }
const withLimits = (limits: Partial<QuotaLimits>) => new Quotas({ ...quotaLimits, ...limits })

t.test('a device that has stored what it may in a day waits until the next, and nobody else does', async t => {
  for (const limits of [{ 'device-day-rows': 100 }, { 'device-day-mib': 1 }]) {
    const quotas = withLimits(limits)
    quotas.count(box, costOf(MIB / 2, 60), noon)
    t.doesNotThrow(() => quotas.check(box, noon))
    quotas.count(box, costOf(MIB / 2, 60), noon)
    t.throws(() => quotas.check(box, noon), { code: 'device-quota-spent', retryAfterSeconds: DAY_MS / 2 / 1000 })
    t.doesNotThrow(() => quotas.check(sibling, noon))
    t.doesNotThrow(() => quotas.check(box, noon + DAY_MS / 2))
  }
})

t.test('more boxes do not give a member more', async t => {
  const quotas = withLimits({ 'member-day-rows': 100 })
  for (let i = 0; i < 10; i++) quotas.count({ device: `a${i}`, member: 'a' }, costOf(0, 10), noon)
  t.throws(() => quotas.check({ device: 'a new one', member: 'a' }, noon), { code: 'member-quota-spent' })
  t.doesNotThrow(() => quotas.check(other, noon))
})

t.test('what is stored in all is limited too, however many days it takes', async t => {
  const quotas = withLimits({ 'device-rows': 100, 'member-mib': 1 })
  for (let day = 0; day < 4; day++) quotas.count(box, costOf(0, 30), noon + day * DAY_MS)
  t.throws(() => quotas.check(box, noon + 9 * DAY_MS), { code: 'device-quota-spent', retryAfterSeconds: 3600 })
  quotas.count(sibling, costOf(MIB, 0), noon)
  t.throws(() => quotas.check({ device: 'a3', member: 'a' }, noon + 9 * DAY_MS), { code: 'member-quota-spent' })
})

t.test('frames without rows count as well', async t => {
  const quotas = withLimits({ 'device-day-mib': 1 })
  for (let i = 0; i < 1024; i++) quotas.count(box, costOf(0, 0), noon)
  t.throws(() => quotas.check(box, noon), { code: 'device-quota-spent' })
})

t.test('a restart forgets nothing: it begins with what the store says', async t => {
  const usage: Usage = { ...box, frames: 10, bytes: 1000, rows: 100, today: { frames: 5, bytes: 500, rows: 50 } }
  const byDay = withLimits({ 'device-day-rows': 50 })
  byDay.load([usage], noon)
  t.throws(() => byDay.check(box, noon), { code: 'device-quota-spent' })
  t.doesNotThrow(() => byDay.check(box, noon + DAY_MS))
  for (const [rows, isSpent] of [
    [100, true],
    [101, false],
  ] as const) {
    const inAll = withLimits({ 'device-rows': rows })
    inAll.load([usage], noon)
    inAll.load([usage], noon)
    if (isSpent) t.throws(() => inAll.check(box, noon), { code: 'device-quota-spent' })
    else t.doesNotThrow(() => inAll.check(box, noon), 'loaded twice is not counted twice')
  }
  t.equal(dayStart(noon), noon - DAY_MS / 2)
})

t.test('a clock that jumps by years frees a day, not the whole', async t => {
  const quotas = withLimits({ 'device-rows': 100 })
  quotas.count(box, costOf(0, 100), noon)
  for (const at of [0, noon + 20_000 * DAY_MS]) t.throws(() => quotas.check(box, at), { code: 'device-quota-spent' })
})

t.test('shed statements of a device are limited a day', async t => {
  const quotas = withLimits({})
  for (let i = 0; i < 1000; i++) quotas.checkStatement(box, noon)
  t.throws(() => quotas.checkStatement(box, noon), { code: 'device-quota-spent', retryAfterSeconds: 87 })
  t.doesNotThrow(() => quotas.checkStatement(other, noon))
})

t.test('when room is scarce, who has stored most waits, and who has stored nothing does not', async t => {
  const quotas = withLimits({})
  quotas.count(box, costOf(MIB, 1000), noon)
  t.notOk(quotas.isAboveAverage('a'), 'there is nobody else')
  quotas.count(other, { bytes: 0, rows: 0 }, noon)
  t.ok(quotas.isAboveAverage('a'))
  t.notOk(quotas.isAboveAverage('b'))
  t.notOk(quotas.isAboveAverage('unknown'))
})

t.test('the operator sees who is nearest to a limit', async t => {
  const quotas = withLimits({ 'member-day-rows': 100, 'member-mib': 10 })
  quotas.count(box, costOf(MIB, 10), noon)
  quotas.count(other, costOf(0, 75), noon)
  t.same(quotas.fullest(noon, 5), [
    { member: 'b', percent: 75 },
    { member: 'a', percent: 10 },
  ])
  t.same(quotas.fullest(noon, 1), [{ member: 'b', percent: 75 }])
})
