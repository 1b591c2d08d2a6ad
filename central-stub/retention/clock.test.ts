import fc from 'fast-check'
import t from 'tap'
import { DAY_MS, HOUR_MS } from './calendar.ts'
import { advance, type ClockState, confirm } from './clock.ts'

const MINUTE_MS = 60_000
const start = Date.parse('2026-12-01T12:00Z')

/** A machine whose clock can be set: each reading a minute after the one before. */
class Machine {
  wallMs = start
  monotonicMs = 5 * HOUR_MS
  boot = 'first'
  state: ClockState | undefined

  run(minutes: number): number {
    for (let minute = 0; minute < minutes; minute++) {
      this.wallMs += MINUTE_MS
      this.monotonicMs += MINUTE_MS
      this.state = advance(this.state, this)
    }
    return this.state?.deletionMs ?? 0
  }
}

t.test('goes with a clock that is right, also when it is corrected a little', async t => {
  const machine = new Machine()
  t.equal(machine.run(60), machine.wallMs)
  machine.wallMs += 9_000
  t.equal(machine.run(1), machine.wallMs)
})

t.test('a clock that jumps forward deletes nothing early: only after an hour of keeping to it is it believed', async t => {
  for (const [jumpMs, minutes] of [
    [HOUR_MS, 60],
    [6 * DAY_MS, 60],
    [300 * DAY_MS, 24 * 60],
  ]) {
    const machine = new Machine()
    machine.run(10)
    const right = machine.wallMs
    machine.wallMs += jumpMs
    t.equal(machine.run(minutes), right + minutes * MINUTE_MS, `${jumpMs / HOUR_MS} h: not yet`)
    t.ok(machine.state?.ahead)
    t.equal(machine.run(1), machine.wallMs, 'now')
  }
})

t.test('a jump that is taken back in time leaves no trace, and one that jumps again waits again', async t => {
  const machine = new Machine()
  machine.run(10)
  machine.wallMs += 10 * DAY_MS
  machine.run(50)
  machine.wallMs -= 10 * DAY_MS
  t.equal(machine.run(1), machine.wallMs)
  t.equal(machine.state?.ahead, undefined)
  const right = machine.wallMs
  machine.wallMs += DAY_MS
  machine.run(50)
  machine.wallMs += DAY_MS
  t.equal(machine.run(50), right + 100 * MINUTE_MS)
})

t.test('a clock set back keeps nothing for ever: deletion goes on with the time that really passes', async t => {
  const machine = new Machine()
  machine.run(10)
  const right = machine.wallMs
  machine.wallMs -= 400 * DAY_MS
  t.equal(machine.run(24 * 60), right + DAY_MS)
})

t.test('within one boot a pause of central is no jump, however long', async t => {
  const machine = new Machine()
  machine.run(10)
  machine.wallMs += 30 * DAY_MS
  machine.monotonicMs += 30 * DAY_MS
  t.equal(machine.run(1), machine.wallMs)
})

t.test('after another boot a pause of up to an hour is believed, a longer one is confirmed first', async t => {
  const machine = new Machine()
  machine.run(10)
  machine.boot = 'second'
  machine.monotonicMs = 0
  machine.wallMs += 50 * MINUTE_MS
  t.equal(machine.run(1), machine.wallMs)
  const before = machine.wallMs
  machine.boot = 'third'
  machine.monotonicMs = 0
  machine.wallMs += 5 * HOUR_MS
  t.equal(machine.run(1), before, 'time stood still while nobody watched')
  t.equal(machine.run(60), machine.wallMs)
})

t.test('the operator can confirm at once, and cannot turn deletion back', async t => {
  const machine = new Machine()
  machine.run(10)
  machine.wallMs += 30 * DAY_MS
  machine.run(1)
  machine.state = confirm(machine.state, machine)
  t.equal(machine.run(1), machine.wallMs)
  const highest = machine.wallMs
  machine.wallMs -= 60 * DAY_MS
  machine.state = confirm(machine.state, machine)
  t.equal(machine.state.deletionMs, highest)
})

t.test('the time of deletion never goes back, and never ahead of both clocks', async t => {
  const step = fc.record({
    minutes: fc.integer({ min: 1, max: 90 }),
    setMs: fc.integer({ min: -40 * DAY_MS, max: 40 * DAY_MS }),
    boots: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), steps => {
      const machine = new Machine()
      let [last, highest] = [machine.run(1), machine.wallMs]
      for (const { minutes, setMs, boots } of steps) {
        machine.wallMs += setMs
        if (boots) machine.monotonicMs = 0
        if (boots) machine.boot += '+'
        for (let i = 0; i < minutes; i++) {
          const next = machine.run(1)
          highest = Math.max(highest + MINUTE_MS, machine.wallMs)
          if (next < last || next > highest) return false
          last = next
        }
      }
      return true
    }),
  )
  t.pass('for any sequence of jumps, pauses and boots')
})
