// Who gets a release when: waves, windows and the reasons to wait. All of it is pure.
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { usualWaves } from '../../scripts/updates/channels.ts'
import { parseSettings } from '../settings/table.ts'
import { type Channel, parseChannel, placeOf, waveBegins } from './channel.ts'
import { type Box, decide } from './check.ts'
import { parseWindow, windowOpens } from './window.ts'

const HOUR_MS = 3_600_000
const at = (text: string) => Date.parse(`${text}Z`)
const begin = at('2026-12-01T00:00')
const channel: Channel = { format: 1, release: 57, notBefore: begin, waves: usualWaves, paused: false, minFrom: 0 }

t.test('a place differs from release to release, is the same each time, and all places are used', async t => {
  const device = '3b0c6a1e-0000-4000-8000-000000000000'
  t.equal(placeOf(device, 57), placeOf(device, 57))
  t.equal(placeOf(device, 57), 1902, 'written down: another rule would give boxes another turn')
  t.not(placeOf(device, 57), placeOf(device, 58))
  const places = Array.from({ length: 4000 }, () => placeOf(randomUUID(), 57))
  for (const [from, to] of [
    [0, 2500],
    [2500, 5000],
    [5000, 7500],
    [7500, 10_000],
  ]) {
    const share = places.filter(place => place >= from && place < to).length / places.length
    t.ok(share > 0.2 && share < 0.3, `${share} in ${from} to ${to}`)
  }
  t.equal(placeOf(undefined, 57), 9999)
})

t.test('waves: one box after the other, none before, all at the end', async t => {
  t.equal(waveBegins(channel, 0), begin)
  t.equal(waveBegins(channel, 100), begin + 4 * HOUR_MS)
  t.equal(waveBegins(channel, 550), begin + 14 * HOUR_MS)
  t.ok(waveBegins(channel, 9999) < begin + 144 * HOUR_MS)
  let last = 0
  for (let place = 0; place < 10_000; place += 37) {
    t.ok(waveBegins(channel, place) >= last)
    last = waveBegins(channel, place)
  }
  t.equal(waveBegins({ ...channel, waves: [] }, 9999), begin)
})

t.test('a file of a channel is read strictly where it counts, and what is new in it is passed over', async t => {
  const text = (change: object = {}) => Buffer.from(JSON.stringify({ ...channel, notBefore: '2026-12-01T00:00:00Z', ...change }))
  t.same(parseChannel(text()), channel)
  t.same(parseChannel(text({ comment: 'of a newer format' })), channel)
  const wrong = [
    { format: 2 },
    { release: 0 },
    { release: '57' },
    { paused: 'no' },
    { notBefore: 'soon' },
    { waves: [{ hours: 1, places: 500 }] },
    {
      waves: [
        { hours: 2, places: 500 },
        { hours: 1, places: 10_000 },
      ],
    },
    {
      waves: [
        { hours: 1, places: 10_000 },
        { hours: 2, places: 500 },
      ],
    },
    { waves: null },
    { minFrom: -1 },
    { padding: 'x'.repeat(20_000) },
  ]
  for (const change of wrong) t.throws(() => parseChannel(text(change)), { code: 'update-refused' }, JSON.stringify(change).slice(0, 80))
  t.throws(() => parseChannel(Buffer.from('no JSON')), { code: 'update-refused' })
})

t.test('a window: every day or some, over midnight or not', async t => {
  const opens = (window: string, now: string) => {
    const parsed = parseWindow(window)
    return parsed === undefined ? '' : new Date(windowOpens(parsed, at(now))).toISOString().slice(0, 16)
  }
  // 2026-12-01 is a Tuesday
  t.equal(opens('02:00-05:00', '2026-12-01T01:00'), '2026-12-01T02:00')
  t.equal(opens('02:00-05:00', '2026-12-01T03:00'), '2026-12-01T03:00')
  t.equal(opens('02:00-05:00', '2026-12-01T05:00'), '2026-12-02T02:00')
  t.equal(opens('22:00-04:00', '2026-12-01T03:59'), '2026-12-01T03:59')
  t.equal(opens('22:00-04:00', '2026-12-01T04:00'), '2026-12-01T22:00')
  t.equal(opens('sat,sun 22:00-04:00', '2026-12-01T23:00'), '2026-12-05T22:00')
  t.equal(opens('sun 22:00-04:00', '2026-12-07T02:00'), '2026-12-07T02:00', 'it began on Sunday')
  t.equal(opens('mon 00:00-00:00', '2026-12-07T23:59'), '2026-12-07T23:59', 'a whole day')
  t.equal(opens('mon 01:00-02:00', '2026-12-07T02:00'), '2026-12-14T01:00')
  for (const text of ['', '2:00-5:00', '24:00-25:00', 'xyz 02:00-05:00', '02:00', 'sat,  02:00-05:00', '02:00-05:00 sat'])
    t.equal(parseWindow(text), undefined, text)
})

t.test('the setting takes what the window takes', async t => {
  for (const text of ['02:00-05:00', 'sat,sun 22:00-04:00', 'mon 00:00-00:00']) {
    t.equal(parseSettings(`update.window = ${text}\n`)['update.window'], text)
    t.ok(parseWindow(text))
  }
  for (const text of ['2:00-5:00', 'sat 24:00-01:00', 'Sat 02:00-05:00', 'sat, 02:00-05:00']) {
    t.throws(() => parseSettings(`update.window = ${text}\n`), { code: 'settings-wrong' }, text)
    t.equal(parseWindow(text), undefined)
  }
})

t.test('reasons to wait, in their order', async t => {
  const manifest = { version: '0.4.0', number: 57, systemMin: 1, reads: 1, writes: 1, parts: [] }
  const box: Box = { device: undefined, version: '0.3.0', number: 50, channel: 'stable', window: undefined, pin: '' }
  const late = begin + 200 * HOUR_MS
  const says = (change: Partial<Box>, of: Partial<Channel> = {}, now = late) =>
    decide({ channel: { ...channel, ...of }, manifest }, { ...box, ...change }, now).kind
  t.equal(says({}), 'now')
  t.equal(says({ number: 57 }, { paused: true }), 'current')
  t.equal(says({ number: 58 }), 'older')
  t.equal(says({ pin: '0.3.0' }, { paused: true }), 'pinned')
  t.equal(says({ pin: '0.4.0' }), 'now')
  t.equal(says({}, { paused: true }), 'paused')
  t.equal(says({}, { minFrom: 51 }), 'needs-another-first')
  t.equal(says({}, {}, begin + 100 * HOUR_MS), 'before-wave')
  t.equal(says({}, { waves: [], notBefore: late + 1 }), 'before-wave')
  const window = parseWindow('02:00-05:00')
  t.equal(says({ window }), 'before-window')
  t.equal(says({ window }, {}, at('2026-12-20T02:30')), 'now')
})
