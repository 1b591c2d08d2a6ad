// A rule of nftables that logs to a group, a real agent that listens to it, and packets that the rule drops: in a network
// namespace of our own. What cannot be had where the kernel or a missing tool forbids it is said.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildManager, openNflogProgram, withoutCapabilities } from '../../appliance/open-nflog/test-support.ts'
import { whyNoNamespace } from '../node-netfilter-log/test-support.ts'
import { cyberalarm, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

const PACKETS = 500

const rules = `table inet test {
  chain input {
    type filter hook input priority 0;
    ip daddr 198.51.100.10 udp dport 23 log prefix "[GW-DROP] " group 514 snaplen 24 queue-threshold 32 drop
  }
}
`

/** Waits for the file `go`, then sends from an address of the internet to one of the member, so many a millisecond. */
const sender = (go: string, packets: number, rate: number) => `
  const socket = require('node:dgram').createSocket('udp4')
  const wait = () => require('node:fs').existsSync('${go}') ? send(0) : setTimeout(wait, 20)
  const one = () => new Promise(sent => socket.send('a secret of the member', 23, '198.51.100.10', sent))
  const send = async n => {
    for (const end = n + ${rate}; n < Math.min(end, ${packets}); n++) await one()
    if (n < ${packets}) setTimeout(send, 1, n)
    else socket.close()
  }
  socket.bind(40000, '203.0.113.5', wait)
`
/** A folder with a box in it, and a command for a shell that makes its network, and a sender that waits for the word. */
function prepare(t: { teardown(done: () => void): unknown }, packets: number, rate: number) {
  const folder = temporaryFolder(t)
  writeSettings(folder, undefined, { 'nflog.groups': '514' })
  writeFileSync(join(folder, 'rules.nft'), rules)
  writeFileSync(join(folder, 'send.cjs'), sender(join(folder, 'go'), packets, rate))
  const setUp = `ip link set lo up && ip address add 203.0.113.5/32 dev lo && ip address add 198.51.100.10/32 dev lo && nft -f ${folder}/rules.nft
    { env -u NODE_OPTIONS ${process.execPath} ${folder}/send.cjs & } && exec "$@"`
  return { folder, inside: ['unshare', '-rn', 'bash', '-c', setUp, 'bash'], go: () => writeFileSync(join(folder, 'go'), '') }
}

const reason = whyNoNamespace()
t.test('packets that a rule drops become events, by the word in its prefix', { skip: reason ?? false }, async t => {
  const { folder, inside, go } = prepare(t, PACKETS, PACKETS)
  const agent = await startAgent(folder, { inside })
  t.teardown(() => agent.kill())
  go()
  const status = await until(
    () => agent.status(),
    ({ accounting }) => accounting.some(({ input, received }) => input === 'nflog' && received === PACKETS),
  )
  const nflog = status.accounting.find(({ input }) => input === 'nflog')
  t.match(nflog, { received: PACKETS, kernelLost: 0, unaccounted: 0, unreadable: 0, droppedTotal: 0 })
  t.equal((nflog?.merged ?? 0) + (nflog?.waiting ?? 0) + (nflog?.shed ?? 0) + (nflog?.spooled ?? 0), PACKETS, 'each is suspicious')
  t.match(status.gateways, [{ address: 'this machine', product: 'Linux netfilter (iptables, nftables, UniFi, EdgeOS)', messages: PACKETS }])
  t.match(status.sources.at(-1), { name: 'nflog', address: 'group 514' })
  await agent.kill('SIGTERM')
  const { out } = await cyberalarm(folder, 'status', '--json')
  t.equal(sums(JSON.parse(out)).received, PACKETS, 'and its own row of the accounting is kept')
})

t.test(
  'an agent without any capability receives through a socket that is kept for it, and a restart loses nothing',
  {
    skip: reason ?? false,
  },
  async t => {
    const { folder, inside, go } = prepare(t, 4000, 2)
    const manager = [buildManager(t), '@systemd', '1', openNflogProgram, '514', '--']
    const agent = await startAgent(folder, { inside: [...inside, ...manager, ...withoutCapabilities] })
    t.teardown(() => agent.kill('SIGTERM'))
    const process = (nth: number) => [...agent.log().matchAll(/service is (\d+), with a socket/g)][nth]?.[1]
    const capabilities = readFileSync(`/proc/${process(0)}/status`, 'utf8').match(/^Cap(Prm|Eff|Bnd|Amb):.*$/gm)
    t.same(
      capabilities?.map(line => Number.parseInt(line.slice(7), 16)),
      [0, 0, 0, 0],
    )
    const received = async () => {
      // while it starts again nobody answers
      const status = await agent.status().catch(() => undefined)
      return status?.accounting.find(({ input }) => input === 'nflog')
    }
    go()
    const before = await until(received, row => (row?.received ?? 0) > 500)
    agent.child.kill('SIGHUP')
    const after = await until(received, row => (row?.received ?? 0) >= 4000)
    t.ok((before?.received ?? 0) < 3000, 'packets came while it was away')
    t.match(
      after,
      { received: 4000, kernelLost: 0, deafSeconds: 0, unaccounted: 0, unreadable: 0 },
      'the numbers went on across the restart',
    )
    t.ok(process(1) !== undefined && process(1) !== process(0), 'it is another process')
    t.equal(agent.log().match(/received FDSTORE=1 FDNAME=nflog FDPOLL=0/g)?.length, 1, 'and the same socket')
    t.match(agent.log(), /the groups have their listener already/)
  },
)

t.test(
  'a descriptor handed over that is none of the packet log is refused, and everything else is received',
  { skip: reason ?? false },
  async t => {
    const manager = buildManager(t)
    for (const [protocol, code] of [
      ['0', 'EPROTOTYPE'], // NETLINK_ROUTE
      ['12', 'EDESTADDRREQ'], // NETLINK_NETFILTER, but never bound
    ]) {
      const folder = temporaryFolder(t)
      writeSettings(folder, undefined, { 'nflog.groups': '514' })
      const agent = await startAgent(folder, {
        inside: ['unshare', '-rn', manager, '@systemd', '1', manager, 'offer', protocol, '--', ...withoutCapabilities],
      })
      const { findings, sources } = await agent.status()
      const failed = findings.find(finding => finding.code === 'nflog-failed')
      t.match(failed?.detail, new RegExp(`nflog\\.groups = 514: ${code}: cannot use that descriptor`))
      t.same(
        sources.map(({ name }) => name),
        ['udp', 'tcp'],
      )
      await agent.kill('SIGTERM')
    }
  },
)

t.test('a group that may not be listened to is reported, and everything else is received', { skip: reason ?? false }, async t => {
  const folder = temporaryFolder(t)
  writeSettings(folder, undefined, { 'nflog.groups': '514' })
  const agent = await startAgent(folder, { inside: withoutCapabilities })
  t.teardown(() => agent.kill())
  const { findings, sources } = await agent.status()
  t.match(
    findings.find(({ code }) => code === 'nflog-failed'),
    { detail: /cannot listen to nflog\.groups = 514: systemd passed no socket .*open-nflog.* EPERM/, advice: /CAP_NET_ADMIN/ },
  )
  t.same(
    sources.map(({ name }) => name),
    ['udp', 'tcp'],
  )
})
