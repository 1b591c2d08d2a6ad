import t from 'tap'
import { advice, type FailureCode, fault } from '../../../agent/errors.ts'
import { finding } from '../../../agent/health/findings.ts'
import { boxAdvice } from './box-advice.ts'
import { centralSentence } from './central-sentence.ts'
import { overview, type Page } from './flow.ts'
import { widthOf } from './screen.ts'
import { facts, notEnrolled, secondsAgo, status, textOf, typeKeys, withoutCentral } from './test-facts.ts'
import { drawn } from './text.ts'
import { view } from './view.ts'

const usual = { columns: 80, rows: 25 }
const shown = (...[over, statusOver]: Parameters<typeof facts>) => textOf(view(overview, facts(over, statusOver), usual))

t.test('a box that is well says so at a glance', async t => {
  const text = shown()
  for (const says of [
    /CyberAlarm 1\.2\.3 .* fw-logs {2}2026-11-21 08:00 UTC/,
    /■ Connected to central, last receipt 4 s ago/,
    /IP address +192\.0\.2\.10 {2}2001:db8::10/,
    /Send syslog to +192\.0\.2\.10 port 514 UDP\/TCP, 6514 TLS/,
    /Queue +empty/,
    /Gateways \(2, 1 silent\)/,
    /■ 192\.0\.2\.2 +unknown +7 +0 +silent 2 h\n/,
    / {2}192\.0\.2\.1 +Fortinet FortiGate +1,204,331 +812 +1 s ago/,
    /\[N\] Network {2}\[E\] Enrol {2}\[D\] Diagnostics to USB/,
  ])
    t.match(text, says)
  t.ok(text.indexOf('silent 2 h') < text.indexOf('1,204,331'), 'the silent one stands first')
})

t.test('a box that is not enrolled invites to press E before anything else', async t => {
  const text = shown({}, { device: null, findings: [notEnrolled] })
  t.match(text.split('\n').slice(2, 5).join('\n'), /Welcome.*press E/)
  t.notMatch(text, /cyberalarm enrol|Needs attention/, 'what takes a shell is not said where there is none')
})

t.test('a box without a central says so first, and does not invite to an enrolment that cannot work', async t => {
  const text = shown({}, { device: null, findings: [withoutCentral, notEnrolled] })
  t.match(text.split('\n').slice(2, 4).join('\n'), /■ central\.url and central\.pins are not set \[central-not-set\]\n.*cyberalarm\.conf/)
  t.notMatch(text, /Welcome|press E|not enrolled|Needs attention/)
})

const unreachable = fault('central-unreachable', 'no route to host')

t.test('central in one sentence, with what to do', async t => {
  const central = { ...status.central, failure: { ...unreachable, since: secondsAgo(60), at: secondsAgo(1) }, retryAt: secondsAgo(-30) }
  const refused = { code: 'code-refused', detail: 'the code is spent', advice: advice['code-refused'] }
  const sentences = {
    good: centralSentence(facts()),
    quiet: centralSentence(facts({}, { central: { ...status.central, lastReceiptAt: null } })),
    trouble: centralSentence(facts({}, { central })),
    'no address': centralSentence(facts({ addresses: [] })),
    'no agent': centralSentence(facts({ agent: { kind: 'silent', text: 'no agent is running' } })),
    starting: centralSentence(facts({ upSeconds: 20, agent: { kind: 'silent', text: 'no agent is running' } })),
    'not enrolled': centralSentence(facts({}, { device: null })),
    'no central': centralSentence(facts({}, { device: null, findings: [withoutCentral, notEnrolled] })),
    damaged: centralSentence(facts({}, { device: null, findings: [finding('problem', fault('identity-damaged', 'cannot use it'))] })),
    'no data': centralSentence(facts({ settings: { at: '1', sources: [], notices: [], isDataLost: true } }, { device: null })),
    trying: centralSentence(facts({ enrolment: { at: '1', state: 'trying', failure: unreachable } }, { device: null })),
    refused: centralSentence(facts({ enrolment: { at: '1', state: 'refused', failure: refused } }, { device: null })),
  }
  t.match(sentences, {
    good: { light: 'good', text: 'Connected to central, last receipt 4 s ago' },
    quiet: { light: 'good', text: /nothing to send/ },
    trouble: {
      light: 'bad',
      text: 'Cannot send to central: no route to host [central-unreachable]',
      advice: `${unreachable.advice} Next attempt in 30 s.`,
      code: 'central-unreachable',
    },
    'no address': { light: 'warn', text: /^Waiting for the network/, advice: /press N/ },
    'no agent': { light: 'bad', text: /does not answer/ },
    starting: { light: 'warn', text: /is starting/ },
    'not enrolled': { light: 'warn', advice: /Press E/ },
    'no central': { light: 'bad', code: 'central-not-set', advice: /cyberalarm\.conf/ },
    damaged: { light: 'bad', code: 'identity-damaged', advice: /Press E/ },
    'no data': { light: 'bad', text: /data partition cannot be mounted/, advice: /^Restart/ },
    trying: { light: 'warn', advice: `no route to host. ${unreachable.advice}` },
    refused: { light: 'bad', text: /spent/, advice: refused.advice },
  })
})

const wrong = (text: string) => ({ line: 3, setting: '', problem: text, text })

t.test('refused settings and findings stand above the gateways, and each is said once', async t => {
  const busy = fault('central-busy', 'central is busy')
  const failure = { ...busy, since: secondsAgo(9), at: secondsAgo(1) }
  const sources = [
    { name: 'config', state: 'refused', faults: [wrong("cyberalarm.conf:3: there is no setting 'x'")] },
    { name: 'ovf', state: 'used', faults: [wrong('not shown')] },
  ]
  const text = shown(
    { settings: { at: '1', sources, notices: [fault('data-lost', 'the disk is away')] } },
    {
      findings: [
        finding('warning', busy),
        finding('warning', fault('clock-jumped', 'the clock jumped')),
        finding('information', fault('ledger-torn', 'not shown either')),
      ],
      central: { ...status.central, failure },
    },
  )
  t.match(text, /Settings that were refused ─+\s+■ cyberalarm\.conf:3: there is no setting 'x' \[settings-wrong\]\s+Correct them where/)
  t.match(
    text,
    /Needs attention ─+\s+■ the disk is away \[data-lost\]\s+Restart; if this persists, replace the disk\.\s+■ the clock jumped \[clock-jumped\]\s+Check the time synchronisation[\s\S]*Gateways/,
  )
  t.equal(text.split('central is busy').length, 2)
  t.notMatch(text, /not shown/)
})

t.test('a box that would lose its identity at the next start does not invite to enrol', async t => {
  t.match(shown({}, { device: null }), /ready to be enrolled/)
  t.notMatch(shown({ settings: { at: '1', sources: [], notices: [], isDataLost: true } }, { device: null }), /ready to be enrolled/)
})

t.test('advice can be followed without a shell', async t => {
  const silent = shown({ agent: { kind: 'silent', text: 'no agent is running' } })
  t.match(silent, /It is started again automatically/)
  const ofCommands = ['argument-wrong', 'pseudonym-wrong'] // are answers to words that were typed into a shell
  for (const [code, words] of Object.entries(advice).filter(([code]) => !ofCommands.includes(code))) {
    const text = shown({}, { findings: [finding('problem', fault(code as FailureCode, 'something is wrong'))] })
    t.match(text, code === 'not-enrolled' ? /Gateways/ : `[${code}]`)
    t.notMatch(text, /`|--|systemctl|journal|scripts\/|ulogd/, code)
    t.notMatch(boxAdvice(code, words), /`|--|systemctl|journal|scripts\/|ulogd/, code)
  }
})

t.test('the queue is shown with its quota', async t => {
  t.match(shown({}, { queue: { batches: 1200, bytes: 5_000_000, quotaBytes: 2 ** 31 } }), /Queue +1,200 batches, 4\.8 MiB of 2\.0 GiB used/)
})

t.test('many gateways are paged, and the lower bar says where one is', async t => {
  const gateways = Array.from({ length: 1023 }, (_, i) => ({ ...status.gateways[0], number: i + 1, address: `10.0.${i >> 8}.${i & 255}` }))
  const many = facts({}, { gateways })
  t.match(textOf(view(overview, many, usual)), /↓ 1-14 of 1025 {2}$/)
  const last = textOf(view({ kind: 'overview', top: 1e9 }, many, usual))
  t.match(last, /10\.0\.3\.254/)
  t.match(last, /↑ {2}1012-1025 of 1025/)
})

t.test('ports are told as they are, and none where none is open', async t => {
  t.match(
    shown({ addresses: [] }, { sources: [{ name: 'udp', address: '0.0.0.0:5514', counters: {} }] }),
    /Send syslog to +this box port 5514 UDP\n/,
  )
  t.match(shown({}, { sources: [] }), /syslog is switched off/)
})

t.test('text of strangers obeys the screen', async t => {
  const evil = `\x1b[2J\x1b]0;x\x07\u202e防${'W'.repeat(5000)}\n\n`
  const screen = view(
    overview,
    facts(
      {
        hostName: evil,
        addresses: [evil],
        settings: { at: '1', sources: [{ name: evil, state: 'refused', faults: [wrong(evil), wrong(evil)] }], notices: [] },
      },
      {
        gateways: [{ ...status.gateways[0], address: evil, product: evil }],
        findings: [{ code: evil, severity: 'problem', detail: evil, advice: evil }],
        central: { ...status.central, failure: { code: evil, detail: evil, advice: evil, since: evil, at: evil }, retryAt: evil },
      },
    ),
    usual,
  )
  for (const line of screen.lines) {
    t.ok(widthOf(line) <= usual.columns)
    for (const { text } of line) t.equal(drawn(text), text)
  }
  t.match(textOf(screen), /Gateways|↓/)
})

t.test('every page fits every screen', async t => {
  const pages = [
    [],
    ['n'],
    ['n', 's', '\t', 'x'.repeat(300), '\t'],
    ['e'],
    ['e', 'ABCDE', '\t', '\r'],
    ['n', '\t', '\t', '\t', '\t', 'name', '\r'],
    ['n', '\t', '\t', '\t', '\t', 'name', '\r', 'y'],
    ['d'],
    ['d', '\r'],
    ['u'],
    ['u', 's'],
  ]
  for (const columns of [1, 10, 40, 79, 80, 132, 500])
    for (const rows of [1, 5, 24, 25, 60])
      for (const keys of pages) {
        const screen = view(typeKeys(keys).page, facts(), { columns, rows })
        const isFit = screen.lines.length <= rows && screen.lines.every(line => widthOf(line) <= Math.max(columns, 14))
        t.ok(isFit, `${columns}x${rows} ${keys.join(' ')}`)
      }
})

t.test('what became of settings, of an enrolment and of diagnostics is followed to its end', async t => {
  const applied = typeKeys(['n', '\t', '\t', '\t', '\t', 'name', '\r', 'y']).page
  const text = (page: typeof applied, over: Parameters<typeof facts>[0]) => textOf(view(page, facts(over), usual))
  t.match(text(applied, { isRequested: true }), /Applying the settings/)
  t.match(
    text(applied, { settings: { at: 'after', sources: [{ name: 'console', state: 'used', faults: [] }], notices: [] } }),
    /are in use/,
  )
  t.match(
    text(applied, {
      settings: { at: 'after', sources: [{ name: 'console', state: 'refused', faults: [wrong('console:1: wrong')] }], notices: [] },
    }),
    /were refused[\s\S]*console:1: wrong/,
  )
  t.match(text(applied, { now: facts().now + 120_000 }), /have not been applied yet/)

  const enrolling = { kind: 'outcome', name: 'enrol', before: 'before', enrolmentBefore: '', since: 0, fault: '' } as const
  const settings = { at: 'after', sources: [{ name: 'console', state: 'used', faults: [] }], notices: [] }
  t.match(text(enrolling, { settings }), /are in use[\s\S]*Asking central/)
  t.match(
    text(enrolling, { settings, enrolment: { at: '1', state: 'refused', failure: fault('code-refused', 'the code is spent') } }),
    /refused to enrol[\s\S]*spent\s+The code is unknown, used or expired/,
  )
  t.match(text(enrolling, { settings, enrolment: { at: '1', state: 'enrolled' } }), /is enrolled/)

  const asked = { kind: 'diagnostics', isAsked: true, before: '', since: facts().now, fault: '' } as const
  t.match(text(asked, {}), /Starting/)
  t.match(text(asked, { diagnostics: { at: '1', state: 'waiting' } }), /Plug in a USB stick/)
  t.match(
    text(asked, { diagnostics: { at: '1', state: 'done', file: 'x.json', bytes: 20_480 } }),
    /can remove the stick[\s\S]*x\.json, 20\.0 KiB/,
  )
  t.match(
    text(asked, {
      diagnostics: { at: '1', state: 'failed', failure: { code: 'stick-full', detail: 'It is full.', advice: 'Delete something.' } },
    }),
    /It is full\.[\s\S]*Delete/,
  )
  t.match(text({ ...asked, fault: 'The disk did not take it' }, {}), /could not be started[\s\S]*did not take/)
})

t.test('the page of updates says what the box is offered, and what became of a file on a stick', async t => {
  const { agent } = facts()
  if (agent.kind !== 'running') throw new Error('the agent runs')
  const release = { state: 'taken-back', version: '0.4.0', number: 57, text: 'It did not start.' }
  const update = { kind: 'tried', text: '0.4.0 (release 57) is offered.', offered: null, learntAt: null, fault: null, release }
  const known = { agent: { kind: 'running', status: { ...agent.status, update } } } as const
  const text = (page: Page, over: Parameters<typeof facts>[0]) => textOf(view(page, facts({ ...known, ...over }), usual))
  const page = { kind: 'update', asked: '', before: '', since: facts().now, fault: '' } as const
  t.match(text(page, {}), /0\.4\.0 \(release 57\) is offered\.[\s\S]*0\.4\.0, taken-back: It did not start/)
  t.match(text({ ...page, asked: 'update' }, {}), /told above/)
  const asked = { ...page, asked: 'update-usb' } as const
  t.match(text(asked, {}), /Starting/)
  for (const [state, says] of [
    ['waiting', /Plug in/],
    ['reading', /Do not remove/],
    ['done', /can remove the stick/],
  ] as const)
    t.match(text(asked, { updateUsb: { at: '1', state } }), says)
  const failure = { code: 'stick-file-missing', detail: 'There is no file.', advice: 'Copy it.' }
  t.match(text(asked, { updateUsb: { at: '1', state: 'failed', failure } }), /could not be read[\s\S]*There is no file\.[\s\S]*Copy it/)
  t.match(text({ ...asked, fault: 'The disk did not take it' }, {}), /could not be started[\s\S]*did not take/)
})
