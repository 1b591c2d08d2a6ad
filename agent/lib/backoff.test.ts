import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import t from 'tap'
import { backoffMs, pause } from './backoff.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const failures = fc.integer({ min: 1, max: 100_000 })

t.test('waits between half a second and five minutes, longer after more failures', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(failures, random, (count, chance) => {
        const wait = backoffMs(count, chance)
        assert.ok(wait >= 500 && wait < 300_000, `${wait} ms after ${count} failures`)
        assert.ok(backoffMs(count + 1, chance) >= wait)
      }),
    ),
  )
})

t.test('spreads the boxes that lost the same server over most of the time', async t => {
  for (const count of [1, 5, 50]) t.ok(backoffMs(count, 0.999) > backoffMs(count, 0) * 3.9, `after ${count}`)
})

t.test('never comes back before the time that the server asked for, up to an hour', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(failures, random, fc.double({ min: 0, max: 1e9, noNaN: true }), (count, chance, asked) => {
        const wait = backoffMs(count, chance, asked)
        assert.ok(wait >= Math.min(3_600_000, asked * 1000))
        assert.ok(wait <= 3_600_000 + 300_000, 'and no server sends it away for good')
      }),
    ),
  )
})

t.test('a pause ends at once when it is aborted, and leaves no listener behind', async t => {
  const before = AbortSignal.abort()
  await pause(60_000, before)
  const ending = new AbortController()
  const paused = pause(60_000, ending.signal)
  ending.abort()
  await paused
  const lasting = new AbortController().signal
  await pause(1, lasting)
  t.equal(getEventListeners(lasting, 'abort').length, 0)
})
