import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { daysFromCivil, epochToMs, readTime, Stamp } from './calendar.ts'

const EXACT = 1
const NO_ZONE = 2
const NO_YEAR_NO_ZONE = 3
const NO_YEAR = 4
const moment = fc.date({ min: new Date('1970-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })

function read(text: string): { time: string; clock: number; rest: string } | undefined {
  const bytes = Buffer.from(text, 'latin1')
  const stamp = new Stamp()
  if (!readTime(bytes, 0, bytes.length, stamp)) return undefined
  return { time: new Date(stamp.time).toISOString(), clock: stamp.clock, rest: text.slice(stamp.next) }
}

t.test('counts days as the Gregorian calendar does', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
        const days = daysFromCivil(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
        assert.equal(days, Math.floor(date.getTime() / 86_400_000), date.toISOString())
      }),
      { numRuns: 500 },
    ),
  )
})

t.test('reads every RFC 3339 time to the millisecond, whatever its zone', async t => {
  const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(moment, minutes, fc.constantFrom('T', ' '), fc.constantFrom(':', ''), (date, east, separator, colon) => {
        const two = (value: number) => String(value).padStart(2, '0')
        const local = new Date(date.getTime() + east * 60_000).toISOString().slice(0, -1).replace('T', separator)
        const zone = `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}${colon}${two(Math.abs(east) % 60)}`
        const isInRange = !/^[-+]/.test(local) // the shift may have left the years that have four digits
        if (isInRange)
          assert.deepEqual(read(`${local}${zone} rest`), { time: date.toISOString(), clock: EXACT, rest: ' rest' }, local + zone)
      }),
      { numRuns: 300 },
    ),
  )
})

t.test('reads the forms of the field, and says what each lacks', async t => {
  const forms: [string, string, number][] = [
    ['2026-11-20T12:00:01Z', '2026-11-20T12:00:01.000Z', EXACT],
    ['2026-11-20T12:00:01.123456789Z', '2026-11-20T12:00:01.123Z', EXACT],
    ['2026/11/20 12:00:01', '2026-11-20T12:00:01.000Z', NO_ZONE],
    ['2026-11-20 12:00:01,5', '2026-11-20T12:00:01.500Z', NO_ZONE],
    ['2026-11-20 13:00:01 CET', '2026-11-20T12:00:01.000Z', EXACT],
    ['2026-11-20T12:00:60Z', '2026-11-20T12:01:00.000Z', EXACT],
    ['Nov 20 12:00:01', '1972-11-20T12:00:01.000Z', NO_YEAR_NO_ZONE],
    ['Feb 29 12:00:01', '1972-02-29T12:00:01.000Z', NO_YEAR_NO_ZONE],
    ['Nov  9 12:00:01', '1972-11-09T12:00:01.000Z', NO_YEAR_NO_ZONE],
    ['Nov 20 12:00:01.25 UTC', '1972-11-20T12:00:01.250Z', NO_YEAR],
    ['Nov 20 2026 12:00:01', '2026-11-20T12:00:01.000Z', NO_ZONE],
    ['*Nov 20 2026 12:00:01.007 EST', '2026-11-20T17:00:01.007Z', EXACT],
    ['Fri Nov 20 12:00:01 2026', '2026-11-20T12:00:01.000Z', NO_ZONE],
  ]
  for (const [text, time, clock] of forms) t.same(read(text), { time, clock, rest: '' }, text)
})

t.test('a host whose name begins like a zone is no zone, and an ambiguous zone is none', async t => {
  t.match(read('2026-11-20 12:00:01 gmt-fw1'), { clock: NO_ZONE, rest: ' gmt-fw1' })
  t.match(read('2026-11-20 12:00:01 IST'), { clock: NO_ZONE, rest: ' IST' })
})

t.test('refuses what is no time', async t => {
  for (const text of [
    '',
    '2026-11-20',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-11-32T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T12:60:00Z',
    '2026-11-20T12:00:61Z',
    '2026-11/20 12:00:00',
    'Nox 20 12:00:01',
    'Nov 0 12:00:01',
    'Nov 32 12:00:01',
    'Nov 20 12:00',
    'Nov20',
  ])
    t.equal(read(text), undefined, text)
})

t.test('a reading depends on nothing outside its two offsets, and moves only forward inside them', async t => {
  const text = fc.oneof(
    moment.map(date => date.toISOString()),
    moment.map(date => date.toUTCString().slice(0, 25)),
    fc.constantFrom('Nov 20 12:00:01 CET', 'Nov 20 12:00:01 2026', '2026-11-20 12:00:01+0100'),
    fc.string({ maxLength: 30 }),
  )
  const after = fc.constantFrom('', '0', '9:00', ' 2026', 'Z', '+05', '.5', 'ET', ':30', '-fw')
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(text, fc.nat(32), after, after, (whole, cut, one, other) => {
        const own = whole.slice(0, cut)
        const answers = [one, other].map(more => {
          const stamp = new Stamp()
          const isRead = readTime(Buffer.from(`xx${own}${more}`, 'latin1'), 2, 2 + own.length, stamp)
          if (isRead) assert.ok(stamp.next > 2 && stamp.next <= 2 + own.length, `${own} ends at ${stamp.next}`)
          return isRead ? { ...stamp } : undefined
        })
        assert.deepEqual(answers[0], answers[1], `'${own}' before '${one}' and '${other}'`)
      }),
      { numRuns: 1000 },
    ),
  )
})

t.test('tells seconds, ms, us and ns since 1970 apart', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.date({ min: new Date('2001-09-10'), max: new Date('2127-12-31'), noInvalidDate: true }), date => {
        const ms = date.getTime()
        assert.equal(epochToMs(ms), ms)
        assert.equal(epochToMs(ms * 1000), ms)
        assert.equal(epochToMs(Math.floor(ms / 1000)), Math.floor(ms / 1000) * 1000)
        // beyond 2^53 a number no longer holds every ns, and needs not: ms are asked for
        assert.ok(Math.abs(epochToMs(ms * 1_000_000) - ms) <= 1)
      }),
    ),
  )
  for (const value of [0, 1, 999_999_999, 1e23]) t.equal(epochToMs(value), -1, String(value))
})
