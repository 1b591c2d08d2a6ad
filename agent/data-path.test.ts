// The agent's messages to itself, over real sockets: which of them they take, what systemd is told of them, and what nobody asks for.
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { DataPath, lastRestartMs } from './data-path.ts'
import { Accounts } from './ledger/accounts.ts'
import type { Log } from './log.ts'
import { Collector } from './pipeline/collector.ts'
import { emptyNumbering, Gateways } from './pipeline/gateways.ts'
import { OpenBatches } from './pipeline/open-batches.ts'
import type { Source } from './sources/source.ts'
import { openSyslogTcp } from './sources/syslog/syslog-tcp.ts'
import { openPlainSyslogUdp } from './sources/syslog/syslog-udp-plain.ts'
import { portOf, until } from './sources/test-sink.ts'
import { Networks } from './triage/networks.ts'
import { Triage } from './triage/triage.ts'

const openers = { udp: openPlainSyslogUdp, tcp: openSyslogTcp }

async function agent(
  t: { teardown(done: () => unknown): unknown },
  names: readonly (keyof typeof openers)[],
  watchdogMs: number | undefined,
) {
  const accounts = new Accounts()
  const gateways = new Gateways(emptyNumbering, () => undefined)
  const collector = new Collector(accounts, new OpenBatches(), gateways, new Triage(new Networks([])))
  const sources: Source[] = []
  for (const name of names) {
    const source: Source = await openers[name]({ host: '127.0.0.1', port: 0, sink: collector.sinkFor(name) })
    sources.push(source)
    t.teardown(() => source.close())
  }
  const told: string[] = []
  const said: string[] = []
  const log: Log = { info: text => void said.push(text), warning: text => void said.push(text) }
  const manager = { notify: (text: string) => told.push(text) > 0, barrier: () => true }
  const batcher = { persistingSince: undefined, diskFault: undefined }
  const dataPath = new DataPath({ watchdogMs, manager, sources, collector, batcher, log, restartedAtMs: 0 })
  return { dataPath, collector, accounts, gateways, sources, told, said }
}

t.test('over UDP while it is on, else over TCP: the message comes back, and systemd is told', async t => {
  for (const [names, way] of [[['udp', 'tcp'], 'udp'] as const, [['tcp'], 'tcp'] as const]) {
    const { dataPath, collector, accounts, gateways, told, said } = await agent(t, names, 30_000)
    t.match(told.splice(0), ['WATCHDOG_USEC=30000000\nWATCHDOG=1'])
    t.match(said.join('\n'), `a test message over ${way},`)
    dataPath.tick()
    await until(() => collector.canary.isReturned, 'the message')
    dataPath.tick()
    t.match(dataPath.facts, { isWatched: true, ways: [way], fault: undefined })
    t.ok((dataPath.facts.ageMs ?? Number.NaN) < 1000)
    t.same(told, ['WATCHDOG=1'], 'once a round')
    t.match(accounts.totals[way], { received: 1, ignored: 1 })
    t.equal(collector.messagesOf(way), 0, 'it counts as no message')
    t.same(gateways.active, [])
  }
})

t.test('without a listener that it can write to: loop and disk only, and that is said', async t => {
  const { dataPath, told, said } = await agent(t, [], 30_000)
  dataPath.tick()
  dataPath.tick()
  t.equal(told.at(-1), 'WATCHDOG=1')
  t.match(dataPath.facts, { isWatched: true, ways: [], ageMs: undefined, fault: undefined })
  t.match(said.join('\n'), /that it works \(batches on the disk, not late\)/)
})

t.test('without systemd nothing is sent, and that is said', async t => {
  const { dataPath, accounts, collector, told, said } = await agent(t, ['udp'], undefined)
  for (let i = 0; i < 3; i++) dataPath.tick()
  t.same(told, [])
  t.match(said.join('\n'), /^no watchdog: systemd did not start this agent/)
  t.match(dataPath.facts, { isWatched: false, ways: [], ageMs: undefined })
  t.ok(Number.isNaN(collector.canary.own.sentAtMs))
  t.equal(accounts.totals.udp.received, 0)
})

t.test('a judge outside sends its own, and reads back how many came', async t => {
  const { collector, sources } = await agent(t, ['udp'], undefined)
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  for (let i = 1; i <= 20; i++)
    await new Promise<void>(resolve =>
      socket.send(`cyberalarm-canary 00112233445566ff ${i}`, portOf(sources[0].address), '127.0.0.1', () => resolve()),
    )
  await until(() => collector.canary.outside.count === 20, 'all of them')
  t.equal(collector.canary.outside.nonce, '00112233445566ff')
})

t.test('when it was last restarted is what its unit noted; nothing else is believed', async t => {
  const path = `${t.testdir()}/watchdog-restart`
  t.equal(lastRestartMs(path), 0)
  for (const [text, ms] of [
    ['1796040000\n', 1_796_040_000_000] as const,
    ['', 0] as const,
    ['soon', 0] as const,
    ['1'.repeat(200), 0] as const,
  ]) {
    writeFileSync(path, text)
    t.equal(lastRestartMs(path), ms)
  }
})
