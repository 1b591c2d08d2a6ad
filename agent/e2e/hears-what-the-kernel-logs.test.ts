// A rule of nftables that logs to a group, a real agent that listens to it, and packets that the rule drops: in a network
// namespace of our own. What cannot be had where the kernel or a missing tool forbids it is said.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { whyNoNamespace } from '../node-netfilter-log/test-ground.ts'
import { cyberalarm, startAgent, sums, temporaryFolder, until, writeSettings } from './harness.ts'

const PACKETS = 500

const rules = `table inet test {
  chain input {
    type filter hook input priority 0;
    ip daddr 198.51.100.10 udp dport 23 log prefix "[GW-DROP] " group 514 snaplen 24 queue-threshold 32 drop
  }
}
`

/** Waits for the file `go`, then sends from an address of the internet to one of the member. */
const sender = (go: string) => `
  const socket = require('node:dgram').createSocket('udp4')
  const wait = () => require('node:fs').existsSync('${go}') ? send(0) : setTimeout(wait, 20)
  const send = n => n === ${PACKETS} ? socket.close() : socket.send('a secret of the member', 23, '198.51.100.10', () => send(n + 1))
  socket.bind(40000, '203.0.113.5', wait)
`

const reason = whyNoNamespace()
t.test('packets that a rule drops become events, by the word in its prefix', { skip: reason ?? false }, async t => {
  const folder = temporaryFolder(t)
  writeSettings(folder, undefined, { 'nflog.groups': '514' })
  writeFileSync(join(folder, 'rules.nft'), rules)
  writeFileSync(join(folder, 'send.cjs'), sender(join(folder, 'go')))
  const setUp = `ip link set lo up && ip address add 203.0.113.5/32 dev lo && ip address add 198.51.100.10/32 dev lo && nft -f ${folder}/rules.nft
    { env -u NODE_OPTIONS ${process.execPath} ${folder}/send.cjs & } && exec "$@"`
  const agent = await startAgent(folder, { inside: ['unshare', '-rn', 'bash', '-c', setUp, 'bash'] })
  t.teardown(() => agent.kill())
  writeFileSync(join(folder, 'go'), '')
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

t.test('a group that may not be listened to is said, and everything else is heard', { skip: reason ?? false }, async t => {
  const folder = temporaryFolder(t)
  writeSettings(folder, undefined, { 'nflog.groups': '514' })
  const noRight = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all', '--reuid', '0', '--no-new-privs']
  const agent = await startAgent(folder, { inside: noRight })
  t.teardown(() => agent.kill())
  const { notices, sources } = await agent.status()
  t.match(notices.join('\n'), /cannot listen to nflog\.groups = 514: EPERM.*\[nflog-failed\]\n.*CAP_NET_ADMIN/)
  t.same(
    sources.map(({ name }) => name),
    ['udp', 'tcp'],
  )
})
