// Restarts of an enrolled agent with a real systemd and a real central, while messages come over UDP, over TCP connections of three
// kinds of senders, and from the kernel's packet log: each is counted once, and no sender sees its connection end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import * as z from 'zod'
import { startBox, whyNoBox } from '../../appliance/test-box-machine.ts'
import { startCentral } from '../../central-stub/central.ts'
import { type Status, statusSchema } from '../health/status-schema.ts'
import { startCentralProcess } from '../testing/central-process.ts'
import { sums, until } from '../testing/harness.ts'
import type { RestartLoad, RestartLoadSent } from '../testing/restart-load.ts'

const RESTARTS = 10
const reason = whyNoBox()
t.setTimeout(300_000)

const rules = `table inet test {
  chain input {
    type filter hook input priority 0;
    ip daddr 198.51.100.10 udp dport 1-1000 log prefix "[GW-DROP] " group 514 snaplen 64 drop
  }
}
`

const row = (status: Status, input: string) => status.accounting.find(one => one.input === input)

t.test('10 restarts under load lose no message and close no TCP connection', { skip: reason ?? false }, async t => {
  const { machine, folder, settings } = await startBox(t)
  const central = await startCentralProcess(join(folder, 'central'), 0, { inside: machine.network })
  t.teardown(central.kill)
  settings(`central.url = ${central.url}\ncentral.pins = ${central.pins.join(' ')}\nnflog.groups = 514\n`)
  machine.sh('ip address add 203.0.113.5/32 dev lo && ip address add 198.51.100.10/32 dev lo')
  const hasRules = machine.run(['nft', '-f', '-'], rules).code === 0
  if (!hasRules) t.comment('no rule that logs packets can be had here')
  machine.sh('systemctl start cyberalarm-udp.socket cyberalarm-tcp.socket')
  const code = await central.makeCode()
  machine.sh('systemctl start cyberalarm-agent.service')
  machine.sh('setpriv --reuid cyberalarm --regid cyberalarm --clear-groups /usr/lib/cyberalarm/agent/bin/cyberalarm enrol', `${code}\n`)
  const status = () => statusSchema.parse(JSON.parse(machine.sh('/usr/lib/cyberalarm/agent/bin/cyberalarm status --json')))
  const listens = () =>
    until(
      () => machine.sh('systemctl show -P StatusText cyberalarm-agent.service'),
      text => text.startsWith('listening on'),
    )
  await listens()

  const plan: RestartLoad = {
    udpPort: 514,
    tcpPort: 514,
    rate: 1000,
    packets: hasRules ? { from: '203.0.113.5', to: '198.51.100.10' } : undefined,
  }
  const [command, ...words] = [...machine.network, process.execPath, join(import.meta.dirname, '../testing/restart-load.ts')]
  const senders = spawn(command, [...words, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => senders.kill('SIGKILL'))
  let said = ''
  senders.stdout.on('data', text => (said += text))
  const ended = once(senders, 'close')
  const took: number[] = []
  for (let restart = 0; restart < RESTARTS; restart++) {
    await sleep(300)
    const began = performance.now()
    machine.sh('systemctl restart cyberalarm-agent.service')
    await listens()
    took.push(Math.round(performance.now() - began))
  }
  senders.stdin.end()
  await ended
  const sent = JSON.parse(said) as RestartLoadSent
  const last = await until(
    status,
    one => sums(one).waiting + sums(one).spooled === 0 && (row(one, 'tcp')?.received ?? 0) >= sent.tcp,
    30_000,
  ).catch(status)
  t.comment(`sent ${said.trim()}, restarts took ${took.join(', ')} ms`)
  t.same(sent.connections, [1, 1, 1], 'no connection was closed')
  t.match(row(last, 'tcp'), { received: sent.tcp, connectionsCut: 0, bytesCut: 0, deafSeconds: 0, unaccounted: 0 })
  const udp = row(last, 'udp')
  // besides, the agent sends itself test messages, which are ignored
  t.equal((udp?.received ?? 0) - (udp?.ignored ?? 0), sent.udp)
  t.match(udp, { kernelLost: 0, deafSeconds: 0, unaccounted: 0 })
  t.same(last.refused, {}, 'no message was cut')
  if (hasRules) t.match(row(last, 'nflog'), { received: sent.packets, kernelLost: 0, deafSeconds: 0, unaccounted: 0 })
  machine.sh('systemctl stop cyberalarm-agent.service')
  await central.kill()

  const store = await startCentral({ folder: join(folder, 'central') })
  t.teardown(() => store.close())
  const stored = await store.read(z.object({ accounting: z.string() }), 'SELECT accounting FROM batches')
  const told = stored.map(({ accounting }) => z.record(z.string(), z.number()).parse(JSON.parse(accounting)))
  const sumOf = (name: string) => told.reduce((sum, one) => sum + (one[name] ?? 0), 0)
  t.equal(sumOf('tcp.lost.connections'), 0)
  const [{ n }] = await store.read(z.object({ n: z.number() }), 'SELECT CAST(sum(count) AS DOUBLE) AS n FROM events')
  t.comment(`${n} events at central`)
})
