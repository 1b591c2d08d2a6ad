import t from 'tap'
import { outcomesOf } from './checks/index.ts'
import { SettledLevels } from './levels.ts'
import { Rhythm } from './rhythm.ts'
import { well } from './test-well.ts'
import { RecentGrowth } from './windows.ts'

const HOUR = 3_600_000
const monday = Date.parse('2026-11-16T00:00:00Z')

/** Every `everyMs` from 06:00 to 22:00 on working days, and nothing besides. */
function weeks(rhythm: Rhythm, count: number, everyMs: number): number {
  let last = 0
  for (let at = monday; at < monday + count * 7 * 24 * HOUR; at += everyMs) {
    const date = new Date(at)
    const isWork = date.getUTCDay() >= 1 && date.getUTCDay() <= 5 && date.getUTCHours() >= 6 && date.getUTCHours() < 22
    if (!isWork) continue
    rhythm.heard(10, at)
    last = at
  }
  return last
}

t.test('knows when a gateway is usually quiet, and when it never is', async t => {
  const rhythm = new Rhythm()
  t.equal(rhythm.usualMs(monday), undefined)
  weeks(rhythm, 3, 60_000)
  const tuesday = monday + 22 * 24 * HOUR
  t.ok((rhythm.usualMs(tuesday + 12 * HOUR) ?? 0) <= 2 * 60_000, 'at noon')
  t.ok((rhythm.usualMs(tuesday + 4 * HOUR) ?? 0) >= 5 * HOUR, 'at four in the morning')
  const again = new Rhythm(rhythm.kept)
  t.equal(again.usualMs(tuesday + 12 * HOUR), rhythm.usualMs(tuesday + 12 * HOUR), 'also after a restart')
  t.ok(JSON.stringify(rhythm.kept).length < 600)
})

t.test('one long failure is forgotten, and a clock that was set back teaches nothing', async t => {
  const rhythm = new Rhythm()
  const last = weeks(rhythm, 2, 60_000)
  const usual = rhythm.usualMs(monday + 15 * 24 * HOUR + 12 * HOUR) ?? 0
  rhythm.heard(1, last + 60 * HOUR)
  rhythm.heard(1, last)
  t.equal(rhythm.lastMessageAt, last)
  t.ok(usual > 0)
})

t.test('growth of the last while, also of a number that began anew', async t => {
  const growth = new RecentGrowth(1000, 3)
  t.equal(growth.note(10, 0), 0)
  t.equal(growth.note(15, 1500), 5)
  t.equal(growth.note(15, 3500), 5)
  t.equal(growth.note(16, 6000), 1)
  t.equal(growth.note(2, 6100), 0)
  t.equal(growth.note(4, 6200), 2)
})

t.test('a measured level gets worse at once and better after a minute; a certain one at once', async t => {
  const settled = new SettledLevels()
  const at = (over: object, now: number) => settled.settle(outcomesOf({ ...well, ...over }), now)
  const full = { machine: { ...well.machine, disk: { freePercent: 4, freeInodesPercent: 90 } } }
  const cut = { uplink: { ...well.uplink, waitingSinceMs: well.now - 2 * HOUR } }
  t.equal(at({}, 0).disk.level, 'ok')
  t.match(at({ ...full, ...cut }, 1000), { disk: { level: 'bad', value: 4 }, central: { level: 'bad' } })
  t.match(at({}, 2000), { disk: { level: 'bad' }, central: { level: 'ok' } })
  t.equal(at({}, 61_000).disk.level, 'bad')
  t.equal(at(full, 61_500).disk.level, 'bad')
  t.equal(at({}, 62_000).disk.level, 'bad', 'the minute begins anew')
  t.equal(at({}, 122_000).disk.level, 'ok')
  t.equal(at({ machine: { ...well.machine, disk: undefined } }, 123_000).disk.level, 'unknown', 'what is not known is not held')
  t.equal(at({}, 124_000).disk.level, 'ok')
})
