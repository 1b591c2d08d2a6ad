import t from 'tap'
import { Clock, EventRecord } from '../../event.ts'
import { SplitTime } from './split-time.ts'

function read(date: string, time: string, zone: string): string | false {
  const bytes = Buffer.from(`${date}|${time}|${zone}|`)
  const split = new SplitTime()
  split.date.end = date.length
  split.time.start = date.length + 1
  split.time.end = split.time.start + time.length
  split.zone.start = split.time.end + 1
  split.zone.end = split.zone.start + zone.length
  const event = new EventRecord()
  if (split.read(bytes, event)) return `${new Date(event.time).toISOString()} ${event.clock}`
  t.equal(event.clock, Clock.absent)
  return false
}

t.test('puts date, time and zone together', async t => {
  t.equal(read('2026-11-20', '12:00:01', '+0100'), `2026-11-20T11:00:01.000Z ${Clock.exact}`)
  t.equal(read('2026-11-20', '12:00:01.825', '-0830'), `2026-11-20T20:30:01.825Z ${Clock.exact}`)
  t.equal(read('2024/02/29', '23:59:59.1234567', 'CEST'), `2024-02-29T21:59:59.123Z ${Clock.exact}`)
})

t.test('says so when the zone is missing or ambiguous', async t => {
  t.equal(read('2026-11-20', '12:00:01', ''), `2026-11-20T12:00:01.000Z ${Clock.noZone}`)
  t.equal(read('2026-11-20', '12:00:01', 'IST'), `2026-11-20T12:00:01.000Z ${Clock.noZone}`)
})

t.test('refuses what is no date or no time, and leaves the event alone', async t => {
  for (const date of ['', '2026-13-01', '2026-00-01', '2026-11-32', '20261120', '2026-11/20', '1026-11-20', '202x-11-20'])
    t.equal(read(date, '12:00:01', 'Z'), false, date)
  for (const time of ['', '24:00:00', '12:60:00', '12:00:61', '12-00-00', '1:00:00', '12:00'])
    t.equal(read('2026-11-20', time, 'Z'), false, time)
})
