import t from 'tap'
import { Clock, EventRecord } from '../event.ts'
import { Message } from '../message.ts'
import { GatewayClock } from './gateway-clock.ts'

const now = Date.UTC(2026, 10, 21, 12, 0, 0)
const hour = 3_600_000

function resolve(
  clock: GatewayClock,
  body: [time: number, kind: number] | null,
  header: [time: number, kind: number] | null,
  at = now,
): number {
  const event = new EventRecord()
  const message = new Message()
  if (body !== null) [event.time, event.clock] = body
  if (header !== null) [message.time, message.clock] = header
  clock.resolve(event, message, at)
  const isExact = [Clock.exact, Clock.noYear].some(clock => clock === ((body ?? header)?.[1] ?? Clock.absent))
  t.equal(event.clock, isExact ? Clock.exact : Clock.inferred)
  return event.time
}

t.test('takes the body before the header, and the arrival if neither states a time', async t => {
  t.equal(resolve(new GatewayClock(), [now - 5000, Clock.exact], [now, Clock.exact]), now - 5000)
  t.equal(resolve(new GatewayClock(), null, [now - 7000, Clock.exact]), now - 7000)
  const clock = new GatewayClock()
  t.equal(resolve(clock, null, null), now)
  t.ok(Number.isNaN(clock.clockOffsetMs), 'a clock that said nothing has no offset')
})

t.test('a line without a year is of the last year that does not put it into the future: December read in January too', async t => {
  const newYear = Date.UTC(2027, 0, 1, 0, 0, 5)
  t.equal(
    resolve(new GatewayClock(), [Date.UTC(1972, 11, 31, 23, 59, 59), Clock.noYear], null, newYear),
    Date.UTC(2026, 11, 31, 23, 59, 59),
  )
  t.equal(resolve(new GatewayClock(), [Date.UTC(1972, 4, 5), Clock.noYear], null), Date.UTC(2026, 4, 5), 'six months back, not six ahead')
  t.equal(resolve(new GatewayClock(), [Date.UTC(1972, 10, 22), Clock.noYear], null), Date.UTC(2026, 10, 22), 'a clock that is a day ahead')
  t.equal(resolve(new GatewayClock(), [Date.UTC(1972, 1, 29), Clock.noYear], null, Date.UTC(2028, 1, 29, 0, 0, 9)), Date.UTC(2028, 1, 29))
})

t.test('a gateway that is a whole number of quarter hours off has shown its zone', async t => {
  const clock = new GatewayClock()
  t.equal(resolve(clock, [now - 2 * hour - 3000, Clock.noZone], null), now - 3000)
  t.equal(Math.round(clock.clockOffsetMs), -3000)
  t.equal(resolve(clock, [now + 60_000 - 2 * hour, Clock.noZone], null, now + 61_000), now + 60_000)
})

t.test('the header with a zone decides about a body without one', async t => {
  t.equal(resolve(new GatewayClock(), [now - 5 * hour, Clock.noZone], [now, Clock.exact], now + 30 * hour), now)
})

t.test('one late message does not change the zone of a gateway, a changed clock does after a minute', async t => {
  const clock = new GatewayClock()
  resolve(clock, [now, Clock.noZone], null)
  t.equal(resolve(clock, [now - hour, Clock.noZone], null), now - hour, 'an hour late, not another zone')
  for (let i = 0; i < 70; i++) resolve(clock, [now + i * 1000 + hour, Clock.noZone], null, now + i * 1000)
  t.equal(clock.zoneMs, -hour, 'summer time began')
})

t.test('old messages that are replayed keep the zone that they state: none', async t => {
  const clock = new GatewayClock()
  for (let i = 0; i < 100; i++)
    t.equal(resolve(clock, [now - 40 * hour + i * 1000, Clock.noZone], null, now + i * 1000), now - 40 * hour + i * 1000)
})
