import t from 'tap'
import * as z from 'zod'
import { encodeReport, type HealthReport } from '../../agent/health/report/wire.ts'
import { boxesText, lookAt } from '../operator/boxes.ts'
import { Register } from '../register/register.ts'
import { BoxHealth } from './health.ts'

const report = (level: 'ok' | 'warn' | 'bad', more: Partial<HealthReport> = {}): Buffer =>
  encodeReport({
    at: 0,
    release: 57,
    system: 0,
    slot: 'none',
    upSeconds: 1,
    machineUpSeconds: 1,
    deafSeconds: 0,
    lost: 0,
    gatewayCount: 0,
    checks: [
      { number: 23, level, value: 4 },
      { number: 200, level: 'ok', value: 1 },
    ],
    gateways: [],
    ...more,
  })

t.test('keeps the last report of a box and what changed, also after a restart', async t => {
  const folder = t.testdir()
  const register = Register.open(folder)
  const health = new BoxHealth()
  const minute = 60_000
  health.take('a', report('ok'), minute)
  health.take('a', report('bad'), 2 * minute)
  health.take('a', report('bad'), 3 * minute)
  health.flush(register, 3 * minute)
  const shape = z.object({ number: z.number(), level: z.string(), value: z.number() })
  t.same(register.read(shape, 'SELECT number, level, value FROM health_changes'), [{ number: 23, level: 'bad', value: 4 }])
  const again = new BoxHealth()
  again.load(register)
  t.match(again.of('a'), { receivedAt: 3 * minute, report: { release: 57 } })
  register.close()
})

t.test(
  'refuses what no box writes, and more than three a minute; a box that changes all the time is written down a hundred times',
  async t => {
    const register = Register.open(t.testdir())
    const health = new BoxHealth()
    t.throws(() => health.take('a', Buffer.from('nonsense'), 0), { code: 'body-malformed' })
    t.equal(health.of('a'), undefined)
    for (let i = 0; i < 9; i++) health.take('a', report('ok'), 0)
    t.throws(() => health.take('a', report('ok'), 0), { code: 'device-busy', status: 429 })
    for (let i = 0; i < 300; i++) health.take('b', report(i % 2 === 0 ? 'ok' : 'bad'), i * 20_000)
    health.flush(register, 0)
    const [{ count }] = register.read(z.object({ count: z.number() }), 'SELECT count(*) AS count FROM health_changes')
    t.ok(count >= 100 && count < 115, `${count} changes`)
    register.close()
  },
)

t.test('the operator reads the words of the box, who is offline, and what only a newer release knows', async t => {
  const now = Date.parse('2026-11-30T12:00:00Z')
  const health = new BoxHealth()
  health.take(
    'a',
    report('bad', {
      checks: [
        { number: 23, level: 'bad', value: 4 },
        { number: 200, level: 'warn', value: 1 },
      ],
    }),
    now - 60_000,
  )
  const state = {
    device: 'a',
    member: 'St Example',
    reportedAt: new Date(now - 60_000).toISOString(),
    report: health.of('a')?.report ?? null,
  }
  const look = lookAt(state, now)
  t.equal(look.state, 'bad')
  const text = boxesText([look, lookAt({ device: 'b', member: 'm', reportedAt: null, report: null }, now)], now)
  t.match(text, /Of the disk with the data only 4 % is free \[disk-low\]\n +Give the box a larger disk/)
  t.match(text, /A check of a newer release \(number 200\) says warn, with the value 1/)
  t.match(text, /NO REPORT YET {2}m {2}b/)
  t.match(
    boxesText([lookAt(state, now + 16 * 60_000)], now + 16 * 60_000),
    /^1 offline\n\nOFFLINE[\s\S]*has not reported for 15 minutes[\s\S]*\[disk-low\]/,
  )
})
