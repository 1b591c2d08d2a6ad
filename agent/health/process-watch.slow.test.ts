import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { ProcessWatch } from './process-watch.ts'

const SPIN_MS = 250
const spin = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until; );
}
const turns = (): number => performance.nodeTiming.uvMetricsInfo.loopCount

t.test('sees how long the loop stood still, whether there was much to do before or little', async t => {
  for (const isQuiet of [false, true]) {
    const watch = new ProcessWatch()
    watch.start()
    await sleep(300)
    if (isQuiet) watch.tick()
    await sleep(300)
    spin(SPIN_MS)
    await sleep(150)
    const { longestStallSinceStartMs, longestStallLastHourMs } = watch.status
    t.ok(longestStallLastHourMs >= SPIN_MS - 100, `${longestStallLastHourMs} ms`)
    t.equal(longestStallSinceStartMs, longestStallLastHourMs)
    watch.stop()
  }
})

t.test('hardly wakes a process that has nothing to do', async t => {
  const watch = new ProcessWatch()
  watch.start()
  const perSecond: number[] = []
  for (let second = 0; second < 3; second++) {
    const before = turns()
    await sleep(1000)
    watch.tick()
    perSecond.push(turns() - before)
  }
  watch.stop()
  // the first second is looked at closely; on a machine that is busy the others may be too, but not both
  t.ok(Math.min(...perSecond.slice(1)) <= 30, perSecond.join())
})
