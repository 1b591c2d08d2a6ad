import t from 'tap'
import { advice } from '../../../agent/errors.ts'
import { centralSentence } from './central-sentence.ts'
import { overview } from './flow.ts'
import { widthOf } from './screen.ts'
import { facts, secondsAgo, status, textOf, typeKeys } from './test-facts.ts'
import { drawn } from './text.ts'
import { view } from './view.ts'

const usual = { columns: 80, rows: 25 }
const shown = (...[over, statusOver]: Parameters<typeof facts>) => textOf(view(overview, facts(over, statusOver), usual))

t.test('a box that is well says so at a glance', async t => {
  const text = shown()
  for (const says of [
    /CyberAlarm 1\.2\.3 .* fw-logs {2}2026-11-21 08:00 UTC/,
    /■ Connected to central, last receipt 4 s ago/,
    /This box +192\.0\.2\.10 {2}2001:db8::10/,
    /Send logs +syslog to 192\.0\.2\.10 port 514 UDP\/TCP, 6514 TLS/,
    /Waiting +nothing/,
    /Gateways \(2, 1 silent\)/,
    /■ 192\.0\.2\.2 +not recognised +7 +0 +silent 2 h\n/,
    / {2}192\.0\.2\.1 +Fortinet FortiGate +1,204,331 +812 +1 s ago/,
    /\[N\] Network {2}\[E\] Enrol {2}\[D\] Diagnostics to USB/,
  ])
    t.match(text, says)
  t.ok(text.indexOf('silent 2 h') < text.indexOf('1,204,331'), 'the silent one stands first')
})

t.test('a box that is not enrolled invites to press E before anything else', async t => {
  const text = shown({}, { device: null, notices: [`this box is not enrolled. ${advice['not-enrolled']}`] })
  t.match(text.split('\n').slice(2, 5).join('\n'), /Welcome.*press E/)
  t.notMatch(text, /cyberalarm enrol CODE|Needs somebody/, 'what takes a shell is not said where there is none')
})

t.test('central in one sentence, with what to do', async t => {
  const failure = { code: 'central-unreachable', text: 'cannot reach central\n  Check the proxy.', at: secondsAgo(60) }
  const central = { lastReceiptAt: null, failure, retryAt: secondsAgo(-30) }
  const sentences = {
    good: centralSentence(facts()),
    quiet: centralSentence(facts({}, { central: { lastReceiptAt: null, failure: null, retryAt: null } })),
    trouble: centralSentence(facts({}, { central })),
    'no address': centralSentence(facts({ addresses: [] })),
    'no agent': centralSentence(facts({ agent: { kind: 'silent', text: 'no agent is running' } })),
    starting: centralSentence(facts({ upSeconds: 20, agent: { kind: 'silent', text: 'no agent is running' } })),
    'not enrolled': centralSentence(facts({}, { device: null })),
    'no data': centralSentence(facts({ settings: { at: '1', carriers: [], notices: [], isDataLost: true } }, { device: null })),
    trying: centralSentence(facts({ enrolment: { at: '1', state: 'trying', text: 'cannot reach central' } }, { device: null })),
    refused: centralSentence(
      facts({ enrolment: { at: '1', state: 'refused', text: 'spent', advice: 'Ask for a fresh one.' } }, { device: null }),
    ),
  }
  t.match(sentences, {
    good: { light: 'good', text: 'Connected to central, last receipt 4 s ago' },
    quiet: { light: 'good', text: /nothing had to be sent/ },
    trouble: { light: 'bad', text: 'Trouble with central: cannot reach central', advice: 'Check the proxy. Next attempt in 30 s.' },
    'no address': { light: 'warn', text: /^Waiting for the network/, advice: /press N/ },
    'no agent': { light: 'bad', text: /does not answer/ },
    starting: { light: 'warn', text: /is starting/ },
    'not enrolled': { light: 'warn', advice: /Press E/ },
    'no data': { light: 'bad', text: /partition for data cannot be used/, advice: /^Restart/ },
    trying: { light: 'warn', advice: 'cannot reach central' },
    refused: { light: 'bad', text: /spent/, advice: 'Ask for a fresh one.' },
  })
})

t.test('refused settings and notices stand above the gateways, and each trouble once', async t => {
  const failure = { code: 'central-busy', text: 'central is busy\n  It comes back.', at: secondsAgo(1) }
  const carriers = [
    { name: 'config', state: 'refused', faults: ["cyberalarm.conf:3: there is no setting 'x'"] },
    { name: 'ovf', state: 'used', faults: ['not shown'] },
  ]
  const text = shown(
    { settings: { at: '1', carriers, notices: ['the name is taken'] } },
    { notices: [failure.text, 'the clock jumped'], central: { ...status.central, failure } },
  )
  t.match(text, /Settings that were refused ─+\s+■ cyberalarm\.conf:3: there is no setting 'x'/)
  t.match(text, /Needs somebody ─+\s+■ the name is taken\s+■ the clock jumped[\s\S]*Gateways/)
  t.equal(text.split('central is busy').length, 2)
  t.notMatch(text, /not shown/)
})

t.test('who would lose its identity at the next start is not invited to enrol', async t => {
  t.match(shown({}, { device: null }), /ready to be enrolled/)
  t.notMatch(shown({ settings: { at: '1', carriers: [], notices: [], isDataLost: true } }, { device: null }), /ready to be enrolled/)
})

t.test('advice can be followed without a shell', async t => {
  const silent = shown({ agent: { kind: 'silent', text: 'no agent is running' } })
  t.match(silent, /It is started again by itself/)
  const ofCommands = ['argument-wrong', 'pseudonym-wrong'] // are answers to words that were typed into a shell
  for (const [code, words] of Object.entries(advice).filter(([code]) => !ofCommands.includes(code))) {
    const text = shown({}, { notices: [`something is wrong [${code}]\n  ${words}`] })
    t.match(text, code === 'not-enrolled' ? /Gateways/ : `[${code}]`)
    t.notMatch(text, /`|--|systemctl|journal|scripts\/|ulogd/, code)
  }
})

t.test('what waits is said with its room', async t => {
  t.match(shown({}, { queue: { batches: 1200, bytes: 5_000_000, quotaBytes: 2 ** 31 } }), /Waiting +1,200 batches, 4\.8 MiB of 2\.0 GiB/)
})

t.test('many gateways are paged, and the lower bar says where one is', async t => {
  const gateways = Array.from({ length: 1023 }, (_, i) => ({ ...status.gateways[0], number: i + 1, address: `10.0.${i >> 8}.${i & 255}` }))
  const many = facts({}, { gateways })
  t.match(textOf(view(overview, many, usual)), /↓ 1-15 of 1025 {2}$/)
  const last = textOf(view({ kind: 'overview', top: 1e9 }, many, usual))
  t.match(last, /10\.0\.3\.254/)
  t.match(last, /↑ {2}1011-1025 of 1025/)
})

t.test('ports are told as they are, and none where none is open', async t => {
  t.match(shown({ addresses: [] }, { sources: [{ name: 'udp', address: '0.0.0.0:5514' }] }), /syslog to this box port 5514 UDP\n/)
  t.match(shown({}, { sources: [] }), /listens to no syslog/)
})

t.test('text of strangers obeys the screen', async t => {
  const evil = `\x1b[2J\x1b]0;x\x07\u202e防${'W'.repeat(5000)}\n\n`
  const screen = view(
    overview,
    facts(
      {
        hostName: evil,
        addresses: [evil],
        settings: { at: '1', carriers: [{ name: evil, state: 'refused', faults: [evil, evil] }], notices: [] },
      },
      {
        gateways: [{ ...status.gateways[0], address: evil, product: evil }],
        notices: [evil],
        central: { lastReceiptAt: null, failure: { code: evil, text: evil, at: evil }, retryAt: evil },
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
    text(applied, { settings: { at: 'after', carriers: [{ name: 'console', state: 'used', faults: [] }], notices: [] } }),
    /are in use/,
  )
  t.match(
    text(applied, {
      settings: { at: 'after', carriers: [{ name: 'console', state: 'refused', faults: ['console:1: wrong'] }], notices: [] },
    }),
    /were refused[\s\S]*console:1: wrong/,
  )
  t.match(text(applied, { now: facts().now + 120_000 }), /Nobody has taken the settings up/)

  const enrolling = { kind: 'outcome', name: 'enrol', before: 'before', enrolmentBefore: '', since: 0, fault: '' } as const
  const settings = { at: 'after', carriers: [{ name: 'console', state: 'used', faults: [] }], notices: [] }
  t.match(text(enrolling, { settings }), /are in use[\s\S]*Asking central/)
  t.match(
    text(enrolling, { settings, enrolment: { at: '1', state: 'refused', text: 'spent', advice: 'Ask for a fresh one.' } }),
    /did not enrol[\s\S]*spent\s+Ask for/,
  )
  t.match(text(enrolling, { settings, enrolment: { at: '1', state: 'enrolled' } }), /is enrolled/)

  const asked = { kind: 'diagnostics', isAsked: true, before: '', since: facts().now, fault: '' } as const
  t.match(text(asked, {}), /Starting/)
  t.match(text(asked, { diagnostics: { at: '1', state: 'waiting' } }), /Plug in a USB stick/)
  t.match(
    text(asked, { diagnostics: { at: '1', state: 'done', file: 'x.json', bytes: 20_480 } }),
    /can be taken out[\s\S]*x\.json, 20\.0 KiB/,
  )
  t.match(
    text(asked, { diagnostics: { at: '1', state: 'failed', text: 'It is full.', advice: 'Delete something.' } }),
    /It is full\.[\s\S]*Delete/,
  )
  t.match(text({ ...asked, fault: 'The disk did not take it' }, {}), /could not be asked for[\s\S]*did not take/)
})
