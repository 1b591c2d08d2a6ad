// For each check what makes it fire, and what it then says.
import { fault } from '../errors.ts'
import type { Facts } from './facts.ts'
import type { CheckName } from './report/words.ts'
import { asked, counts, DAY_MS, daysAgo, minutesAgo, nothingLost, now, well } from './test-well.ts'

export const failure = { sinceMs: minutesAgo(10), atMs: minutesAgo(1) }

export const uplink = (over: Partial<Facts['uplink']>): Partial<Facts> => ({ uplink: { ...well.uplink, ...over } })
const machine = (over: Partial<Facts['machine']>): Partial<Facts> => ({ machine: { ...well.machine, ...over } })
const [gateway] = well.gateways
const ofGateway = (over: Partial<typeof gateway>): Partial<Facts> => ({ gateways: [{ ...gateway, ...over }] })

type Case = readonly [over: Partial<Facts>, ...finds: readonly object[]]
const warning = (code: string, detail: RegExp) => ({ code, severity: 'warning', detail })
const problem = (code: string, detail: RegExp) => ({ code, severity: 'problem', detail })

/** What makes each check fire, and what it then says. Without a finding: a value that is just good enough. */
export const cases: Record<CheckName, readonly Case[]> = {
  settings: [
    [
      { settingsFault: fault('settings-wrong', 'cyberalarm.conf:1: x') },
      problem('settings-wrong', /^Changed settings are not in use: cyberalarm\.conf:1: x$/),
    ],
    [{ settingsNotices: ['cyberalarm.conf:2: x'] }, { code: 'settings-unknown', severity: 'information', detail: 'cyberalarm.conf:2: x' }],
  ],
  'central-set': [
    [{ central: { url: '', pinCount: 0 } }, problem('central-not-set', /: central\.url and central\.pins are not set$/)],
    [{ central: { url: '', pinCount: 1 } }, problem('central-not-set', /: central\.url is not set$/)],
    [{ central: { url: 'https://central.example', pinCount: 0 } }, problem('central-not-set', /: central\.pins is not set$/)],
  ],
  enrolment: [
    [
      { identity: { device: undefined, certificateUntilMs: undefined, fault: undefined } },
      problem('not-enrolled', /^This box is not enrolled: /),
    ],
    [
      { identity: { device: undefined, certificateUntilMs: undefined, fault: fault('identity-damaged', 'cannot use it') } },
      problem('identity-damaged', /: cannot use it$/),
    ],
  ],
  certificate: [
    [{ identity: { ...well.identity, certificateUntilMs: now + 14 * DAY_MS } }],
    [{ identity: { ...well.identity, certificateUntilMs: now + 13.9 * DAY_MS } }, warning('certificate-ends', /in 13 days$/)],
    [{ identity: { ...well.identity, certificateUntilMs: now + 2 * DAY_MS } }, problem('certificate-ends', /in 2 days$/)],
    [{ identity: { ...well.identity, certificateUntilMs: now - 1 } }, problem('certificate-expired', /it ended on 2026-11-20 11:59 UTC$/)],
  ],
  'tls-certificate': [
    [{ tlsCertificateUntilMs: now + 13.5 * DAY_MS }, warning('tls-certificate-ends', /in 13 days$/)],
    [{ tlsCertificateUntilMs: now - DAY_MS }, problem('tls-certificate-ends', /has ended/)],
  ],
  inputs: [
    [
      { sourceFaults: [fault('native-missing', 'no addon'), fault('listen-failed', 'port 514')] },
      warning('native-missing', /: no addon$/),
      problem('listen-failed', /: port 514$/),
    ],
  ],
  central: [
    [
      uplink({ failure: { ...fault('central-unreachable', 'no route'), ...failure } }),
      { ...problem('central-unreachable', /^Central cannot be reached: no route$/), since: '2026-11-20T11:50:00.000Z' },
    ],
    [uplink({ failure: { ...fault('central-busy', '503'), ...failure } }), warning('central-busy', /: 503$/)],
    [uplink({ waitingSinceMs: minutesAgo(5) })],
    [
      { ...uplink({ waitingSinceMs: minutesAgo(6) }), queue: { ...well.queue, batches: 3 } },
      { ...warning('receipt-missing', /^Central has confirmed nothing for 6 min: 3 batches wait$/), since: '2026-11-20T11:54:00.000Z' },
    ],
    [uplink({ waitingSinceMs: minutesAgo(61) }), problem('receipt-missing', /for 61 min/)],
    [uplink({ reportFailure: { ...fault('central-unreachable', 'no route'), sinceMs: minutesAgo(9) } })],
    [
      uplink({ reportFailure: { ...fault('central-unreachable', 'no route'), sinceMs: minutesAgo(11) } }),
      warning('central-unreachable', /no route$/),
    ],
  ],
  'disk-write': [
    [{ diskFault: fault('disk-full', 'cannot write x') }, problem('disk-full', /: cannot write x$/)],
    [uplink({ failure: { ...fault('disk-failed', 'cannot write y'), ...failure } }), problem('disk-failed', /: cannot write y$/)],
  ],
  'disk-errors': [
    [machine({ diskErrors: 3 }), problem('disk-errors', /errors: 3$/)],
    [machine({ isReadOnly: true }), problem('disk-errors', /read-only/)],
  ],
  accounting: [
    [
      { accounting: [{ input: 'tcp', ...counts, unaccounted: 1, kernelLost: null, ...nothingLost }] },
      problem('accounting-wrong', /: 1 message: tcp by 1 message$/),
    ],
  ],
  reading: [
    [{ readingFaults: { count: 2, last: 'x is undefined' } }, problem('reading-failed', /2 messages: last reason: x is undefined$/)],
  ],
  'data-path': [
    [{ dataPath: { ...well.dataPath, ageMs: 16_000 } }, warning('data-path-cut', /for 16 s$/)],
    [
      { dataPath: { ...well.dataPath, fault: fault('data-path-cut', 'it did not come back over udp') } },
      problem('data-path-cut', /over udp$/),
    ],
  ],
  watchdog: [
    [{ dataPath: { ...well.dataPath, restartedAtMs: minutesAgo(1441) } }],
    [{ dataPath: { ...well.dataPath, restartedAtMs: minutesAgo(60) } }, warning('watchdog-restarted', /60 min ago/)],
  ],
  'gateway-silent': [
    [ofGateway({ lastMessageAtMs: minutesAgo(9) })],
    [ofGateway({ lastMessageAtMs: minutesAgo(11) }), warning('gateway-silent', /for 11 min, .*: gateway 1 \(192\.0\.2\.1\) for 11 min$/)],
    [ofGateway({ lastMessageAtMs: minutesAgo(61) }), problem('gateway-silent', /for 61 min/)],
    [ofGateway({ lastMessageAtMs: minutesAgo(300), usualSilenceMs: 2 * 3_600_000 })],
    [ofGateway({ lastMessageAtMs: minutesAgo(600), usualSilenceMs: undefined })],
    [{ missing: [{ ...gateway, number: 2, lastMessageAtMs: minutesAgo(200) }] }, problem('gateway-silent', /: gateway 2 /)],
  ],
  'gateway-unread': [
    [ofGateway({ recent: { messages: 199, parsed: 0 } })],
    [ofGateway({ recent: { messages: 1000, parsed: 899 } }), warning('gateway-unread', /only 89\.9 % can be read: gateway 1 /)],
    [ofGateway({ recent: { messages: 1000, parsed: 499 } }), problem('gateway-unread', /49\.9 %/)],
  ],
  'gateway-clock': [
    [ofGateway({ clockOffsetMs: 61_000 }), warning('gateway-clock', /off by 61 s: gateway 1 /)],
    [ofGateway({ clockOffsetMs: -601_000 }), problem('gateway-clock', /off by 10 min/)],
    [ofGateway({ messages: 100, clockOffsetMs: -601_000 })],
  ],
  'gateways-many': [
    [{ gateways: [gateway, { ...gateway, number: 0, messages: 7 }] }, warning('gateways-too-many', /: 7 messages came from the others$/)],
    [{ gateways: [{ ...gateway, number: 0, lastMessageAtMs: minutesAgo(61) }] }],
  ],
  'gateway-new': [[ofGateway({ sinceMs: now })]],
  'kernel-lost': [
    [{ recent: { received: 2000, refused: 0, kernelLost: 1 } }, warning('kernel-lost', /dropped 1 message /)],
    [{ recent: { received: 2000, refused: 0, kernelLost: 3 } }, problem('kernel-lost', /dropped 3 messages /)],
  ],
  refused: [
    [{ recent: { received: 2000, refused: 21, kernelLost: 0 } }, warning('messages-refused', / 1\.1 % /)],
    [{ recent: { received: 2000, refused: 201, kernelLost: 0 } }, problem('messages-refused', / 10\.1 % /)],
    [{ recent: { received: 100, refused: 100, kernelLost: 0 } }],
  ],
  connections: [
    [{ connectionsRefused: 1 }, warning('connections-refused', /refused 1 connection in the last 10 minutes/)],
    [{ connectionsRefused: 101 }, problem('connections-refused', /refused 101 connections/)],
  ],
  stall: [
    [{ stallsMs: [300, 300, 0, 0, 1900] }, warning('agent-stalled', /up to 1\.9 s/)],
    [{ stallsMs: [0, 0, 2430, 0, 0] }, problem('agent-stalled', /^For up to 2\.4 s/)],
    [{ stallsMs: [1900, 0, 0, 0, 0] }],
  ],
  'spool-age': [
    [{ queue: { ...well.queue, oldestAtMs: minutesAgo(61) } }, warning('queue-old', /for 61 min$/)],
    [{ queue: { ...well.queue, oldestAtMs: minutesAgo(60 * 25) } }, problem('queue-old', /for 25 h$/)],
  ],
  'spool-full': [
    [{ queue: { ...well.queue, bytes: 2 ** 31 * 0.51 } }, warning('queue-filling', / 51 % full/)],
    [{ queue: { ...well.queue, bytes: 2 ** 31 * 0.81 } }, problem('queue-filling', / 81 % full/)],
  ],
  shed: [
    [{ shedToday: 1000 }, warning('queue-shed', /: 1,000$/)],
    [{ shedToday: 1001 }, problem('queue-shed', /: 1,001$/)],
  ],
  disk: [
    [machine({ disk: { freePercent: 14.9, freeInodesPercent: 90 } }), warning('disk-low', /only 14 % is free$/)],
    [machine({ disk: { freePercent: 90, freeInodesPercent: 4 } }), problem('disk-low', /only 4 % is free: .*inodes/)],
  ],
  memory: [
    [machine({ memoryAvailablePercent: 9.9 }), warning('memory-low', /Only 9 %/)],
    [machine({ memoryAvailablePercent: 3.9 }), problem('memory-low', /Only 3 %/)],
  ],
  'memory-pressure': [
    [machine({ memoryWaitPercent: 10.6 }), warning('memory-pressure', /11 % of the last minute/)],
    [machine({ memoryWaitPercent: 41 }), problem('memory-pressure', /41 %/)],
  ],
  'memory-exhausted': [[machine({ memoryKills: 1 }), problem('memory-exhausted', /killed the agent once within 24 hours$/)]],
  temperature: [
    [machine({ hottestCelsius: 86 }), warning('temperature-high', /86 °C/)],
    [machine({ hottestCelsius: 96 }), problem('temperature-high', /96 °C/)],
  ],
  clock: [
    [uplink({ clockErrorMs: -1100 }), warning('clock-off', /off by 1 s: it is behind$/)],
    [uplink({ clockErrorMs: 75_000 }), problem('clock-off', /off by 75 s: it is ahead$/)],
  ],
  'clock-jumped': [[{ clock: { jumps: 1, lastJumpMs: -3_600_400 } }, warning('clock-jumped', /jumped once .*: last by -3600 s$/)]],
  'update-metadata': [
    [{ update: { ...asked, learntAt: daysAgo(3.1) } }, warning('update-check-old', /for 3 days$/)],
    [{ update: { ...asked, learntAt: daysAgo(11) } }, problem('update-check-old', /for 11 days$/)],
    [{ update: { ...asked, fault: { code: 'update-expired', detail: 'x', since: daysAgo(4) } } }, problem('update-expired', /: x$/)],
  ],
  update: [
    [
      { isPackage: true, update: { ...asked, kind: 'now', learntAt: daysAgo(0) } },
      warning('update-available', /: CyberAlarm 1\.3\.0 is there; this machine has 1\.2\.3$/),
    ],
    [{ release: { state: 'waiting', slot: 'a', atMs: now - 14.5 * DAY_MS, text: '' } }],
    [{ release: { state: 'waiting', slot: 'a', atMs: now - 15 * DAY_MS, text: '' } }, warning('update-taken-back', /has not taken$/)],
    [
      { release: { state: 'refused', slot: 'a', atMs: now, text: 'a signature is missing' } },
      warning('update-refused', /: a signature is missing$/),
    ],
    [
      { release: { state: 'taken-back', slot: 'a', atMs: now, text: 'it did not send' } },
      problem('update-taken-back', /taken back: it did not send$/),
    ],
  ],
  slots: [
    [
      { release: { state: 'taken-back', slot: 'factory', atMs: now, text: '' } },
      problem('update-taken-back', /taken back$/),
      warning('release-factory-only', /came with$/),
    ],
  ],
  release: [
    [{ releaseMadeAtMs: now - 60 * DAY_MS }],
    [{ releaseMadeAtMs: now - 61.5 * DAY_MS }, warning('release-old', /is 61 days old$/)],
    [{ releaseMadeAtMs: now - 121 * DAY_MS }, problem('release-old', /is 121 days old$/)],
    [{ releaseMadeAtMs: now + DAY_MS }],
  ],
  restarts: [
    [{ wasStoppedCleanly: false }, warning('stopped-uncleanly', /crashed once .*: .* 2 s .* 10 s/)],
    [{ uncleanStarts: 4 }, problem('stopped-uncleanly', /4 times/)],
  ],
  ledger: [
    [
      { ledger: { tornBytes: 0, damage: ['/var/x:7 is not what was written', 'the counts are those of 12:00'] } },
      warning('ledger-set-aside', /^The ledger was damaged: \/var\/x:7 is not what was written; the counts are those of 12:00$/),
    ],
    [{ ledger: { tornBytes: 17, damage: [] } }, { code: 'ledger-torn', severity: 'information', detail: /17 bytes/ }],
  ],
  files: [
    [{ storedFaults: [fault('file-restored', 'x was missing')] }, warning('file-restored', /x was missing$/)],
    [{ storedFaults: [fault('file-lost', 'x is gone')] }, problem('file-lost', /x is gone$/)],
  ],
  'spool-files': [
    [{ spoolDamage: { told: ['/var/1.batch is damaged'], count: 3 } }, warning('spool-damaged', /1\.batch is damaged; and 2 more$/)],
  ],
  'sources-forgotten': [[{ forgottenSources: 1 }, warning('sources-forgotten', /: 1$/)]],
}
