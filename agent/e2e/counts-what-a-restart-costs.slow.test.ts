// A restart, and a change of settings: what comes meanwhile is received, or it is counted as lost.
import { createSocket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import * as z from 'zod'
import { startCentral } from '../../central-stub/central.ts'
import { lossesText } from '../../central-stub/operator/losses.ts'
import { type Status, statusSchema } from '../health/status-schema.ts'
import { askStatus } from '../health/status-socket.ts'
import { foldLedger } from '../ledger/ledger-files.ts'
import { pathsBelow } from '../paths.ts'
import { startCentralProcess } from '../testing/central-process.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { holdSockets } from '../testing/held-sockets.ts'
import { NeverReads } from '../testing/never-reads.ts'
import { openTcp, sendUdp } from '../testing/senders.ts'

t.setTimeout(180_000)
const row = (status: Status, input: string) => {
  const found = status.accounting.find(one => one.input === input)
  if (found === undefined) throw new Error(`no ${input}`)
  return found
}
const statusBelow = async (root: string) => statusSchema.parse(await askStatus(pathsBelow(root).statusSocket))
/** A cut takes what had arrived, and of each connection what its sender writes before it learns of it: here a line or two. */
const LINES_A_CUT = 2

/** Everything that the sender's kernel took was received, or is counted as lost. */
function addsUp(t: Test, sender: NeverReads, { received, connectionsCut, bytesCut }: Status['accounting'][number]): void {
  const missing = sender.accepted - received
  const unread = Math.ceil(bytesCut / sender.lineBytes)
  t.comment(`${sender.accepted} lines accepted, ${received} received, ${connectionsCut} connections cut, ${bytesCut} bytes unread`)
  t.ok(missing >= 0 && missing <= unread + connectionsCut * LINES_A_CUT, `${missing} of ${sender.accepted} are missing`)
}

t.test('a changed setting closes no connection; one that concerns the listeners does, and that is counted', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, undefined, { 'spool.quotaMiB': '50' })
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  const { tcpPort } = agent
  const address = { 'syslog.tcp': `127.0.0.1:${tcpPort}` }
  const sender = new NeverReads(t, tcpPort, 1)
  await until(
    () => sender.accepted,
    accepted => accepted > 200,
  )
  const hangUp = async (settings: Readonly<Record<string, string>>, isSeen: (status: Status) => boolean) => {
    writeSettings(root, undefined, settings)
    agent.child.kill('SIGHUP')
    return until(agent.status, isSeen)
  }
  const allowed =
    '<4>Nov 20 12:00:00 gw kernel: [ALLOW]IN=eth0 OUT= MAC= SRC=203.0.113.7 DST=192.0.2.9 LEN=44 PROTO=TCP SPT=5000 DPT=443 SYN'
  const rulesOf = (status: Status) => Object.keys(row(status, 'udp').dropped)
  await sendUdp(agent.udpPort, [allowed])
  await until(agent.status, status => rulesOf(status).includes('allowed-other'))

  const live = {
    'syslog.tcp': '127.0.0.1:0',
    'member.networks': '192.0.2.0/24',
    'spool.quotaMiB': '70',
    'central.url': 'https://central.example',
    'syslog.connections': '1',
  }
  const changed = await hangUp(live, ({ central }) => central.url !== '')
  t.equal(changed.queue.quotaBytes, 70 * 2 ** 20)
  t.match(agent.log(), /changed settings are in use: central\.url, member\.networks, syslog\.connections, spool\.quotaMiB/)
  await sendUdp(agent.udpPort, [allowed])
  await until(agent.status, status => rulesOf(status).includes('allowed-inbound'))
  const faulty = await hangUp({ ...live, 'spool.quotaMiB': 'lots' }, ({ findings }) =>
    findings.some(({ code }) => code === 'settings-wrong'),
  )
  t.equal(faulty.queue.quotaBytes, 70 * 2 ** 20, 'those from before stay in use')
  const mended = await hangUp(live, ({ findings }) => findings.every(({ code }) => code !== 'settings-wrong'))
  t.match(mended.sources.find(({ name }) => name === 'tcp')?.counters, { connections: 1, connectionsOpen: 1, connectionsCut: 0 })
  t.equal(sender.connections, 1, 'all over one connection')

  const before = agent.child.pid
  await hangUp({ ...live, ...address, 'syslog.udp': 'off' }, ({ sources }) => sources.every(({ name }) => name !== 'udp')).catch(
    () => undefined,
  )
  await until(
    () => agent.status().catch(() => undefined),
    status => status?.sources.length === 1,
  )
  await until(
    () => sender.connections,
    connections => connections > 1,
  )
  t.equal(agent.child.pid, before, 'without systemd it starts itself anew')
  await sleep(300)
  await sender.stop()
  const last = await until(agent.status, status => row(status, 'tcp').received >= sender.accepted - 1 && sums(status).waiting === 0).catch(
    agent.status,
  )
  t.ok(row(last, 'tcp').connectionsCut >= 1)
  t.ok(row(last, 'tcp').deafSeconds > 0)
  addsUp(t, sender, row(last, 'tcp'))
  t.equal(sums(last).unaccounted, 0)
})

t.test('a sender that closes when it is told to loses nothing; one that floods is cut, and what lay unread is counted', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, undefined)
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  const polite = await openTcp(agent.tcpPort)
  polite.write('<13>one\n<13>two')
  const flooder = new NeverReads(t, agent.tcpPort, 0, 60_000)
  await until(
    () => flooder.accepted,
    accepted => accepted > 100,
  )
  await agent.kill('SIGTERM')
  const status = JSON.parse((await cyberalarm(root, 'status', '--json')).out) as Status
  const { connectionsCut, received } = row(status, 'tcp')
  t.equal(connectionsCut, 1)
  t.ok(received >= 2)
  const { out } = await cyberalarm(root, 'status')
  t.match(out, /lost besides: tcp 1 connection cut, .* unread/)
  await flooder.stop()
})

t.test('sockets that are held are never deaf; what does not fit meanwhile is counted, to the datagram', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, undefined)
  const held = await holdSockets(t, root)
  await held.start()
  const sender = new NeverReads(t, held.tcpPort, 1)
  await until(
    () => sender.accepted,
    accepted => accepted > 100,
  )
  let datagrams = 0
  const flood = async (count: number) => {
    const socket = createSocket('udp4')
    const bytes = Buffer.alloc(1200, '<13>x')
    for (let i = 0; i < count; i++) await new Promise<void>(resolve => socket.send(bytes, held.udpPort, '127.0.0.1', () => resolve()))
    datagrams += count
    await new Promise<void>(resolve => socket.close(resolve))
  }
  await flood(50)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await until(
      () => statusBelow(root),
      status => row(status, 'udp').received + (row(status, 'udp').kernelLost ?? 0) >= datagrams,
    )
    // what a kill costs besides is the counts of the last seconds: here there are none
    if (signal === 'SIGKILL')
      await until(
        () => foldLedger(pathsBelow(root).ledger)?.totals.udp,
        counts => (counts?.received ?? 0) + (counts?.lost.kernel ?? 0) >= datagrams,
      )
    await held.end(signal)
    await flood(40_000)
    const waiting = await openTcp(held.tcpPort)
    waiting.end('<13>waits in the queue of the listener\n')
    await held.start()
  }
  const status = await until(
    () => statusBelow(root),
    one => row(one, 'udp').received + (row(one, 'udp').kernelLost ?? 0) >= datagrams,
  )
  const udp = row(status, 'udp')
  t.equal(udp.received + (udp.kernelLost ?? 0), datagrams, `${udp.kernelLost} of ${datagrams} were dropped by the kernel`)
  t.ok((udp.kernelLost ?? 0) > 0, 'the flood was more than a socket holds')
  t.same([udp.deafSeconds, row(status, 'tcp').deafSeconds], [0, 0])
  t.ok(row(status, 'tcp').connectionsCut >= 2, 'one at the stop, one at the kill')
  await sender.stop()
})

t.test('how long nobody listened is in ledger and status and reaches central, after a clean stop and after a kill', async t => {
  const folder = temporaryFolder(t)
  const root = `${folder}/box`
  const central = await startCentralProcess(`${folder}/central`)
  t.teardown(() => central.kill())
  writeSettings(root, central)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  const first = await startAgent(root)
  const sender = new NeverReads(t, first.tcpPort, 1)
  await until(
    () => sender.accepted,
    accepted => accepted > 100,
  )
  await first.kill('SIGTERM')
  await sender.stop()
  await sleep(1200)
  const second = await startAgent(root)
  const afterStop = row(await second.status(), 'udp').deafSeconds
  t.ok(afterStop >= 1.2 && afterStop < 60, `${afterStop} s`)
  await sendTcp(second.tcpPort, [blockedLine(1)])
  await until(second.status, status => sums(status).sent === 1)
  await second.kill('SIGKILL')
  await sleep(1000)
  const third = await startAgent(root)
  t.teardown(() => third.kill())
  const afterKill = row(await third.status(), 'udp').deafSeconds
  t.ok(afterKill >= afterStop + 1 && afterKill < 120, `${afterKill} s`)
  await sendTcp(third.tcpPort, [blockedLine(2)])
  await until(third.status, status => sums(status).sent === 2)
  await third.kill('SIGTERM')
  await central.kill()

  const { out } = await cyberalarm(root, 'sent')
  t.match(out, /agent \S+ started; nobody had listened for [\d.]+ s \(udp\), [\d.]+ s \(tcp\)/)
  t.match(out, /started after an unclean shutdown; nobody had listened for/)
  const store = await startCentral({ folder: `${folder}/central` })
  t.teardown(() => store.close())
  const stored = await store.read(z.object({ accounting: z.string() }), 'SELECT accounting FROM batches ORDER BY sequence')
  const told = stored.map(({ accounting }) => z.record(z.string(), z.number()).parse(JSON.parse(accounting)))
  const sumOf = (name: string) => told.reduce((sum, one) => sum + (one[name] ?? 0), 0)
  t.equal(Math.round(sumOf('udp.lost.deaf-ms') / 100) / 10, afterKill, 'central knows all of it')
  t.equal(sumOf('tcp.lost.connections'), 1, 'and the connection that was cut after the last batch')
  const [{ lost }] = (await store.stats()).perDevice
  t.match(lost, { kernel: 0, connections: 1, deafSeconds: afterKill }, 'its operator is shown it')
  t.match(lossesText(lost), /^1 connections cut, \d+ bytes unread; not listening for [\d.]+ s$/)
})
