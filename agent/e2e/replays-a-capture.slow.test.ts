// `cyberalarm replay` as a person meets it, and held against tcpdump where that is installed: on files of ours that both
// read, and on packets that it captures on the loopback.
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { blocks, classic, logged, START_MS, type TestPacket } from '../sources/capture/test-captures.ts'
import { ethernet, ip4, ip6, tcp, udp } from '../sources/packets/test-packets.ts'
import { cyberalarm, spawnCyberalarm, temporaryFolder, writeSettings } from '../testing/harness.ts'

t.setTimeout(120_000)
const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0
const needsTcpdump = hasTcpdump ? {} : { skip: 'tcpdump is not installed' }

const four = ip4(6, tcp(40000, 22))
const six = ip6(17, udp(40000, 53))
const wire: TestPacket[] = [
  { bytes: ethernet(0x0800, four) },
  { bytes: ethernet(0x86dd, six), time: START_MS + 7 },
  { bytes: ethernet(0x0800, ip4(17, udp(1, 2)), [0x8100]), time: START_MS + 2500 },
]

interface Line {
  readonly event: Record<string, string | number> | null
  readonly summary?: Record<string, unknown>
}
const parsed = (out: string): Line[] =>
  out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

t.test('reads a file or standard input, packed or not, and keeps nothing', async t => {
  const root = temporaryFolder(t)
  writeSettings(root, undefined)
  const folder = temporaryFolder(t)
  const before = readdirSync(root, { recursive: true })
  const capture = classic(1, wire)
  const files = { 'plain.pcap': capture, 'packed.gz': gzipSync(capture), 'packed.zst': zstdCompressSync(capture) }
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), bytes)
    const { code, out, error } = await cyberalarm(root, 'replay', join(folder, name), '--action', 'drop', '--json', '--summary')
    t.match({ code, error }, { code: 0, error: '' }, name)
    t.match(JSON.parse(out), { summary: { ending: 'whole', packets: 3, send: { 'blocked-from-outside': 3 } } })
    const child = spawnCyberalarm(['replay', '-', '--root', root])
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
    })
    child.stdin.end(bytes)
    t.same(await once(child, 'close'), [0, null])
    t.match(text, /\n3 packets, 2\.5 s from .*\n[\s\S]*drop +no-verdict +3 /, `${name} on standard input`)
  }
  t.same(readdirSync(root, { recursive: true }), before)
})

t.test('says what is wrong with a capture or with the words, and how it ended in the exit code', async t => {
  const root = temporaryFolder(t)
  const path = join(root, 'it.pcap')
  const capture = classic(1, wire)
  const lie = Buffer.from(capture)
  lie.writeUInt32LE(0xffff_ffff, 32)
  const wrong: [Uint8Array, number, RegExp, RegExp][] = [
    [capture.subarray(0, capture.length - 1), 3, /! The capture ends in the middle/, /^$/],
    [lie, 1, /^$/, /at byte 24 of the capture.*\[capture-damaged\]\n {2}The counts up to this point/],
    [Buffer.from('no capture at all'), 1, /^$/, /unknown magic number \[capture-unreadable\]\n {2}Give a capture file/],
  ]
  for (const [bytes, code, out, error] of wrong) {
    writeFileSync(path, bytes)
    t.match(await cyberalarm(root, 'replay', path), { code, out, error })
  }
  t.match(await cyberalarm(root, 'replay', join(root, 'none')), { code: 1, out: '', error: /cannot read .*none: ENOENT/ })
  t.match(await cyberalarm(root, 'replay', path, '--action', 'dropped'), {
    code: 2,
    error: /no action 'dropped'; there are allow, deny, drop/,
  })
})

t.test('ends with its summary when it is interrupted, even if no input comes', async t => {
  const child = spawnCyberalarm(['replay', '-'])
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stdin.write(classic(1, wire))
  while (!out.includes('source.port=1 ')) await once(child.stdout, 'data')
  child.kill('SIGINT')
  t.same(await once(child, 'close'), [130, null])
  t.match(out, /\n3 packets.*\n[\s\S]*it was interrupted/)
})

/** `1790000000000 192.0.2.1.40000 > 198.51.100.2.22`: the time in ms and the ends as tcpdump writes them, of the packets that are IP. */
const asTcpdump = (lines: readonly Line[]): string[] =>
  lines.flatMap(({ event }) => {
    if (event === null || event === undefined) return []
    const end = (side: string) => [event[`${side}.ip`], event[`${side}.port`]].filter(part => part !== undefined).join('.')
    return [`${Date.parse(String(event['@timestamp']))} ${end('source')} > ${end('destination')}`]
  })
const fromTcpdump = (text: string): string[] =>
  [...text.matchAll(/^(\d+)\.(\d{3})\d+ .*?IP6? (\S+ > \S+):/gm)].map(([, seconds, ms, ends]) => `${seconds}${ms} ${ends}`)

t.test('finds in files of every kind the packets that tcpdump finds', needsTcpdump, async t => {
  const root = temporaryFolder(t)
  const { section, interface: described, packet } = blocks()
  const cooked = (protocol: number, bytes: number[]) => [
    ...[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0],
    protocol >> 8,
    protocol & 255,
    ...bytes,
  ]
  const cooked2 = (protocol: number, bytes: number[]) => [
    protocol >> 8,
    protocol & 255,
    0,
    0,
    0,
    0,
    0,
    2,
    0,
    1,
    0,
    6,
    2,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    ...bytes,
  ]
  const both = [{ bytes: four }, { bytes: six }]
  const files = {
    little: classic(1, wire),
    big: classic(1, wire, { bigEndian: true }),
    nano: classic(1, wire, { nano: true }),
    modified: classic(1, wire, { modified: true }),
    raw: classic(101, both),
    cooked: classic(113, [{ bytes: cooked(0x0800, four) }, { bytes: cooked(0x86dd, six) }]),
    cooked2: classic(276, [{ bytes: cooked2(0x0800, four) }, { bytes: cooked2(0x86dd, six) }]),
    logged: classic(239, [{ bytes: logged(false, 0x0800, four) }, { bytes: logged(false, 0x86dd, six) }]),
    loggedElsewhere: classic(239, [{ bytes: logged(true, 0x0800, four) }, { bytes: logged(true, 0x86dd, six) }], { bigEndian: true }),
    pcapng: Uint8Array.from([section(), described(1), ...wire.map(one => packet(one))].flat()),
  }
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(root, name)
    writeFileSync(path, bytes)
    const theirs = spawnSync('tcpdump', ['-nn', '-tt', '-r', path], { encoding: 'utf8' })
    const ours = parsed((await cyberalarm(root, 'replay', path, '--json')).out)
    t.ok(fromTcpdump(theirs.stdout).length >= 2, `tcpdump reads ${name}: ${theirs.stderr}`)
    t.same(asTcpdump(ours), fromTcpdump(theirs.stdout), name)
  }
})

t.test('reads what tcpdump captures while it does', needsTcpdump, async t => {
  const root = temporaryFolder(t)
  const capturing = spawn('tcpdump', ['-i', 'lo', '-U', '-w', '-', 'udp and dst portrange 40001-40020'])
  const child = spawnCyberalarm(['replay', '-', '--json', '--root', root])
  capturing.stdout.pipe(child.stdin)
  let messages = ''
  capturing.stderr.on('data', chunk => {
    messages += chunk
  })
  let out = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  const ended = once(child, 'close')
  const refused = once(capturing, 'close').then(() => !messages.includes('listening on'))
  while (!messages.includes('listening on') && capturing.exitCode === null) await sleep(10)
  if (capturing.exitCode !== null && (await refused)) {
    await ended
    return void t.pass('what tcpdump captures', { skip: 'capturing is not permitted here' })
  }
  const socket = createSocket('udp4')
  const ports = Array.from({ length: 20 }, (_, i) => 40001 + i)
  for (let tries = 0; tries < 100 && !ports.every(port => out.includes(`"destination.port":${port}`)); tries++) {
    for (const port of ports) socket.send('secret', port, '127.0.0.1')
    await sleep(50)
  }
  socket.close()
  capturing.kill('SIGINT')
  t.same(await ended, [0, null])
  const lines = parsed(out)
  const found = new Set(lines.map(({ event }) => event?.['destination.port']))
  t.ok(ports.every(port => found.has(port)))
  t.match(lines.at(-1), { summary: { ending: 'whole', broken: 0, cut: 0, notIp: 0, packets: lines.length - 1 } })
  t.notMatch(out, /secret/, 'and nothing of what they carry is said')
})
