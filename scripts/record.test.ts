import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readFixtures } from '../agent/testing/fixtures.ts'
import { realAddresses } from './real-addresses.ts'
import { fixturesText, Refusal, record } from './record.ts'

const root = join(import.meta.dirname, '..')
const pathOf = (product: string) => join(root, 'agent/recognisers/products', product, 'fixtures.jsonl')
const login = (address: string) => `<38>Nov 20 12:00:01 bastion sshd[4711]: Failed password for root from ${address} port 32306 ssh2`

t.test('what is recorded without a change is the file as it is, byte for byte', async t => {
  for (const [product, fixtures] of readFixtures()) {
    const recording = record(product, fixtures, [])
    t.equal(fixturesText(recording.fixtures), readFileSync(pathOf(product), 'utf8'), product)
    t.match(recording, { added: 0, changed: 0, warnings: [] })
  }
})

t.test('a reading that changed replaces the one before, in its place', async t => {
  const fixtures = readFixtures().get('sshd') ?? []
  const { line } = fixtures[3]
  const recording = record('sshd', fixtures.with(3, { line, reading: 'ignored' }), [])
  t.equal(recording.changed, 1)
  t.same(recording.fixtures, fixtures)
})

t.test('new messages stand behind the known ones, each once', async t => {
  const fixtures = readFixtures().get('sshd') ?? []
  const recording = record('sshd', fixtures, [login('203.0.113.5'), '', login('203.0.113.5'), fixtures[0].line])
  t.equal(recording.added, 1)
  t.same(recording.fixtures.slice(0, -1), fixtures)
  t.match(recording.fixtures.at(-1), { reading: 'event', event: { 'event.action': 'login-failed', 'source.ip': '203.0.113.5' } })
})

t.test('refuses messages of no product and of another one, all at once', async t => {
  const lines = ['<13>Nov 20 12:00:01 gw nobody knows this', login('203.0.113.5')]
  try {
    record('fortigate', [], lines)
    t.fail('was recorded')
  } catch (error) {
    t.ok(error instanceof Refusal)
    t.match(Object(error).message, /^no product claims it: .*nobody knows this\nsshd claims it: /)
  }
})

t.test('warns of addresses that may be somebody, and of messages that cannot be read', async t => {
  t.match(record('sshd', [], [login('203.0.114.5')]).warnings, [/203\.0\.114\.5 is no documentation address/])
  t.match(record('sonicwall', [], ['id=firewall sn=0017C5000001 m=36 src=nowhere dst=nowhere']).warnings, [/cannot be read/])
  const harmless = '192.0.2.1 198.51.100.2:443 [2001:db8::1]:22 3fff::1 10.1.2.3 127.0.0.1 fe80::1 224.0.0.1 12:00:01 00:11:22:33:44:55 ::'
  t.same(realAddresses(harmless), [])
  t.same(realAddresses('src=outside:203.0.114.5:443 [2001:4860::8]:22 203.0.114.5,8.8.4.4.'), ['203.0.114.5', '2001:4860::8', '8.8.4.4'])
})

t.test('a refusal says why and leaves the fixtures as they are', async t => {
  const before = readFileSync(pathOf('pfsense'))
  const file = join(t.testdir({ 'lines.txt': `${login('203.0.113.5')}\n` }), 'lines.txt')
  const run = (env: Record<string, string>) => spawnSync(process.execPath, [join(root, 'scripts/record.ts')], { encoding: 'utf8', env })
  const refused = run({ PRODUCT: 'pfsense', FILE: file })
  t.match(refused, { status: 1, stderr: /nothing was recorded:\nsshd claims it/ })
  t.match(run({ PRODUCT: 'nosuchwall' }), { status: 1, stderr: /PRODUCT is one of fortigate, / })
  t.same(readFileSync(pathOf('pfsense')), before)
  t.match(run({ PRODUCT: 'pfsense' }), { status: 0, stdout: /pfsense\/fixtures\.jsonl: 0 added, 0 changed, \d+ in all/ })
  t.same(readFileSync(pathOf('pfsense')), before)
})
