import t from 'tap'
import { advice, fault } from '../errors.ts'
import { checks, findingsOf } from './checks.ts'
import type { Facts } from './facts.ts'
import { statusOf } from './status.ts'
import { findingSchema, statusSchema } from './status-schema.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const minutesAgo = (minutes: number): number => now - minutes * 60_000
const counts = { received: 5, merged: 0, dropped: {}, droppedTotal: 0, ignored: 5, unreadable: 0, waiting: 0, spooled: 0, sent: 0, shed: 0 }

const nothingLost = { connectionsCut: 0, bytesCut: 0, deafSeconds: 0 }

/** An enrolled box on which all is well. */
const well: Facts = {
  now,
  version: '1.2.3',
  startedAtMs: minutesAgo(90),
  process: { residentBytes: 100_000_000, cpuSeconds: 12, longestStallSinceStartMs: 1400, longestStallLastHourMs: 4 },
  canary: { nonce: null, count: 0, ageSeconds: null, own: { sentAgeSeconds: null, returnedAgeSeconds: null } },
  dataPath: { isWatched: true, ways: ['udp'], ageMs: 4000, fault: undefined, restartedAtMs: 0 },
  settingsFault: undefined,
  settingsNotices: [],
  central: { url: 'https://central.example', pinCount: 2 },
  identity: { device: '00000000-0000-4000-8000-000000000001', certificateUntilMs: now, fault: undefined },
  uplink: { lastReceiptAtMs: minutesAgo(1), lastReceipt: undefined, waitingSinceMs: 0, bytesSent: 700, failure: undefined, retryAtMs: 0 },
  update: undefined,
  isPackage: false,
  queue: { batches: 0, bytes: 0, quotaBytes: 2 ** 31 },
  diskFault: undefined,
  ledger: { tornBytes: 0, damage: [] },
  storedFaults: [],
  spoolDamage: { told: [], count: 0 },
  clock: { jumps: 0, lastJumpMs: 0 },
  wasStoppedCleanly: true,
  gateways: [
    {
      number: 1,
      address: '192.0.2.1',
      product: 'Fortinet FortiGate',
      messages: 4,
      parsed: 3,
      messagesPerSecond: 0.26,
      lastMessageAtMs: minutesAgo(1),
      clockOffsetMs: -90_040,
    },
  ],
  accounting: [{ input: 'udp', ...counts, unaccounted: 0, kernelLost: 0, ...nothingLost }],
  sources: [{ name: 'udp', address: '[::]:514', counters: {} }],
  sourceFaults: [],
  products: [{ product: 'fortigate', claimed: 4, unreadable: 1 }],
  refused: { oversize: 0 },
  unreadableShapes: [],
  forgottenSources: 0,
  readingFaults: { count: 0, last: '' },
}

const offered = { kind: 'now', text: '', offered: { version: '1.3.0', number: 9 }, learntAt: null, fault: null, release: null }
const failure = { sinceMs: minutesAgo(10), atMs: minutesAgo(1) }

/** What makes each check fire, and what it then says. */
const cases: Record<keyof typeof checks, { readonly over: Partial<Facts>; readonly finds: readonly object[] }[]> = {
  settings: [
    { over: { settingsFault: fault('settings-wrong', 'cyberalarm.conf:1: x') }, finds: [{ code: 'settings-wrong', severity: 'problem' }] },
  ],
  settingsOfNewer: [
    { over: { settingsNotices: ['cyberalarm.conf:2: x'] }, finds: [{ code: 'settings-unknown', severity: 'information' }] },
  ],
  central: [
    {
      over: { central: { url: '', pinCount: 0 } },
      finds: [{ code: 'central-not-set', detail: /^central\.url and central\.pins are not set/ }],
    },
    { over: { central: { url: '', pinCount: 1 } }, finds: [{ code: 'central-not-set', detail: /^central\.url is not set/ }] },
    {
      over: { central: { url: 'https://central.example', pinCount: 0 } },
      finds: [{ code: 'central-not-set', severity: 'problem', detail: /^central\.pins is not set/ }],
    },
  ],
  identity: [
    {
      over: { identity: { device: undefined, certificateUntilMs: undefined, fault: undefined } },
      finds: [{ code: 'not-enrolled', severity: 'problem' }],
    },
    {
      over: { identity: { device: undefined, certificateUntilMs: undefined, fault: fault('identity-damaged', 'cannot use it') } },
      finds: [{ code: 'identity-damaged', severity: 'problem', detail: 'cannot use it' }],
    },
  ],
  certificate: [
    {
      over: { identity: { ...well.identity, certificateUntilMs: now - 1 } },
      finds: [{ code: 'certificate-expired', severity: 'problem', detail: /on 2026-11-20 11:59 UTC$/ }],
    },
  ],
  sources: [
    {
      over: { sourceFaults: [fault('native-missing', 'no addon'), fault('listen-failed', 'port 514')] },
      finds: [
        { code: 'native-missing', severity: 'warning' },
        { code: 'listen-failed', severity: 'problem', detail: 'port 514' },
      ],
    },
  ],
  uplink: [
    {
      over: { uplink: { ...well.uplink, failure: { ...fault('central-unreachable', 'no route'), ...failure } } },
      finds: [{ code: 'central-unreachable', severity: 'problem', detail: 'no route', since: '2026-11-20T11:50:00.000Z' }],
    },
    {
      over: { uplink: { ...well.uplink, failure: { ...fault('central-busy', '503'), ...failure } } },
      finds: [{ code: 'central-busy', severity: 'warning' }],
    },
  ],
  receipts: [
    { over: { uplink: { ...well.uplink, waitingSinceMs: minutesAgo(14) } }, finds: [] },
    {
      over: { uplink: { ...well.uplink, waitingSinceMs: minutesAgo(15) }, queue: { ...well.queue, batches: 3 } },
      finds: [{ code: 'receipt-missing', severity: 'problem', detail: /^3 batches wait/, since: '2026-11-20T11:45:00.000Z' }],
    },
  ],
  disk: [{ over: { diskFault: fault('disk-full', 'cannot write x') }, finds: [{ code: 'disk-full', severity: 'problem' }] }],
  dataPath: [
    {
      over: { dataPath: { ...well.dataPath, fault: fault('data-path-cut', 'it did not come back over udp') } },
      finds: [{ code: 'data-path-cut', severity: 'problem', detail: /over udp$/ }],
    },
  ],
  watchdog: [
    { over: { dataPath: { ...well.dataPath, restartedAtMs: minutesAgo(1441) } }, finds: [] },
    {
      over: { dataPath: { ...well.dataPath, restartedAtMs: minutesAgo(60) } },
      finds: [{ code: 'watchdog-restarted', severity: 'warning', detail: /on 2026-11-20 11:00 UTC/ }],
    },
  ],
  accounting: [
    {
      over: { accounting: [{ input: 'tcp', ...counts, unaccounted: 1, kernelLost: null, ...nothingLost }] },
      finds: [{ code: 'accounting-wrong', severity: 'problem', detail: /tcp by 1 message$/ }],
    },
  ],
  reading: [
    {
      over: { readingFaults: { count: 2, last: 'x is undefined' } },
      finds: [{ code: 'reading-failed', severity: 'problem', detail: /2 messages; last reason: x is undefined$/ }],
    },
  ],
  clock: [
    {
      over: { clock: { jumps: 1, lastJumpMs: -3_600_400 } },
      finds: [{ code: 'clock-jumped', severity: 'warning', detail: /1 time .* last by -3600 s$/ }],
    },
  ],
  stalls: [
    {
      over: { process: { ...well.process, longestStallLastHourMs: 2430 } },
      finds: [{ code: 'agent-stalled', severity: 'warning', detail: /^For 2\.4 s within the last hour/ }],
    },
  ],
  update: [
    {
      over: { isPackage: true, update: offered },
      finds: [
        { code: 'update-available', severity: 'warning', detail: 'CyberAlarm 1.3.0 is there; this machine has 1.2.3', advice: /apt.*dnf/ },
      ],
    },
    {
      over: { update: { ...offered, release: { state: 'taken-back', version: '1.3.0', number: 9, text: 'It crashed.' } } },
      finds: [{ code: 'update-taken-back', detail: 'Release 1.3.0 was taken back: It crashed.' }],
    },
    {
      over: { update: { ...offered, release: { state: 'refused', version: '1.3.0', number: 9, text: 'One signature.' } } },
      finds: [{ code: 'update-refused', detail: /One signature/ }],
    },
  ],
  updateFails: [
    {
      over: { update: { ...offered, fault: { code: 'update-expired', detail: 'x', since: new Date(minutesAgo(5000)).toISOString() } } },
      finds: [{ code: 'update-expired', severity: 'warning', advice: advice['update-expired'] }],
    },
  ],
  lastStop: [{ over: { wasStoppedCleanly: false }, finds: [{ code: 'stopped-uncleanly', severity: 'warning', detail: /2 s .* 10 s/ }] }],
  ledgerFile: [
    {
      over: { ledger: { tornBytes: 0, damage: ['/var/x:7 is not what was written', 'the counts are those of 12:00'] } },
      finds: [
        { code: 'ledger-set-aside', severity: 'warning', detail: /\/var\/x:7 is not what was written; the counts are those of 12:00$/ },
      ],
    },
  ],
  storedFiles: [
    { over: { storedFaults: [fault('file-restored', 'x was missing')] }, finds: [{ code: 'file-restored', severity: 'warning' }] },
    { over: { storedFaults: [fault('file-lost', 'x is gone')] }, finds: [{ code: 'file-lost', severity: 'problem' }] },
  ],
  spoolFiles: [
    {
      over: { spoolDamage: { told: ['/var/1.batch is damaged', 'batches 1 to 1 are missing'], count: 2 } },
      // one file, of which two things are said
      finds: [{ code: 'spool-damaged', severity: 'warning', detail: /damaged: \/var\/1\.batch is damaged; batches 1 to 1 are missing$/ }],
    },
    {
      over: { spoolDamage: { told: ['/var/1.batch is damaged'], count: 3 } },
      finds: [{ code: 'spool-damaged', severity: 'warning', detail: /1\.batch is damaged; and 2 more$/ }],
    },
  ],
  ledgerEnd: [
    {
      over: { ledger: { tornBytes: 17, damage: [] } },
      finds: [{ code: 'ledger-torn', severity: 'information', detail: /17 bytes/ }],
    },
  ],
  gateways: [
    { over: { gateways: [{ ...well.gateways[0], number: 0, lastMessageAtMs: minutesAgo(61) }] }, finds: [] },
    {
      over: { gateways: [...well.gateways, { ...well.gateways[0], number: 0, messages: 7 }] },
      finds: [{ code: 'gateways-too-many', severity: 'warning', detail: /: 7 messages from the others/ }],
    },
  ],
  forgottenSources: [
    { over: { forgottenSources: 1 }, finds: [{ code: 'sources-forgotten', severity: 'warning', detail: /^1 blocked source was/ }] },
  ],
}

t.test('all is well on a box where all is well, up to the moment its certificate expires', async t => {
  t.same(findingsOf(well), [])
  t.same(Object.keys(cases), Object.keys(checks), 'each check has its cases')
})

for (const [name, check] of Object.entries(checks))
  t.test(`${name}: says it where it is so, and nothing where it is not`, async t => {
    t.same([check(well) ?? []].flat(), [])
    for (const { over, finds } of cases[name] ?? []) {
      const found = findingsOf({ ...well, ...over })
      t.match(found, finds)
      t.equal(found.length, finds.length, 'and no other check says anything')
      for (const one of found) {
        t.equal(one.advice, advice[one.code as keyof typeof advice], 'the advice of the table')
        t.same(findingSchema.parse(one), one)
      }
    }
  })

t.test('what is missing first is said first: a central, then the enrolment', async t => {
  const found = findingsOf({
    ...well,
    central: { url: '', pinCount: 0 },
    identity: { device: undefined, certificateUntilMs: undefined, fault: undefined },
    wasStoppedCleanly: false,
  })
  t.same(
    found.map(({ code }) => code),
    ['central-not-set', 'not-enrolled', 'stopped-uncleanly'],
  )
})

t.test('one full disk that is met on two ways is said once', async t => {
  const full = fault('disk-full', 'cannot write x')
  t.equal(findingsOf({ ...well, diskFault: full, uplink: { ...well.uplink, failure: { ...full, ...failure } } }).length, 1)
})

t.test('the status is made of the facts, and fits its schema', async t => {
  const status = statusOf({ ...well, uplink: { ...well.uplink, failure: { ...fault('central-busy', '503'), ...failure } } })
  t.same(statusSchema.parse(JSON.parse(JSON.stringify(status))), status)
  t.match(status, {
    startedAt: '2026-11-20T10:30:00.000Z',
    findings: [{ code: 'central-busy' }],
    central: { failure: { code: 'central-busy', since: '2026-11-20T11:50:00.000Z', at: '2026-11-20T11:59:00.000Z' }, retryAt: null },
    products: [{ product: 'fortigate', claimed: 4, unreadable: 1 }],
    gateways: [{ parsed: 0.75, messagesPerSecond: 0.3, clockOffsetSeconds: -90 }],
  })
  const [gateway] = well.gateways
  t.equal(statusOf({ ...well, gateways: [{ ...gateway, clockOffsetMs: Number.NaN }] }).gateways[0].clockOffsetSeconds, null)
  t.equal(statusOf({ ...well, gateways: [{ ...gateway, messages: 0, parsed: 0 }] }).gateways[0].parsed, 0)
})
