import t from 'tap'
import { advice, fault } from '../errors.ts'
import { checks, outcomesOf } from './checks/index.ts'
import type { Facts } from './facts.ts'
import { findingsOf } from './findings.ts'
import { type CheckName, checkNames, checkWords, wordsOf } from './report/words.ts'
import { statusOf } from './status.ts'
import { findingSchema, statusSchema } from './status-schema.ts'
import { cases, failure, uplink } from './test-cases.ts'
import { well } from './test-well.ts'

/** The only one that nothing makes fire: a number for people. */
const silent: readonly CheckName[] = ['gateway-new']

t.test('all is well on a box where all is well', async t => {
  t.same(findingsOf(outcomesOf(well)), [])
})

for (const name of checkNames)
  t.test(`${name}: says it where it is so, and nothing where it is not`, async t => {
    t.ok(['ok', 'unknown'].includes(checks[name](well).level))
    t.equal(checkWords[name].measures !== '' && cases[name].some(([, ...finds]) => finds.length > 0), !silent.includes(name))
    for (const [over, ...finds] of cases[name]) {
      const outcomes = outcomesOf({ ...well, ...over })
      const found = findingsOf(outcomes)
      t.match(found, finds)
      t.equal(found.length, finds.length, `and no other check says anything: ${JSON.stringify(found)}`)
      const said = wordsOf(checkWords[name].number, outcomes[name].level, outcomes[name].value)
      for (const one of found.filter(({ severity, code }) => severity !== 'information' && (finds.length === 1 || code === said.code)))
        t.ok(one.detail.startsWith(said.text), `central says the same: ${said.text}`)
      for (const one of found) {
        t.equal(one.advice, advice[one.code as keyof typeof advice], 'the advice of the table')
        t.same(findingSchema.parse(one), one)
      }
    }
  })

t.test('nothing is known of a machine that says nothing, and that passes for nothing', async t => {
  const nothing = Object.fromEntries(Object.keys(well.machine).map(name => [name, undefined])) as unknown as Facts['machine']
  const { identity } = well
  const outcomes = outcomesOf({
    ...well,
    machine: nothing,
    release: undefined,
    tlsCertificateUntilMs: undefined,
    dataPath: { ...well.dataPath, ageMs: undefined },
    update: undefined,
    releaseMadeAtMs: undefined,
    identity: { ...identity, certificateUntilMs: undefined },
    ...uplink({ clockErrorMs: undefined }),
  })
  const unknown = [
    'disk',
    'disk-errors',
    'memory',
    'memory-pressure',
    'memory-exhausted',
    'temperature',
    'clock',
    'certificate',
    'tls-certificate',
  ]
  for (const name of [...unknown, 'update', 'slots', 'update-metadata', 'release', 'data-path'] as CheckName[])
    t.equal(outcomes[name].level, 'unknown', name)
  t.same(findingsOf(outcomes), [])
})

t.test('what is missing first is said first: a central, then the enrolment', async t => {
  const found = findingsOf(
    outcomesOf({
      ...well,
      central: { url: '', pinCount: 0 },
      identity: { device: undefined, certificateUntilMs: undefined, fault: undefined },
      wasStoppedCleanly: false,
    }),
  )
  t.same(
    found.map(({ code }) => code),
    ['central-not-set', 'not-enrolled', 'stopped-uncleanly'],
  )
})

t.test('one full disk that is met on two ways is said once', async t => {
  const full = fault('disk-full', 'cannot write x')
  t.equal(findingsOf(outcomesOf({ ...well, diskFault: full, uplink: { ...well.uplink, failure: { ...full, ...failure } } })).length, 1)
})

const statusFor = (facts: Facts) => statusOf(facts, outcomesOf(facts))

t.test('the status is made of the facts, and fits its schema', async t => {
  const status = statusFor({ ...well, uplink: { ...well.uplink, failure: { ...fault('central-busy', '503'), ...failure } } })
  t.same(statusSchema.parse(JSON.parse(JSON.stringify(status))), status)
  t.match(status, {
    startedAt: '2026-11-20T10:30:00.000Z',
    findings: [{ code: 'central-busy' }],
    central: { failure: { code: 'central-busy', since: '2026-11-20T11:50:00.000Z', at: '2026-11-20T11:59:00.000Z' }, retryAt: null },
    products: [{ product: 'fortigate', claimed: 4, unreadable: 1 }],
    gateways: [{ parsed: 0.9975, messagesPerSecond: 0.3, clockOffsetSeconds: -40, level: 'ok' }],
  })
  t.equal(statusFor({ ...well, gateways: [{ ...well.gateways[0], clockOffsetMs: Number.NaN }] }).gateways[0].clockOffsetSeconds, null)
  t.equal(statusFor({ ...well, gateways: [{ ...well.gateways[0], messages: 0, parsed: 0 }] }).gateways[0].parsed, 0)
})
