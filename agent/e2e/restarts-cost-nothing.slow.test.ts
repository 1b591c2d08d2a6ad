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
import type { Machine } from '../../scripts/packages/test-machine.ts'
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

const command = '/usr/lib/cyberalarm/agent/bin/cyberalarm'
const agent = 'cyberalarm-agent.service'
const statusOf = (machine: Machine): Status => statusSchema.parse(JSON.parse(machine.sh(`${command} status --json`)))
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
  machine.sh(`setpriv --reuid cyberalarm --regid cyberalarm --clear-groups ${command} enrol`, `${code}\n`)
  const status = () => statusOf(machine)
  const listens = () =>
    until(
      () => machine.sh('systemctl show -P StatusText cyberalarm-agent.service'),
      text => text.startsWith('listening on'),
    )
  await listens()
  // what comes before the agent has taken up its identity is shed, and counted
  await until(status, one => one.device !== null)

  const plan: RestartLoad = {
    udpPort: 514,
    tcpPort: 514,
    rate: 1000,
    packets: hasRules ? { from: '203.0.113.5', to: '198.51.100.10' } : undefined,
  }
  const [enter, ...words] = [...machine.network, process.execPath, join(import.meta.dirname, '../testing/restart-load.ts')]
  const senders = spawn(enter, [...words, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'inherit'] })
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
  const sum = (numbers: Readonly<Record<string, number>>) => Object.values(numbers).reduce((all, one) => all + one, 0)
  // the agent's own marked messages are ignored, and no sender's are
  const receivedOver = (one: Status, input: string) => (row(one, input)?.received ?? 0) - (row(one, input)?.ignored ?? 0)
  const isThere = (one: Status) => sums(one).waiting + sums(one).spooled === 0 && receivedOver(one, 'tcp') >= sent.tcp
  const last = await until(status, isThere, 30_000).catch(status)
  t.comment(`sent ${said.trim()}, restarts took ${took.join(', ')} ms`)
  t.same(sent.connections, [1, 1, 1], 'no connection was closed')
  const lossless = { deafSeconds: 0, connectionsCut: 0, bytesCut: 0, unaccounted: 0 }
  t.equal(receivedOver(last, 'tcp'), sent.tcp)
  t.match(row(last, 'tcp'), lossless)
  t.equal(receivedOver(last, 'udp'), sent.udp)
  t.match(row(last, 'udp'), { ...lossless, kernelLost: 0 })
  t.equal(sum(last.refused), 0, 'no message was cut')
  if (hasRules) t.equal(row(last, 'nflog')?.received, sent.packets)
  if (hasRules) t.match(row(last, 'nflog'), { ...lossless, kernelLost: 0 })
  machine.sh('systemctl stop cyberalarm-agent.service')
  await central.kill()

  const store = await startCentral({ folder: join(folder, 'central') })
  t.teardown(() => store.close())
  const stored = await store.read(z.object({ accounting: z.string() }), 'SELECT accounting FROM batches')
  const told = stored.map(({ accounting }) => z.record(z.string(), z.number()).parse(JSON.parse(accounting)))
  const sumOf = (name: string) => told.reduce((sum, one) => sum + (one[name] ?? 0), 0)
  t.equal(sumOf('tcp.lost.connections'), 0)
  const [{ n }] = await store.read(z.object({ n: z.number() }), 'SELECT CAST(sum(count) AS DOUBLE) AS n FROM events')
  // all but the lines of the sender that never reads are of a product
  t.equal(n, sums(last).received - sums(last).ignored - sums(last).unreadable, 'central has every event once')
})

t.test(
  'an agent that cannot start leaves the connections to the next that can; a stop ends them, and that is counted',
  { skip: reason ?? false },
  async t => {
    const { machine, settings } = await startBox(t)
    const answers = () =>
      until(
        () => machine.run([command, 'status']).code,
        code => code === 0,
        60_000,
      )
    settings('')
    machine.sh(`systemctl start cyberalarm-udp.socket cyberalarm-tcp.socket ${agent}`)
    await answers()
    const shell = 'exec 3<>/dev/tcp/127.0.0.1/514; while read -r line; do printf "$line" >&3; done'
    const [enter, ...words] = [...machine.network, 'bash', '-c', shell]
    const sender = spawn(enter, words, { stdio: ['pipe', 'ignore', 'inherit'] })
    t.teardown(() => sender.kill('SIGKILL'))
    sender.stdin.write('<13>one\\n<13>tw\n')
    await until(
      () => row(statusOf(machine), 'tcp')?.received,
      received => received === 1,
    )
    settings('this is no setting\n')
    machine.sh(`systemctl restart ${agent}`)
    sender.stdin.write('o\\n<13>three\\n\n')
    await until(
      () => Number(machine.sh(`systemctl show -P NRestarts ${agent}`)),
      restarts => restarts >= 2,
      60_000,
    )
    settings('')
    await answers()
    const after = await until(
      () => statusOf(machine),
      status => row(status, 'tcp')?.received === 3,
    ).catch(() => statusOf(machine))
    t.match(row(after, 'tcp'), { received: 3, connectionsCut: 0 })
    t.match(
      after.sources.find(({ name }) => name === 'tcp'),
      { keepsConnections: true, counters: { connections: 0, connectionsAdopted: 1 } },
    )
    machine.sh(`systemctl stop ${agent} && systemctl start ${agent}`)
    await answers()
    const last = statusOf(machine)
    t.match(row(last, 'tcp'), { received: 3, connectionsCut: 1 })
    t.match(
      last.sources.find(({ name }) => name === 'tcp'),
      { counters: { connectionsAdopted: 0, connectionsOpen: 0 } },
    )
  },
)
