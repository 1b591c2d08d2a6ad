import t from 'tap'
import { Notifier } from './notifier.ts'

t.test('wakes the waiting loop: by notify, by time, by abort', async t => {
  const notifier = new Notifier()
  const ending = new AbortController()
  let woken = 0
  const waiting = (ms: number) => notifier.wait(ms, ending.signal).then(() => woken++)
  const first = waiting(60_000)
  notifier.notify()
  await first
  await waiting(1)
  const last = waiting(60_000)
  t.equal(woken, 2)
  ending.abort()
  await last
  await waiting(60_000)
  t.equal(woken, 4, 'after the abort nothing waits any more')
  notifier.notify()
})
