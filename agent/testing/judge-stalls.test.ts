import t from 'tap'
import { isForgiven, isTooLong, judgeStalls } from './judge-stalls.ts'

const quietSecond = { longestStallMs: 10, waitedMs: 20, stolenMs: 0 }

t.test("a stall of the agent's own fails, however long it was kept waiting in those seconds", async t => {
  for (const isQuiet of [false, true]) {
    const [, stall] = judgeStalls([quietSecond, { longestStallMs: 300, waitedMs: 900, stolenMs: 40 }], 12, isQuiet)
    t.equal(stall.ownMs, 276)
    t.ok(isTooLong(stall))
  }
})

t.test('one in which the host took as much passes, and is marked', async t => {
  for (const isQuiet of [false, true]) {
    const [, stall] = judgeStalls([quietSecond, { longestStallMs: 300, waitedMs: 0, stolenMs: 300 }], 290, isQuiet)
    t.same([stall.ownMs, isTooLong(stall), isForgiven(stall)], [0, false, true])
  }
})

t.test('one in which other programs had the processors passes, but not on a quiet machine', async t => {
  const samples = [quietSecond, { longestStallMs: 300, waitedMs: 280, stolenMs: 0 }]
  t.notOk(isTooLong(judgeStalls(samples, 200, false)[1]))
  t.ok(isTooLong(judgeStalls(samples, 200, true)[1]))
})

t.test('what took the processors may have been in the second before', async t => {
  const [, stall] = judgeStalls(
    [
      { ...quietSecond, stolenMs: 200 },
      { ...quietSecond, longestStallMs: 210 },
    ],
    200,
    true,
  )
  t.equal(stall.ownMs, 10)
})

t.test('only stalls that are longer than all before are judged; a short one needs nothing forgiven', async t => {
  const stalls = judgeStalls([quietSecond, quietSecond, { ...quietSecond, longestStallMs: 49 }], 0, false)
  t.same(
    stalls.map(({ second, stallMs, ownMs }) => ({ second, stallMs, ownMs })),
    [
      { second: 0, stallMs: 10, ownMs: 10 },
      { second: 2, stallMs: 49, ownMs: 49 },
    ],
  )
  t.notOk(stalls.some(stall => isForgiven(stall) || isTooLong(stall)))
})
