// What is told to systemd second by second: only what was just shown, and no restart where a restart mends nothing.
import t from 'tap'
import { fault } from '../errors.ts'
import { type Seen, Watchdog, watchdogMs } from './watchdog.ts'

const SECOND = 1000

/** An agent and its systemd: what happens to it is a function of the second. */
function watched(change: (second: number) => Partial<Seen> & { readonly isCut?: boolean; readonly traffic?: number }, timeoutMs = 30_000) {
  const watchdog = new Watchdog(timeoutMs, 0)
  const codes = new Map<number, string>()
  let isSent = false
  let messages = 0
  let told = 0
  return {
    codes,
    watchdog,
    /** The second in which systemd restarts it; undefined if it does not until then. */
    run: (until: number): number | undefined => {
      for (let second = 1; second <= until; second++) {
        if (second * SECOND - told >= timeoutMs) return second
        const { isCut = false, traffic = 0, now = second * SECOND, ...seen } = change(second)
        if (Number.isNaN(now)) continue // the loop is not free
        messages += traffic
        const ways = [{ name: 'udp', isReturned: isSent && !isCut, messages }]
        const steps = watchdog.look({ now, ways, persistingSince: undefined, diskFault: undefined, ...seen })
        if (steps.includes('alive')) told = now
        if (steps.includes('send')) isSent = !isCut
        codes.set(second, watchdog.fault?.code ?? '')
      }
      return undefined
    },
  }
}

t.test('while test messages come back, nothing is restarted', async t => {
  const one = watched(() => ({}))
  t.equal(one.run(600), undefined)
  t.same(new Set(one.codes.values()), new Set(['']))
  t.equal(watched(() => ({}), 5000).run(600), undefined, 'with a short time too')
})

t.test('a way that worked and is cut: restarted in the time of systemd, and said before', async t => {
  const one = watched(second => ({ isCut: second > 60 }))
  const restart = one.run(600) ?? Number.NaN
  t.ok(restart > 80 && restart <= 60 + 30, `after ${restart - 60} s`)
  t.equal(one.codes.get(restart - 1), 'data-path-cut')
})

t.test('a test message that is lost now and then restarts nothing', async t => {
  t.equal(watched(second => ({ isCut: second % 30 < 9 })).run(600), undefined)
})

t.test('overload: test messages are dropped with the others, but others are read', async t => {
  t.equal(watched(second => ({ isCut: second > 60, traffic: 100 })).run(600), undefined)
  const stopped = watched(second => ({ isCut: second > 60, traffic: second < 120 ? 100 : 0 }))
  const restart = stopped.run(600) ?? Number.NaN
  t.ok(restart > 130 && restart <= 150, 'until none are read either')
})

t.test('a way that never worked restarts nothing, and is said; traffic shows that it works', async t => {
  const one = watched(second => ({ isCut: true, traffic: second > 100 ? 1 : 0 }))
  t.equal(one.run(600), undefined)
  t.equal(one.codes.get(90), 'data-path-unproven')
  t.equal(one.codes.get(200), '')
  t.ok(one.watchdog.provenAt >= 599 * SECOND)
})

t.test('no listener for test messages: loop and disk only', async t => {
  const one = watched(() => ({ ways: [] }))
  t.equal(one.run(600), undefined)
  t.ok(Number.isNaN(one.watchdog.provenAt))
})

t.test('a batch that does not get to the disk, without an error, restarts the agent; a full disk and many batches do not', async t => {
  const stuck = watched(second => (second > 60 ? { persistingSince: 60 * SECOND } : {}))
  const restart = stuck.run(600) ?? Number.NaN
  t.ok(restart > 60 + 60 && restart <= 60 + 60 + 30, `after ${restart - 60} s`)
  t.equal(stuck.codes.get(restart - 1), 'disk-stuck')
  const full = fault('disk-full', 'no space left')
  t.equal(watched(() => ({ persistingSince: 1, diskFault: full })).run(600), undefined)
  t.equal(watched(second => ({ persistingSince: second * SECOND })).run(600), undefined, 'always writing, never the same')
  const freed = watched(second => ({ persistingSince: 1, diskFault: second < 300 ? full : undefined }))
  const stillStuck = freed.run(600) ?? Number.NaN
  t.ok(stillStuck > 350 && stillStuck <= 391, 'counted from when there was no reason any more')
})

t.test('a loop that is late again and again restarts the agent; one of 9 s does not', async t => {
  const busy = (from: number, each: number, free: number) => (second: number) =>
    second > from && (second - from) % each < each - free ? { now: Number.NaN } : {}
  const one = watched(busy(60, 13, 1))
  const restart = one.run(600) ?? Number.NaN
  t.ok(restart > 60 && restart <= 60 + 31, `after ${restart - 60} s`)
  t.equal([...one.codes.values()].at(-1), 'agent-stalled')
  t.equal(watched(second => (second > 60 && second < 69 ? { now: Number.NaN } : {})).run(600), undefined)
  t.equal(watched(second => (second > 60 ? { now: Number.NaN } : {})).run(600) !== undefined, true, 'one that never comes back is')
})

t.test('only systemd that started this very process is told', async t => {
  const of = (environment: Record<string, string>) => watchdogMs({ NOTIFY_SOCKET: '/run/systemd/notify', ...environment }, 7)
  t.equal(of({}), undefined)
  t.equal(of({ LISTEN_PID: '8', SYSTEMD_EXEC_PID: '8' }), undefined, 'inherited')
  t.equal(watchdogMs({ SYSTEMD_EXEC_PID: '7' }, 7), undefined)
  t.equal(of({ LISTEN_PID: '7' }), 30_000)
  t.equal(of({ SYSTEMD_EXEC_PID: '7' }), 30_000)
  t.equal(of({ WATCHDOG_PID: '7', WATCHDOG_USEC: '5000000' }), 5000, 'WatchdogSec= of the unit')
  t.equal(of({ SYSTEMD_EXEC_PID: '7', WATCHDOG_USEC: '5000000' }), 5000, 'Environment= of the unit')
  t.equal(of({ SYSTEMD_EXEC_PID: '7', WATCHDOG_PID: '8', WATCHDOG_USEC: '5000000' }), 30_000)
  t.equal(of({ WATCHDOG_PID: '7', WATCHDOG_USEC: 'x' }), 30_000)
})
