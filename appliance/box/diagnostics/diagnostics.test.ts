// Real tools on a real FAT file system in a file; systemd is stood in for by scripts that print what it prints.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blockedLine, sendTcp, startAgent, sums, until, writeSettings } from '../../../agent/testing/harness.ts'
import { boxFolder, hasMtools, makeDevice, makeFat, namesOn, plugIn, readFrom } from '../test-stick.ts'
import { runDiagnostics } from './diagnostics.ts'
import { diagnosticsReportSchema } from './diagnostics-report.ts'
import type { StickCode } from './stick-fault.ts'

t.setTimeout(60_000)
const skip = hasMtools ? false : 'mtools are not installed'

const report = (root: string) =>
  diagnosticsReportSchema.parse(JSON.parse(readFileSync(join(root, 'run/cyberalarm-box/diagnostics.json'), 'utf8')))
const requestOf = (root: string) => join(root, 'var/lib/cyberalarm-box/wanted/diagnostics')

async function run(root: string, waitMs = 0) {
  const said: string[] = []
  const code = await runDiagnostics({ root, signal: new AbortController().signal, print: text => said.push(text), waitMs })
  return { code, said }
}

function script(root: string, name: string, text: string): void {
  const path = join(root, 'usr/bin', name)
  rmSync(path, { force: true })
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

t.test('writes one file that holds what is named and nothing else, and reads it back', { skip }, async t => {
  const root = boxFolder(t)
  plugIn(root, 'sdb', { partitions: { 1: '' } })
  makeDevice(root, 'sdb', Buffer.alloc(512))
  const stick = makeFat(root, 'sdb1')
  writeSettings(root, undefined)
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  await sendTcp(agent.tcpPort, [blockedLine(1), blockedLine(2)])
  await until(agent.status, status => sums(status).received === 2)
  script(
    root,
    'systemctl',
    'printf "Id=cyberalarm-agent.service\\nActiveState=active\\nEnvironment=SECRET=1\\n\\nId=cyberalarm-udp.socket\\nActiveState=active\\n"',
  )
  script(root, 'timedatectl', 'printf "Timezone=UTC\\nNTPSynchronized=yes\\nLocalRTC=no\\n"')
  script(
    root,
    'journalctl',
    `printf '%s\\n' '{"__REALTIME_TIMESTAMP":"1763712000000000","_SYSTEMD_UNIT":"cyberalarm-agent.service","PRIORITY":"4","MESSAGE":"gateway 10.9.8.7 is new","_HOSTNAME":"secret-name"}' '{"MESSAGE":[1,2],"_SYSTEMD_UNIT":"sshd.service"}' '{"MESSAGE":"cyberalarm.conf:3: uplink.proxy = https://typed.inside: must be http"}' '{"MESSAGE":"getaddrinfo ENOTFOUND proxy.inside.example"}'`,
  )
  writeFileSync(
    join(root, 'usr/lib/cyberalarm/image.json'),
    '{"version":"1.2.3","base":"debian-13","network":"networkd","more":"hidden-fact"}',
  )
  writeFileSync(join(root, 'run/cyberalarm-box/slot'), 'b\n')
  const text3 = 'cyberalarm.conf:3: host.name = my secret: must be letters'
  const wrong = { line: 3, setting: 'host.name', problem: 'must be letters', text: text3 }
  writeFileSync(
    join(root, 'run/cyberalarm-box/settings.json'),
    JSON.stringify({
      at: 'now',
      sources: [{ name: 'config', state: 'refused', faults: [wrong] }],
      notices: [
        { code: 'settings-wrong', detail: 'member.conf:1: host.name = my secret: must be letters (left out)', advice: 'Correct it.' },
        { code: 'data-lost', detail: 'no disk for 10.9.8.7', advice: 'Restart.' },
      ],
    }),
  )
  writeFileSync(join(root, 'var/lib/cyberalarm-box/member.conf'), 'uplink.proxy = http://user:pass@word@proxy.inside.example:3128\n')
  writeFileSync(requestOf(root), '')

  const { code, said } = await run(root)
  t.equal(code, 0, said.join('\n'))
  t.notOk(existsSync(requestOf(root)))
  const { state, file = '', bytes } = report(root)
  t.equal(state, 'done')
  t.match(file, /^cyberalarm-diagnostics-\d{8}T\d{6}Z\.json$/)
  t.same(namesOn(stick), [file])
  const text = readFrom(stick, file)
  t.equal(Buffer.byteLength(text), bytes)
  const found = JSON.parse(text)
  t.same(Object.keys(found), [
    'format',
    'at',
    'version',
    'image',
    'units',
    'status',
    'settings',
    'enrolment',
    'updates',
    'slot',
    'kernel',
    'memory',
    'disk',
    'clock',
    'log',
  ])
  t.match(found, {
    image: { version: '1.2.3', base: 'debian-13', network: 'networkd' },
    units: [{ Id: 'cyberalarm-agent.service', ActiveState: 'active' }, { Id: 'cyberalarm-udp.socket' }],
    status: {
      running: true,
      device: null,
      gateways: [{ number: 1, address: 'address-1', messages: 2 }],
      accounting: [{ input: 'udp' }, { input: 'tcp', received: 2, unaccounted: 0 }],
    },
    settings: {
      sources: [{ state: 'refused', faults: [{ line: 3, setting: 'host.name', problem: 'must be letters' }] }],
      notices: [
        { code: 'settings-wrong', detail: null },
        { code: 'data-lost', detail: /^no disk for address-\d$/ },
      ],
    },
    enrolment: { missing: /ENOENT/ },
    updates: { missing: /ENOENT/ },
    slot: 'b',
    memory: { missing: String },
    disk: { data: { bytes: Number, freeBytes: Number } },
    clock: { NTPSynchronized: 'yes' },
    log: [
      { at: '2025-11-21T08:00:00.000Z', unit: 'cyberalarm-agent.service', level: 4, text: /^gateway address-\d is new$/ },
      { unit: null, text: '(not text)' },
      { text: /^cyberalarm\.conf:3: uplink\.\w+ = \(not shown\): must be http$/ },
      { text: 'getaddrinfo ENOTFOUND name' },
    ],
  })
  for (const secret of ['10.9.8.7', 'secret', 'SECRET', 'hidden-fact', 'sshd', 'inside', 'LocalRTC']) t.notMatch(text, secret, secret)
  t.same(readdirSync(join(root, 'run/cyberalarm-box')).sort(), ['diagnostics.json', 'settings.json', 'slot'])
  t.equal(statSync(join(root, 'run/cyberalarm-box/diagnostics.json')).mode & 0o777, 0o644)
  t.same(
    said.map(line => line.split(' ')[1]),
    ['waiting', 'writing', 'verifying', 'done'],
  )
})

t.test('waits for the stick, and takes one that comes late', { skip }, async t => {
  const root = boxFolder(t)
  const running = run(root, 20_000)
  await until(
    () => existsSync(join(root, 'run/cyberalarm-box/diagnostics.json')) && report(root).state,
    state => state === 'waiting',
  )
  const stick = makeFat(root, 'sdb')
  plugIn(root, 'sdb')
  t.equal((await running).code, 0)
  t.equal(namesOn(stick).length, 1)
})

function withStick(root: string, then: () => void): void {
  plugIn(root, 'sdb')
  then()
}

function withFat(root: string, then: () => void): void {
  withStick(root, () => makeFat(root, 'sdb'))
  then()
}

t.test('says what is wrong with what is there, and what to do', { skip }, async t => {
  const exfat = Buffer.alloc(512)
  exfat.write('EXFAT   ', 3)
  exfat.writeUInt16LE(0xaa55, 510)
  const cases: Record<string, [(root: string) => void, StickCode, RegExp]> = {
    nothing: [() => undefined, 'stick-missing', /Plug it in/],
    exfat: [root => withStick(root, () => makeDevice(root, 'sdb', exfat)), 'stick-format-wrong', /FAT32/],
    empty: [root => withStick(root, () => makeDevice(root, 'sdb', Buffer.alloc(512))), 'stick-format-wrong', /FAT32/],
    'write-protected': [
      root => {
        plugIn(root, 'sdb', { readOnly: true })
        makeFat(root, 'sdb')
      },
      'stick-write-protected',
      /switch/,
    ],
    'no mtools': [root => withFat(root, () => rmSync(join(root, 'usr/bin/mcopy'))), 'tool-missing', /helpdesk/],
    'a tool that fails': [root => withFat(root, () => script(root, 'mcopy', 'echo "Disk full" >&2; exit 1')), 'stick-full', /Delete/],
    'another file came back': [root => withFat(root, () => script(root, 'mtype', 'echo other')), 'stick-damaged', /another one/],
    'a file system of nonsense': [
      root => {
        plugIn(root, 'sdb')
        const device = makeFat(root, 'sdb')
        writeFileSync(device, Buffer.concat([readFileSync(device).subarray(0, 512), Buffer.alloc(200_000, 0x5a)]))
      },
      'stick-format-wrong',
      /another stick/,
    ],
  }
  for (const [name, [prepare, code, advice]] of Object.entries(cases)) {
    const root = boxFolder(t)
    prepare(root)
    t.equal((await run(root)).code, 1, name)
    t.match(report(root), { state: 'failed', failure: { code, detail: String, advice } }, name)
    t.same(readdirSync(join(root, 'run/cyberalarm-box')), ['diagnostics.json'], `${name}: no draft is left`)
  }
})

t.test('a full stick is said to be full, and keeps what was on it', { skip }, async t => {
  const root = boxFolder(t)
  plugIn(root, 'sdb')
  const stick = makeFat(root, 'sdb', 512)
  writeFileSync(join(root, 'filler'), Buffer.alloc(230_000, 0x41))
  const { execFileSync } = await import('node:child_process')
  for (const name of ['a', 'b', 'c'])
    try {
      execFileSync('/usr/bin/mcopy', ['-i', stick, join(root, 'filler'), `::${name}`], { env: { MTOOLSRC: '/dev/null' }, stdio: 'ignore' })
    } catch (error) {
      t.ok(error instanceof Error, 'the stick is full now')
    }
  const before = namesOn(stick)
  script(root, 'journalctl', `i=0; while [ $i -lt 200 ]; do echo '{"MESSAGE":"${'x'.repeat(500)}"}'; i=$((i+1)); done`)
  const { code } = await run(root)
  t.equal(code, 1)
  t.match(report(root), { state: 'failed', failure: { code: 'stick-full' } })
  t.ok(before.every(name => namesOn(stick).includes(name)))
})

t.test('what the console left where its request should lie is no harm', { skip }, async t => {
  const root = boxFolder(t)
  mkdirSync(join(requestOf(root), 'folder'), { recursive: true })
  t.equal((await run(root)).code, 1)
  t.equal(report(root).state, 'failed')
})
