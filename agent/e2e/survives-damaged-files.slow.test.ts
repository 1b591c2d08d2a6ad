// One file of a box is damaged, of another form, a folder, or gone: the agent starts, says so, sends what is whole, and its gateways
// keep their numbers. With real agents; survives-flipped-bits does the same in process, thousands of times.
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { unpack } from '../batch/unpack.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { type Paths, pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.setTimeout(900_000)
const SENT = 30
const MORE = 5

const dir = temporaryFolder(t)
const central = await startCentral({ folder: join(dir, 'central') })
t.teardown(() => central.close())

const folderAt = (path: string) => {
  rmSync(path, { force: true })
  mkdirSync(join(path, 'inside'), { recursive: true })
}
const flip = (path: string, at: number) => {
  const bytes = readFileSync(path)
  bytes[Math.floor(at * bytes.length)] ^= 1
  writeFileSync(path, bytes)
}
const ledgerFile = ({ ledger }: Paths) => join(ledger, '00000001.ledger')
const both = (path: string, damage: (path: string) => void) => {
  for (const each of [path, `${path}.copy`]) damage(each)
}

/** What is done to a box, and the code of what it then says; '' where it need say nothing. */
const cases: Record<string, readonly [(paths: Paths) => void, string]> = {
  'pseudonym.key is empty': [p => truncateSync(p.pseudonymKey, 0), 'file-restored'],
  'pseudonym.key is cut short': [p => truncateSync(p.pseudonymKey, 15), 'file-restored'],
  'pseudonym.key is a folder': [p => folderAt(p.pseudonymKey), 'file-restored'],
  'pseudonym.key, both copies': [p => both(p.pseudonymKey, path => truncateSync(path, 7)), 'file-lost'],
  'gateways.json has no list': [p => writeFileSync(p.gateways, '{"gateways":null}'), 'file-restored'],
  'gateways.json is noise': [p => writeFileSync(p.gateways, Buffer.alloc(5000, 0xff)), 'file-restored'],
  'gateways.json is a folder': [p => folderAt(p.gateways), 'file-restored'],
  'gateways.json is gone': [p => rmSync(p.gateways), 'file-restored'],
  'gateways.json, both copies': [p => both(p.gateways, path => writeFileSync(path, 'null')), 'file-lost'],
  'identity.json has another bit': [p => flip(p.identity, 0.5), 'file-restored'],
  'identity.json is a folder': [p => folderAt(p.identity), 'file-restored'],
  'syslog.crt is noise': [p => writeFileSync(join(p.tls, 'syslog.crt'), 'x'), 'file-restored'],
  'syslog.key is empty': [p => truncateSync(join(p.tls, 'syslog.key'), 0), 'file-restored'],
  'syslog.json has another bit': [p => flip(join(p.tls, 'syslog.json'), 0.3), 'file-restored'],
  'the ledger has another bit in the middle': [p => flip(ledgerFile(p), 0.5), 'ledger-set-aside'],
  'the ledger has another bit in its last line': [p => flip(ledgerFile(p), 0.97), 'ledger-set-aside'],
  'the ledger has lost its first line': [p => writeFileSync(ledgerFile(p), readFileSync(ledgerFile(p)).subarray(50)), 'ledger-set-aside'],
  'the ledger is a folder': [p => folderAt(ledgerFile(p)), 'ledger-set-aside'],
  'the ledger is gone': [p => rmSync(ledgerFile(p)), 'ledger-set-aside'],
  'the checkpoint has another bit': [p => flip(join(p.ledger, 'checkpoint'), 0.01), ''],
  'the checkpoint is noise': [p => writeFileSync(join(p.ledger, 'checkpoint'), Buffer.alloc(40_000, 0xff)), 'ledger-set-aside'],
  'the checkpoint is a folder': [p => folderAt(join(p.ledger, 'checkpoint')), 'ledger-set-aside'],
  'the spool is a file': [
    p => {
      rmSync(p.spool, { recursive: true })
      writeFileSync(p.spool, '')
    },
    'spool-damaged',
  ],
  'a folder is in the place of a batch': [p => mkdirSync(join(p.spool, '000000000009.batch')), 'spool-damaged'],
  'a batch is from nowhere': [p => writeFileSync(join(p.spool, '000000000009.batch'), '{"kind":"batch"}\n'), 'spool-damaged'],
}

for (const [name, [damage, code]] of Object.entries(cases))
  t.test(name, async t => {
    const root = join(dir, `${Object.keys(cases).indexOf(name)}`)
    const paths = pathsBelow(root)
    writeSettings(root, central, { 'syslog.tls': '127.0.0.1:0' })
    t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
    const before = await startAgent(root)
    t.teardown(() => before.kill())
    await sendTcp(
      before.tcpPort,
      Array.from({ length: SENT }, (_, i) => blockedLine(i)),
    )
    await until(before.status, status => sums(status).sent === SENT)
    await before.kill('SIGKILL')
    const certificate = readFileSync(join(paths.tls, 'syslog.crt'), 'utf8')

    damage(paths)
    const agent = await startAgent(root)
    t.teardown(() => agent.kill())
    await sendTcp(
      agent.tcpPort,
      Array.from({ length: MORE }, (_, i) => blockedLine(1000 + i)),
    )
    const status = await until(agent.status, now => sums(now).sent === SENT + MORE)
    t.match(sums(status), { received: SENT + MORE, shed: 0, spooled: 0, unaccounted: 0 })
    t.equal(status.central.failure, null)
    t.same(
      status.findings.map(finding => finding.code).filter(found => found !== 'stopped-uncleanly'),
      code === '' ? [] : [code],
    )
    t.equal(status.sources.length, 3, 'it listens everywhere')
    t.equal(readFileSync(join(paths.tls, 'syslog.crt'), 'utf8'), certificate, 'gateways trust this certificate')
    await agent.kill('SIGTERM')
    const after = numbersIn(paths).slice(-MORE)
    t.ok(after.length > 0 && after.every(number => number === (code === 'file-lost' && name.startsWith('gateways') ? 2 : 1)), `${after}`)
  })

/** The numbers of the gateways of all events, as far as the ledger can be read. */
function numbersIn({ ledger }: Paths): number[] {
  const numbers: number[] = []
  try {
    for (const { entry } of readdirSync(ledger).length > 0 ? readLedger(ledger) : [])
      if (entry.kind === 'batch') {
        const batch = unpack(Buffer.from(entry.body, 'base64'))
        for (let row = 0; row < batch.rows; row++) numbers.push(batch.event(row).gateway)
      }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ledger-damaged')) throw error
  }
  return numbers
}
