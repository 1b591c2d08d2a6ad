// Whatever comes in - nonsense, broken frames, too much, nothing at all - is bounded and counted, ends at most its own
// connection, and costs no other gateway a message.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import * as z from 'zod'
import { startCentral } from '../../central-stub/central.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { counted, hasIPv6, openTcp, openTls, sendUdp } from '../testing/senders.ts'

t.setTimeout(120_000)
const CONNECTIONS_MAX = 50

const dir = temporaryFolder(t)
const root = join(dir, 'box')
const central = await startCentral({ folder: join(dir, 'central') })
writeSettings(root, central, {
  'syslog.udp': '[::]:0',
  'syslog.tls': '127.0.0.1:0',
  'syslog.connections': String(CONNECTIONS_MAX),
})
await cyberalarm(root, 'enrol', await central.makeCode())
const agent = await startAgent(root)
t.teardown(async () => {
  await agent.kill()
  await central.close()
})

// they are connected before anything bad begins, and stay to the end
const kept = await openTcp(agent.tcpPort, '127.0.0.2')
const keptTls = await openTls(agent, '127.0.0.3')
const muteSince = performance.now()
const mutes = await Promise.all(Array.from({ length: 5 }, () => openTcp(agent.tlsPort)))
let number = 0
/** Messages that the agent must have received by now, exactly. */
let due = 0

const received = async () => sums(await agent.status()).received
const counters = async (name: string) => {
  const source = (await agent.status()).sources.find(one => one.name === name)
  if (source === undefined) throw new Error(`there is no source ${name}`)
  return source.counters
}

/** The agent lives, other gateways are received on all inputs, and every message is accounted for: those before and `bad` more. */
async function isUnharmed(t: Test, bad: number): Promise<void> {
  due += bad
  await until(received, count => count === due, 5000)
  kept.write(`${blockedLine(number++)}\n`)
  keptTls.write(counted(blockedLine(number++)))
  await sendUdp(agent.udpPort, [blockedLine(number++)])
  due += 3
  const status = await until(agent.status, now => sums(now).received >= due, 5000)
  t.match(sums(status), { received: due, unaccounted: 0 }, 'the others are received, and everything is accounted for')
  t.notOk(kept.destroyed || keptTls.destroyed, 'their connections are open')
  t.equal(agent.child.exitCode, null, 'the agent lives')
  for (const { code } of status.findings) t.notOk(['reading-failed', 'accounting-wrong'].includes(code), code)
}

const unreadable = async () => sums(await agent.status()).unreadable
const isClosed = async (socket: Socket) => {
  if (!socket.destroyed) await once(socket, 'close', { signal: AbortSignal.timeout(5000) })
  return socket.destroyed
}

t.test('a message that no one knows is counted, and its shape is kept, not its text', async t => {
  const before = await unreadable()
  await sendTcp(agent.tcpPort, ['Zebra crossing 4711: hunter2 opened the vault door'])
  await isUnharmed(t, 1)
  t.equal(await unreadable(), before + 1)
  const text = (await cyberalarm(root, 'status', '--json')).out
  t.match(JSON.parse(text), { unreadableShapes: [{ shape: 'a a 9: a9 a a a a', count: 1 }] })
  t.notMatch(text + agent.log(), /zebra|hunter|4711|vault/i, 'no word of it is in the status or in the log')
})

t.test('a broken octet count ends its connection', async t => {
  for (const broken of ['garbage', '0 <4>x', '99999999 <4>x', '-5 <4>x', '12x<4>']) {
    const socket = await openTcp(agent.tcpPort)
    socket.write(`${counted(blockedLine(number++))}${broken} and more of it`)
    t.ok(await isClosed(socket), broken)
    await isUnharmed(t, 2)
  }
})

t.test('a wrong length is found out by what stands where the next count should be', async t => {
  const line = blockedLine(number++)
  const long = await openTcp(agent.tcpPort)
  long.end(`${line.length + 30} ${line}`)
  t.ok(await isClosed(long))
  await isUnharmed(t, 1)
  const short = await openTcp(agent.tcpPort)
  short.write(`${line.length - 30} ${line}`)
  t.ok(await isClosed(short))
  await isUnharmed(t, 2)
})

t.test('lines of 40 MB are refused without being held, and the line behind each is received', async t => {
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.child.pid}/status`, 'utf8'))?.[1]) / 1024
  const before = memory()
  const senders = await Promise.all(Array.from({ length: 10 }, () => openTcp(agent.tcpPort)))
  const line = Buffer.alloc(40 * 1024 * 1024, 'A')
  const refused = await unreadable()
  for (const socket of senders) {
    socket.write('<4>')
    socket.write(line)
    socket.end(`\n${blockedLine(number++)}\n`)
  }
  await Promise.all(senders.map(isClosed))
  await isUnharmed(t, 20)
  t.equal(await unreadable(), refused + 10)
  const grown = memory() - before
  t.ok(grown < 200, `${grown.toFixed(1)} MiB more for ten lines at a time that are 400 MiB together`)
})

t.test('invalid UTF-8 and NUL bytes are bytes like others, over TCP and UDP', async t => {
  const odd = (bytes: string) => Buffer.from(blockedLine(number++).replace(' gw ', ` g${bytes}w `), 'latin1')
  const sent = sums(await agent.status())
  const invalid = ['\xff\xfe', '\xc3\x28', '\xed\xa0\x80', '\xf8\x88\x80\x80\x80', '\xc0\xaf'].map(odd)
  const socket = await openTcp(agent.tcpPort)
  for (const message of invalid) socket.write(Buffer.concat([message, Buffer.from('\n')]))
  socket.end()
  await isClosed(socket)
  // where lines end in LF, a NUL in one is a byte like others; where the first ends in NUL, each does
  const ofNul = await openTcp(agent.tcpPort)
  ofNul.end(`${blockedLine(number++)}\0${blockedLine(number++)}\0\0\0\n`)
  await isClosed(ofNul)
  await isUnharmed(t, 7)
  await sendUdp(agent.udpPort, [odd('\xff\xfe'), odd('\0'), Buffer.alloc(1000), Buffer.from([0xff])])
  await isUnharmed(t, 4)
  const now = sums(await agent.status())
  t.equal(now.unreadable, sent.unreadable + 2, 'only what holds nothing else is unreadable')
  await sendUdp(
    agent.udpPort,
    Array.from({ length: 100 }, (_, i) => randomBytes(1 + i * 11)),
  )
  await isUnharmed(t, 100)
  const noise = await openTcp(agent.tcpPort)
  noise.end(randomBytes(1_000_000))
  await isClosed(noise)
  await until(received, count => count > due, 5000)
  await sleep(100)
  due = await received()
  await isUnharmed(t, 0)
})

t.test('a connection that is reset in the middle costs the message in the middle only', async t => {
  for (const middle of ['<4>Nov 20 12:00:00 gw kernel: half a li', '200 <4>Nov 20 12:00:00 gw kernel: hal']) {
    const socket = await openTcp(agent.tcpPort)
    const whole = blockedLine(number++)
    socket.write(middle.startsWith('<') ? `${whole}\n` : counted(whole))
    socket.write(middle)
    await until(received, count => count === due + 1, 5000)
    await sleep(50) // the kernel drops what was not read before the reset
    socket.resetAndDestroy()
    await isUnharmed(t, 2)
  }
})

t.test('2,000 connections at a limit of 50: the rest are refused, those that are open are served, and room comes back', async t => {
  const before = await counters('tcp')
  const flood: Socket[] = []
  for (let wave = 0; wave < 10; wave++) flood.push(...(await Promise.all(Array.from({ length: 200 }, () => openTcp(agent.tcpPort)))))
  const full = await until(
    () => counters('tcp'),
    now => now.connections + now.connectionsRefused - before.connections - before.connectionsRefused === 2000,
  )
  t.equal(full.connectionsOpen, CONNECTIONS_MAX)
  t.equal(full.connectionsRefused - before.connectionsRefused, 2000 - (CONNECTIONS_MAX - 1), 'all but one seat, which was taken before')
  const { findings } = await agent.status()
  t.match(
    findings.find(({ code }) => code === 'connections-refused'),
    { severity: 'problem', detail: /^The agent refused 1,9\d\d connections in the last 10 minutes, because all places were taken$/ },
  )
  await isUnharmed(t, 0)
  for (const socket of flood) socket.destroy()
  await until(
    () => counters('tcp'),
    now => now.connectionsOpen === 1,
  )
  await sendTcp(agent.tcpPort, [blockedLine(number++)])
  await isUnharmed(t, 1)
})

t.test('who speaks no TLS is refused', async t => {
  const before = (await counters('tls')).handshakesFailed
  for (const noise of ['<4>plain text\n', Buffer.alloc(5000, 0xff), '\x16\x03\x01\xff\xff']) {
    const socket = await openTcp(agent.tlsPort)
    socket.end(noise)
    await isClosed(socket)
  }
  await until(
    () => counters('tls'),
    now => now.handshakesFailed === before + 3,
  )
  await isUnharmed(t, 0)
})

t.test('messages over TLS as RFC 5425 frames them end up as sent, with a receipt', async t => {
  const socket = await openTls(agent)
  const lines = Array.from({ length: 300 }, () => blockedLine(number++))
  const stream = Buffer.from(lines.map(counted).join(''))
  for (let at = 0; at < stream.length; at += 7919) socket.write(stream.subarray(at, at + 7919)) // cut anywhere but between messages
  socket.end()
  await isUnharmed(t, lines.length)
  const status = await until(agent.status, now => sums(now).waiting + sums(now).spooled === 0)
  t.match(
    status.accounting.find(input => input.input === 'tls'),
    { unreadable: 0, shed: 0, unaccounted: 0 },
  )
  t.match(status.central, { failure: null, lastReceipt: { device: status.device ?? '-' } })
  const sources = lines.map(line => `${/SRC=([\d.]+)/.exec(line)?.[1]} ${/SPT=(\d+)/.exec(line)?.[1]}`)
  const stored = await central.read(
    z.object({ text: z.string() }),
    "SELECT source || ' ' || source_port AS text FROM events WHERE text IS NOT NULL",
  )
  const found = new Set(stored.map(row => row.text))
  t.same(
    sources.filter(source => !found.has(source)),
    [],
    'each of them is at central',
  )
})

t.test('UDP over IPv6 is received', { skip: hasIPv6() ? false : 'this machine has no IPv6' }, async t => {
  await sendUdp(agent.udpPort, [blockedLine(number++), blockedLine(number++)], '::1')
  await isUnharmed(t, 2)
  const { gateways } = await agent.status()
  t.match(
    gateways.find(gateway => gateway.address === '::1'),
    { messages: 2, parsed: 1 },
  )
  t.ok(
    gateways.some(gateway => gateway.address === '127.0.0.1'),
    'and IPv4 on the same socket',
  )
})

t.test('a TLS client that never speaks is closed at its deadline, and no other', async t => {
  await Promise.all(mutes.map(socket => (socket.destroyed ? socket : once(socket, 'close', { signal: AbortSignal.timeout(15_000) }))))
  const seconds = (performance.now() - muteSince) / 1000
  t.ok(seconds < 20, `after ${seconds.toFixed(0)} s`)
  const now = await until(
    () => counters('tls'),
    tls => tls.connectionsOpen === 1,
  )
  t.equal(now.handshakesFailed, 3 + mutes.length)
  await isUnharmed(t, 0)
})

t.test('after all that everything that was kept is at central, once', async t => {
  const status = await until(agent.status, now => sums(now).waiting + sums(now).spooled === 0)
  t.match(sums(status), { received: due, unaccounted: 0, shed: 0 })
  t.equal((await central.stats()).rows, sums(status).sent)
  const { oversize, 'broken-frame': broken } = status.refused
  t.ok(oversize > 0 && broken > 0, `status says why: ${oversize} too long, ${broken} broken frames`)
  await agent.kill('SIGTERM')
  t.equal(agent.child.exitCode, 0)
})
