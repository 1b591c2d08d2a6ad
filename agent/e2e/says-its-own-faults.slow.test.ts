// A release with faults of its own says so, and how old it is; more senders than there are numbers, and more sources than there is room
// for. Each is made true with a real agent, and central says the same words.
import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { cyberalarm, sendTcp, temporaryFolder, until } from '../testing/harness.ts'
import { checkOf, healthBox, whenCheck } from '../testing/health-box.ts'
import { patchedRelease } from '../testing/patched-release.ts'

t.setTimeout(300_000)
t.jobs = 3

const noRelease = existsSync(join(import.meta.dirname, '../../build/release/agent')) ? false : 'there is no build/release (make release)'
const SENDERS = 1100
/** GATEWAYS_MAX of pipeline/gateways.ts. */
const NUMBERED = 1023

t.test('a reader that throws, a message that nothing accounts for, and a release of 65 days ago', { skip: noRelease }, async t => {
  const central = await startCentral({ folder: join(temporaryFolder(t), 'central') })
  t.teardown(() => central.close())
  const made = Math.floor(Date.now() / 1000) - 65 * 86_400
  const release = patchedRelease(temporaryFolder(t), [
    [
      /\w+ = interpreter\.interpret\(bytes, start, end, gateway, receivedAtMs\);/,
      'if (bytes[start] === 33) throw new TypeError("no such field"); $&',
    ],
    [/account\.placedUnreadable\(\);(?=\s+if \(this\.shapesLeft)/, 'if (bytes[start] !== 63) $&'],
    [/"made": \d+/, `"made": ${made}`],
  ])
  const box = healthBox(t, { central, machine: {} })
  await cyberalarm(box.root, 'enrol', await central.makeCode())
  const agent = await box.start(release)
  t.match(checkOf(await agent.status(), 'reading'), { level: 'ok', value: 0 })
  t.match(checkOf(await agent.status(), 'accounting'), { level: 'ok', value: 0 })
  await sendTcp(agent.tcpPort, ['!one', '!two', '?three', 'what nobody reads', '?four', '?five'])
  await whenCheck(agent, 'accounting', 'bad')
  const said = await whenCheck(agent, 'reading', 'bad')
  t.match(said, /The accounting does not add up: 3 messages: tcp by 3 messages \[accounting-wrong\]/)
  t.match(said, /The agent failed to read 2 messages: last reason: no such field \[reading-failed\]/)
  t.match(said, /The release of this box is 65 days old \[release-old\]/)
  const wrong = ['accounting-wrong', 'reading-failed', 'release-old']
  const findings = await until(
    async () => (await central.boxes())[0]?.findings ?? [],
    all => wrong.every(code => all.some(one => one.code === code)),
    90_000,
  )
  for (const { text, code } of findings) if (wrong.includes(code)) t.ok(said.includes(text), `central says the same: ${text}`)
})

t.test('the built release knows its age, and a checkout does not', { skip: noRelease }, async t => {
  const released = await (await healthBox(t).start({ isRelease: true })).status()
  t.match(checkOf(released, 'release'), { level: 'ok', value: Number })
  t.match(checkOf(await (await healthBox(t).start()).status(), 'release'), { level: 'unknown', value: null })
})

t.test('1,100 senders, of which 1,023 have a number', async t => {
  const agent = await healthBox(t).start()
  for (let i = 0; i < SENDERS; i++) {
    const socket = createSocket('udp4')
    // this machine has all of 127.0.0.0/8
    await new Promise<void>(resolve => socket.bind(0, `127.1.${i >> 8}.${i & 255}`, resolve))
    await new Promise<void>(resolve => socket.send('<13>from one of many', agent.udpPort, '127.0.0.1', () => resolve()))
    socket.close()
  }
  const said = await whenCheck(agent, 'gateways-many', 'warn')
  t.match(said, /More addresses send syslog to this box than it has numbers for: \d+ messages came from the others \[gateways-too-many\]/)
  const status = await until(agent.status, one => checkOf(one, 'gateways-many')?.value === SENDERS - NUMBERED)
  t.match(checkOf(status, 'gateway-new'), { level: 'ok', value: NUMBERED })
})

t.test('more blocked sources in ten minutes than there is room for', async t => {
  const agent = await healthBox(t).start()
  const from = (i: number) =>
    `2001:0db8:0000:0000:0000:0000:${(i >> 16).toString(16).padStart(4, '0')}:${(i & 0xffff).toString(16).padStart(4, '0')}`
  const line = (i: number) =>
    `<4>Nov 20 12:00:00 gw kernel: [DROP]IN=eth0 OUT= MAC= SRC=${from(i)} DST=2001:0db8:ffff:0000:0000:0000:0000:0001 LEN=60 TC=0 HOPLIMIT=64 FLOWLBL=0 PROTO=TCP SPT=40000 DPT=23 WINDOW=1024 SYN`
  t.match(checkOf(await agent.status(), 'sources-forgotten'), { level: 'ok', value: 0 })
  await sendTcp(
    agent.tcpPort,
    Array.from({ length: 70_000 }, (_, i) => line(i)),
  )
  const said = await whenCheck(agent, 'sources-forgotten', 'warn')
  t.match(said, /Blocked sources forgotten early, because the table of recent sources is full: [\d,]+ \[sources-forgotten\]/)
})
