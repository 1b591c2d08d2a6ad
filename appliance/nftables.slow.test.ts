// The shipped rules in a real kernel: what is open, what is closed, and that the agent gets only the headers of what is dropped.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { whyNoNamespace } from '../agent/node-netfilter-log/test-support.ts'
import { ethernet, extension, ip4, ip6, tcp, udp } from '../agent/sources/packets/test-packets.ts'
import { RECEIVE_BUFFER_BYTES } from '../agent/sources/syslog/syslog-udp.ts'
import { renderOpenPorts } from './box/network/open-ports.ts'
import { parseMemberSettings } from './box/settings/box-settings.ts'
import type { Outcome, Plan } from './test-box.ts'
import type { Probe } from './test-peer.ts'

const here = import.meta.dirname
const NEEDED = 'mount -t tmpfs none /etc && ip link add box0 type veth peer name other0 && nsenter -t $$ -n true'
const canIsolate = (): boolean => spawnSync('unshare', ['-rnm', 'sh', '-c', NEEDED], { stdio: 'ignore' }).status === 0
const why = whyNoNamespace() ?? (canIsolate() ? undefined : 'no mounts or no pair of interfaces in a namespace of ours')
const SECRET = 'not-for-any-log'
const secret = [...Buffer.from(SECRET)]
const four = { source: '192.0.2.66', destination: '192.0.2.10' }
const six = { source: '2001:db8::66', destination: '2001:db8::10' }
const BROADCAST = new Array<number>(6).fill(0xff)

/** With the header's checksum (RFC 791), without which no kernel takes a packet. */
function frame4(packet: readonly number[], to?: readonly number[]): string {
  const bytes = ethernet(0x0800, packet)
  let sum = 0
  for (let at = 14; at < 14 + (packet[0] & 15) * 4; at += 2) sum += bytes[at] * 256 + bytes[at + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  bytes.splice(24, 2, (~sum >> 8) & 255, ~sum & 255)
  if (to !== undefined) bytes.splice(0, 6, ...to)
  return Buffer.from(bytes).toString('hex')
}
const frame6 = (packet: readonly number[]): string => Buffer.from(ethernet(0x86dd, packet)).toString('hex')
const flagged = (source: number, destination: number, flags: number): number[] => tcp(source, destination).with(13, flags)

async function runPlan(test: { testdir(): string }, plan: Plan): Promise<Outcome> {
  const sender = join(test.testdir(), 'raw-frames')
  execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-o', sender, join(here, 'test-raw-frames.c')])
  const box = spawn('unshare', ['-rnm', process.execPath, join(here, 'test-box.ts'), sender], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
  })
  box.stdin.end(JSON.stringify(plan))
  let text = ''
  for await (const chunk of box.stdout) text += chunk
  return JSON.parse(text)
}

/** Each as a line, sorted: probes run side by side, from ports that the system chose. */
const lines = ({ logged }: Outcome): string[] =>
  logged
    .map(event => {
      const port = (event['destination.port'] as number | undefined) ?? '-'
      return `${event['event.action']} ${event['network.transport'] ?? '-'} ${event['source.ip']} ${port} copied ${event.copied}`
    })
    .sort()

t.test('what is dropped', { skip: why ?? false }, async test => {
  const probes: Probe[] = [
    ['tcp', four.destination, 514],
    ['tcp', six.destination, 6514],
    ['tcp', four.destination, 22],
    ['tcp', six.destination, 3389],
    ['udp', four.destination, 9, SECRET],
    ['udp', six.destination, 9, SECRET],
    ['udp', four.destination, 514, 'a short message'],
    ['udp', four.destination, 514, 'fragments '.repeat(400)],
    ['udp', six.destination, 514, 'fragments '.repeat(500)],
  ]
  const pings = new Array<string>(3).fill(frame4(ip4(1, [8, 0, 0, 0, 0, 0, 0, 0], four)))
  const refused = [
    frame4(ip4(6, flagged(40001, 514, 0), four)),
    frame4(ip4(6, flagged(40001, 6514, 0x29), four)),
    frame6(ip6(6, flagged(40001, 514, 0x13), six)),
    frame6(ip6(6, flagged(40001, 514, 0x06), six)),
    frame4(ip4(6, flagged(40001, 25, 0x10), four)),
    frame4(ip4(6, [...tcp(40001, 23), ...secret], { ...four, options: [1, 1, 1, 1] })),
    frame4(ip4(1, [13, 0, 0, 0, ...secret], four)),
    frame6(ip6(58, [139, 0, 0, 0, ...secret], six)),
    frame4(ip4(253, secret, four)),
    frame6(ip6(253, secret, six)),
    frame6(ip6(60, [...extension(17), ...udp(40001, 161), ...secret], six)),
  ]
  const late = [
    frame4(ip4(6, flagged(443, 40000, 0x10), four)),
    frame4(ip4(6, flagged(443, 40000, 0x04), four)),
    frame6(ip6(6, flagged(443, 1025, 0x12), six)),
    frame4(ip4(17, udp(53, 40000), four)),
  ]
  const chatter = [frame4(ip4(17, udp(137, 137), { ...four, destination: '192.0.2.255' }), BROADCAST)]
  const lease = frame4(ip4(17, udp(67, 68), four))
  const outcome = await runPlan(test, { openFiles: {}, probes, frames: [...pings, lease, ...refused, ...late, ...chatter] })

  test.same(outcome.answers.slice(0, 4), ['open', 'open', 'silent', 'silent'], 'the syslog ports are open, and no other port answers')
  test.same([...outcome.syslog].sort(), [15, 4000, 5000], 'takes syslog over UDP, in fragments too')
  const expected = [
    'drop - 2001:db8::66 - copied 40',
    'drop 253 192.0.2.66 - copied 20',
    'drop 253 2001:db8::66 - copied 40',
    'drop icmp 192.0.2.66 - copied 24',
    'drop icmp6 2001:db8::66 - copied 44',
    'drop tcp 192.0.2.66 - copied 24',
    'drop tcp 192.0.2.66 22 copied 24',
    'drop tcp 192.0.2.66 25 copied 24',
    'drop tcp 192.0.2.66 514 copied 24',
    'drop tcp 192.0.2.66 6514 copied 24',
    'drop tcp 2001:db8::66 3389 copied 44',
    'drop tcp 2001:db8::66 514 copied 44',
    'drop tcp 2001:db8::66 514 copied 44',
    'drop udp 192.0.2.66 9 copied 24',
    'drop udp 2001:db8::66 9 copied 44',
  ]
  test.same(lines(outcome), expected, 'the agent gets source and port of each refused packet, and nothing of answers, chatter and pings')
  test.same(outcome.refused, [], 'the agent parses all of it')
  test.equal(outcome.received.includes(SECRET.slice(0, 4)), false, 'no payload reaches the process')
  test.ok(outcome.control.includes(SECRET), 'which a rule without snaplen would have brought')
  test.match(outcome.counters, { refused: outcome.logged.length + outcome.lost, late: late.length }, 'every drop is counted')
  test.ok(outcome.counters.chatter >= chatter.length)
  test.equal(outcome.counters.untracked, outcome.syslog.length, 'syslog over UDP stays out of the table of connections')
  test.equal(outcome.loadError, '')
})

t.test('a port that the member opens is open from the stated sources only', { skip: why ?? false }, async test => {
  const settings = parseMemberSettings('network.open = tcp/22@192.0.2.0/26, udp/161@192.0.2.67/26 tcp/22@2001:db8::100/120\n')
  const openFiles = { 'settings.nft': renderOpenPorts(settings['network.open']) }
  const probes: Probe[] = [
    ['tcp', four.destination, 22],
    ['udp', four.destination, 161],
    ['tcp', six.destination, 22],
  ]
  const outcome = await runPlan(test, { openFiles, probes, frames: [] })
  test.equal(outcome.loadError, '')
  test.same(outcome.answers, ['silent', 'sent', 'silent'])
  test.same(lines(outcome), ['drop tcp 192.0.2.66 22 copied 24', 'drop tcp 2001:db8::66 22 copied 44'])
  const wider = parseMemberSettings('network.open = tcp/22@192.0.2.64/26\n')
  const opened = await runPlan(test, { openFiles: { 'settings.nft': renderOpenPorts(wider['network.open']) }, probes, frames: [] })
  test.same(opened.answers, ['open', 'sent', 'silent'])
})

t.test('a wrong line opens nothing, and everything else stays as it is', { skip: why ?? false }, async test => {
  const openFiles = { 'a.nft': 'tcp dport 22 accept\n', 'b.nft': 'tcp dport 22 acept\n' }
  const probes: Probe[] = [
    ['tcp', four.destination, 22],
    ['tcp', four.destination, 514],
  ]
  const outcome = await runPlan(test, { openFiles, probes, frames: [] })
  test.match(outcome.loadError, /open\.d\/b\.nft:1/)
  test.same(outcome.answers, ['silent', 'open'])
})

t.test('the system allows the receive buffer that the agent asks for', async test => {
  const text = readFileSync(join(here, 'rootfs/etc/sysctl.d/60-cyberalarm.conf'), 'utf8')
  const most = /^net\.core\.rmem_max = (\d+)$/m.exec(text)
  test.ok(Number(most?.[1]) >= RECEIVE_BUFFER_BYTES)
})
