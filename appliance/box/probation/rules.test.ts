// Each rule of probation fires for a release that is worse in this one thing, and for nothing else.
import t from 'tap'
import type { Baseline, FaultCode, Sample } from './facts.ts'
import { paceOf } from './pace.ts'
import { faultOf, unsentSince } from './rules.ts'

const MIB = 1024 * 1024
const pace = paceOf()
const sources = [
  { name: 'udp', address: '[::]:514' },
  { name: 'tcp', address: '[::]:514' },
]
const before: Baseline = {
  version: '1.0.0',
  pid: 10,
  startMs: 700,
  sources,
  hasCanary: true,
  receivedPerSecond: 1000,
  dropsPerSecond: 0,
  anonymousBytes: 60 * MIB,
  processorSecondsPerMessage: 0.00004,
  receipted: 7,
  hasAnswers: true,
  metadata: { root: 1, timestamp: 5 },
}
const said = { running: true as const, version: '1.1.0', sources, canary: { nonce: '', count: 0 }, central: { lastAnswerAt: null } }
const good = (second: number): Sample => ({
  atMs: second * 1000,
  state: 'active',
  pid: 20,
  restarts: 0,
  anonymousBytes: 55 * MIB,
  processorSeconds: 1 + second * 0.04,
  udp: { queuedBytes: 0, drops: 0 },
  ledger: { generation: 100 + second, received: 1000 * second, unaccounted: 0, sequence: 7 + second, receipted: 6 + second },
  isDiskFull: false,
  said,
})
const starting = (second: number): Sample => ({ ...good(second), state: 'activating', pid: 0, said: undefined })
const minute = (change: (sample: Sample, second: number) => Sample = sample => sample): Sample[] =>
  Array.from({ length: 60 }, (_, second) => change(good(second), second))

/** The first fault on the way through the samples, as the judge sees them. */
function judged(samples: readonly Sample[], over: Partial<Baseline> = {}, roundsMissing = 0): FaultCode | 'good' {
  for (let n = 1; n <= samples.length; n++) {
    const fault = faultOf({ before: { ...before, ...over }, pace, samples: samples.slice(0, n), switchedAtMs: 0, roundsMissing })
    if (fault !== undefined) return fault.code
  }
  return 'good'
}

t.test('a release that is as good is kept', async t => {
  t.equal(judged(minute()), 'good')
  t.equal(judged([...[0, 1, 2].map(starting), ...minute().slice(3)]), 'good', 'it may take a while to start')
  const old = { ...good(0), pid: before.pid }
  t.equal(judged([old, starting(1), ...minute().slice(2)]), 'good', 'the old one may still be there at first')
  t.equal(judged(minute(), { anonymousBytes: 0, processorSecondsPerMessage: undefined, hasCanary: false, sources: [] }), 'good')
})

t.test('it has to come up, and to stay', async t => {
  t.equal(judged(Array.from({ length: 25 }, (_, second) => starting(second))), 'not-up')
  const slow = Array.from({ length: 50 }, (_, second) => (second < 28 ? starting(second) : good(second)))
  t.equal(judged(slow), 'not-up')
  t.equal(judged(slow, { startMs: 10_000 }), 'good', 'on a slow machine it has three times what the old one took')
  t.equal(judged(minute((sample, second) => (second < 20 ? sample : { ...sample, pid: 21, restarts: 1 }))), 'restarted')
  t.equal(
    judged([starting(0), { ...starting(1), pid: 20 }, { ...starting(2), pid: 0, restarts: 1 }]),
    'restarted',
    'before it ever answers too',
  )
})

t.test('it has to read what comes, and to lose no more than the old one', async t => {
  const full = { queuedBytes: 2 * MIB, drops: 0 }
  t.equal(
    judged(minute((sample, second) => (second % 4 === 0 ? sample : { ...sample, udp: full }))),
    'good',
    'it may fall behind for a moment',
  )
  t.equal(judged(minute((sample, second) => (second < 10 ? sample : { ...sample, udp: full }))), 'does-not-read')
  const dropping = minute((sample, second) => ({ ...sample, udp: { queuedBytes: 0, drops: second * 15 } }))
  t.equal(judged(dropping), 'loses-messages')
  t.equal(judged(dropping, { dropsPerSecond: 10 }), 'good', 'as many as the old one, and one in a hundred')
  t.equal(judged(minute(), {}, 2), 'data-path')
  t.equal(judged(minute(), { hasCanary: false }, 2), 'good', 'the old one did not return them either')
  t.equal(judged(minute(), {}, 1), 'good')
})

t.test('it has to keep what it counts, and all of it', async t => {
  const still = minute(sample => ({ ...sample, ledger: { ...good(0).ledger, generation: 5 } as Sample['ledger'] }))
  t.equal(judged(still), 'keeps-nothing')
  t.equal(judged(still.map(sample => ({ ...sample, isDiskFull: true }))), 'good', 'a full disk is not its fault')
  const wrong = (second: number) => ({ ...good(second).ledger, unaccounted: 3 }) as Sample['ledger']
  t.equal(judged(minute((sample, second) => (second < 10 ? sample : { ...sample, ledger: wrong(second) }))), 'does-not-add-up')
  t.equal(
    judged(minute((sample, second) => (second === 10 ? { ...sample, ledger: wrong(second) } : sample))),
    'good',
    'a look between two counts',
  )
  const deaf = { ...said, sources: [sources[1]] }
  t.equal(judged(minute(sample => ({ ...sample, said: deaf }))), 'source-missing')
})

t.test('it has to do with what the old one took', async t => {
  t.equal(judged(minute(sample => ({ ...sample, anonymousBytes: 130 * MIB }))), 'memory')
  t.equal(
    judged(minute((sample, second) => ({ ...sample, anonymousBytes: (50 + second) * MIB }))),
    'memory',
    'a leak that is not large yet',
  )
  t.equal(
    judged(minute((sample, second) => ({ ...sample, anonymousBytes: (20 + second * 0.6) * MIB }))),
    'good',
    'it grows up to what is usual',
  )
  t.equal(judged(minute((sample, second) => ({ ...sample, processorSeconds: second * 0.3 }))), 'processor')
  t.equal(
    judged(minute((sample, second) => ({ ...sample, processorSeconds: second * 0.15 }))),
    'good',
    'a fifth of a core is too little to tell',
  )
})

t.test('since when a batch waits', async t => {
  const at = (second: number, sequence: number, receipted: number): Sample => ({
    ...good(second),
    ledger: { ...good(0).ledger, sequence, receipted } as Sample['ledger'],
  })
  t.equal(unsentSince([at(0, 5, 5), at(1, 6, 5), at(2, 7, 5)]), 1000)
  t.equal(unsentSince([at(0, 6, 5), at(1, 7, 6), at(2, 8, 6)]), 1000, 'since the last receipt')
  t.equal(unsentSince([at(0, 6, 5), at(1, 6, 6)]), undefined)
  t.equal(unsentSince([]), undefined)
})
