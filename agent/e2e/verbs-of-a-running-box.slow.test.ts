// What a running box shows, and how it starts, stops and is found out: each verb a process of its own beside a real agent.
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { pseudonymText } from '../batch/pseudonym-text.ts'
import { readPseudonyms } from '../delivery/pseudonym-key.ts'
import { advice } from '../errors.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { pathsBelow } from '../paths.ts'
import {
  blockedLine,
  cyberalarm,
  sendTcp,
  spawnCyberalarm,
  startAgent,
  sums,
  temporaryFolder,
  until,
  writeSettings,
} from '../testing/harness.ts'
import { parseSince } from '../verbs/sent.ts'

t.setTimeout(120_000)
t.jobs = 2

async function runningBox(t: Test) {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const central = await startCentral({ folder: join(dir, 'central') })
  t.teardown(() => central.close())
  writeSettings(root, central)
  await cyberalarm(root, 'enrol', await central.makeCode())
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  return { root, central, agent }
}

t.test('status of a running agent, for people, for programs, and again and again', async t => {
  const { root, agent } = await runningBox(t)
  await sendTcp(agent.tcpPort, [blockedLine(1), blockedLine(2), 'no one knows this'])
  await until(agent.status, status => sums(status).sent === 2)
  const json = await cyberalarm(root, 'status', '--json')
  t.equal(json.code, 0)
  t.match(JSON.parse(json.out), {
    version: String,
    running: true,
    startedAt: /^20.*Z$/,
    device: /^[0-9a-f-]{36}$/,
    central: {
      url: /^https:/,
      lastReceiptAt: /Z$/,
      lastReceipt: { sequence: 1, signature: String },
      bytesSent: Number,
      failure: null,
      retryAt: null,
    },
    queue: { batches: 0, bytes: 0, quotaBytes: 2048 * 1024 * 1024 },
    gateways: [{ number: 1, address: '127.0.0.1', messages: 3, parsed: 2 / 3, lastMessageAt: /Z$/, clockOffsetSeconds: Number }],
    accounting: [
      { input: 'udp', kernelLost: 0 },
      { input: 'tcp', received: 3, sent: 2, unreadable: 1, unaccounted: 0 },
      { input: 'tls', received: 0 },
    ],
    sources: [{ name: 'udp' }, { name: 'tcp', counters: { connections: 1, connectionsOpen: 0 } }],
    findings: [],
    products: [{ product: 'netfilter', claimed: 2, unreadable: 0 }],
    unreadableShapes: [{ shape: 'a a a a', count: 1 }],
  })
  const text = await cyberalarm(root, 'status')
  t.equal(text.code, 0)
  for (const says of [
    /running, started \d+ s ago {2}device [0-9a-f-]{36}/,
    /last receipt \d+ s ago \(batch 1\)/,
    /127\.0\.0\.1 .* 66\.7 %/,
    /^all +3 +2 +0 +0 +0 +1 +0 +0 +0 +0$/m,
  ])
    t.match(text.out, says)
  const watching = spawnCyberalarm(['status', '--watch', '--root', root])
  let shown = ''
  watching.stdout.on('data', chunk => (shown += chunk))
  await until(
    () => shown.split('running, started').length - 1,
    times => times >= 3,
  )
  watching.kill('SIGINT')
  t.same(await once(watching, 'close'), [0, null])
})

t.test('a second agent on the same folder is refused, and the first one does not notice', async t => {
  const { root, agent } = await runningBox(t)
  const second = await cyberalarm(root, 'run')
  t.match(second, { code: 1, error: /\[agent-running\]\n {2}Stop the running agent first/ })
  await sendTcp(agent.tcpPort, [blockedLine(1)])
  const status = await until(agent.status, now => sums(now).received === 1)
  t.same(status.findings, [])
})

t.test('sent shows each event with its receipt, internal addresses only as pseudonyms, and who turns them back', async t => {
  const { root, agent } = await runningBox(t)
  const inside = blockedLine(1).replace('198.51.100.10', '10.20.30.40')
  await sendTcp(agent.tcpPort, [inside, blockedLine(2)])
  await until(agent.status, status => sums(status).sent === 2)
  const text = await cyberalarm(root, 'sent')
  t.equal(text.code, 0)
  const shown = / netfilter +drop +203\.0\.113\.2 port 1025 -> (in-[0-9a-f]{32}) port 2 {2}\(blocked-from-outside\)/.exec(text.out)
  t.ok(shown, text.out)
  t.match(
    text.out,
    / batch 1: 2 events of 2 messages\n[\s\S]* receipt for batch 1: stored by central at 20[\s\S]*\nchain verified: \d+ entries, 2 events shown/,
  )
  t.notMatch(text.out, /10\.20\.30\.40/)
  const pseudonym = shown?.[1] ?? ''
  t.match(await cyberalarm(root, 'who', pseudonym.toUpperCase()), { code: 0, out: '10.20.30.40\n' })
  t.same(JSON.parse((await cyberalarm(root, 'who', pseudonym, '--json')).out), { pseudonym, address: '10.20.30.40' })
  // what no address of the inside became: as a pseudonym of another box nearly always reads here
  const outside =
    readPseudonyms(pathsBelow(root).pseudonymKey)?.of(Buffer.from('00000000000000000000ffffcb007107', 'hex')) ?? new Uint8Array(0)
  t.match(await cyberalarm(root, 'who', pseudonymText(outside)), {
    code: 1,
    out: '',
    error: /stands for no internal address of this box \[pseudonym-foreign\]/,
  })
  t.match(await cyberalarm(root, 'who', '10.20.30.40'), {
    code: 1,
    error: /is not a pseudonym \[pseudonym-wrong\]\n {2}A pseudonym is /,
  })

  const events = async (...since: string[]) => {
    const { code, out } = await cyberalarm(root, 'sent', '--json', ...since)
    t.equal(code, 0, since.join(' '))
    const entries = out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
    return entries.flatMap(entry => entry.events ?? [])
  }
  t.match(await events(), [{ product: 'netfilter', source: '203.0.113.2', destination: pseudonym }, { destination: '198.51.100.10' }])
  for (const since of ['2h', new Date(Date.now() - 60_000).toISOString()]) t.equal((await events('--since', since)).length, 2, since)
  t.equal((await events('--since', new Date(Date.now() + 60_000).toISOString())).length, 0)
})

t.test('a time since is a time or a span back from now, and nothing else', async t => {
  const now = Date.parse('2026-11-20T12:00:00Z')
  const spans = {
    '90s': '2026-11-20T11:58:30.000Z',
    '5m': '2026-11-20T11:55:00.000Z',
    '2 h': '2026-11-20T10:00:00.000Z',
    '7d': '2026-11-13T12:00:00.000Z',
  }
  for (const [text, time] of Object.entries(spans)) t.equal(new Date(parseSince(text, now)).toISOString(), time, text)
  t.equal(parseSince('2026-11-20T12:00:00Z', 0), now)
  t.equal(parseSince('2026-11-20', 0), now - 43_200_000)
  for (const text of ['', 'yesterday', '2w', 'h', '-1h', '1.5h', '2026-13-01'])
    t.throws(() => parseSince(text, now), { code: 'argument-wrong' }, text)
})

t.test('a ledger that was changed afterwards is said to be damaged, with what to do', async t => {
  const { root, agent } = await runningBox(t)
  await sendTcp(agent.tcpPort, [blockedLine(1)])
  await until(agent.status, status => sums(status).sent === 1)
  await agent.kill('SIGTERM')
  t.match(await cyberalarm(root, 'sent'), { code: 0 })
  const { ledger } = pathsBelow(root)
  const file = join(ledger, readdirSync(ledger)[0])
  const whole = readFileSync(file, 'utf8')
  const changes = {
    'a number': whole.replace('"rows":1', '"rows":0'),
    'a line gone': whole
      .split('\n')
      .filter(line => !line.includes('"kind":"batch"'))
      .join('\n'),
    'a line twice': whole.replace(/^(.*"kind":"batch".*)$/m, '$1\n$1'),
    noise: whole.replace(/^.*"kind":"batch".*$/m, 'noise'),
  }
  for (const [name, text] of Object.entries(changes)) {
    writeFileSync(file, text)
    const { code, out, error } = await cyberalarm(root, 'sent')
    t.equal(code, 1, name)
    t.match(
      error,
      /(does not follow the line before it|is not what was written) \[ledger-damaged\]\n {2}.*Keep a copy of it for the helpdesk/,
    )
    t.notMatch(out, /chain verified/)
    const { failure } = JSON.parse((await cyberalarm(root, 'sent', '--json')).error)
    t.same([failure.code, failure.advice], ['ledger-damaged', advice['ledger-damaged']], 'a program reads the same')
  }
})

t.test('SIGTERM brings everything out and ends with a stop; SIGKILL is noticed at the next start', async t => {
  const { root, agent, central } = await runningBox(t)
  const { ledger } = pathsBelow(root)
  await sendTcp(agent.tcpPort, [blockedLine(1), blockedLine(2)])
  await until(agent.status, status => sums(status).received === 2)
  await agent.kill('SIGTERM')
  t.equal(agent.child.exitCode, 0)
  t.equal([...readLedger(ledger)].at(-1)?.entry.kind, 'stop')
  t.equal((await central.stats()).rows, 2, 'the open batch was closed and sent')
  t.match(await cyberalarm(root, 'status', '--json'), { code: 3 })
  const again = await startAgent(root)
  t.teardown(() => again.kill())
  t.same((await again.status()).findings, [])
  t.match(sums(await again.status()), { received: 2, sent: 2, unaccounted: 0 })
  await again.kill('SIGKILL')
  t.not([...readLedger(ledger)].at(-1)?.entry.kind, 'stop')
  const third = await startAgent(root)
  t.teardown(() => third.kill())
  t.match((await third.status()).findings, [{ code: 'stopped-uncleanly', severity: 'warning', detail: /2 s of events/ }])
})
