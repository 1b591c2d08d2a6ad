// The power is cut again and again while the agent collects, sends and takes receipts, and while an identity is written: on each
// disk that such a cut leaves, files are whole, the ledger holds together, and nothing that has a receipt is missing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { inputNames, unaccounted } from '../ledger/accounting.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { pathsBelow } from '../paths.ts'
import { openLife, withRoom } from '../testing/box-life.ts'
import { CARELESS_BYTES } from '../testing/disk-writer.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'
import { type Cut, makeDisk, whyNoDisk } from '../testing/power-cuts.ts'
import { readIdentity } from '../uplink/identity.ts'

t.setTimeout(300_000)
const CUTS = 40
/** A cut follows something that was written to spool or ledger by this much at most, or by chance. */
const SOON_MS = 20
const QUOTA_BYTES = 2 ** 30
const skip = whyNoDisk()

t.test(`nothing with a receipt is missing on any of ${CUTS} disks whose power was cut`, { skip }, async t => {
  const dir = temporaryFolder(t)
  const disk = makeDisk(t, dir)
  const rootOn = (place: string) => join(place, 'box')
  const paths = pathsBelow(rootOn(disk.place))
  const central = await startCentral({ folder: join(dir, 'central') })
  t.teardown(() => central.close())
  writeSettings(rootOn(disk.place), central)
  t.match(await cyberalarm(rootOn(disk.place), 'enrol', await central.makeCode()), { code: 0 })
  const agent = await startAgent(rootOn(disk.place))
  t.teardown(() => agent.kill())
  const traffic = { sent: 0, isOver: false }
  const sending = send(agent.tcpPort, traffic)
  const cuts: (Cut & { receipted: number })[] = []
  while (cuts.length < CUTS) {
    await (cuts.length % 5 === 0 ? sleep(Math.random() * 500) : writtenTo(paths.spool, paths.ledger))
    await sleep(Math.random() * SOON_MS)
    const [{ sequence }] = (await central.stats()).perDevice
    cuts.push({ ...(await disk.cut()), receipted: sequence })
  }
  traffic.isOver = true
  await sending
  const last = await until(agent.status, status => sums(status).waiting + sums(status).spooled === 0)
  t.equal(sums(last).unaccounted, 0)
  await agent.kill()
  const seen = { unreceipted: 0, spooled: 0 }
  for (const { mounted, receipted } of cuts) await mounted(place => holds(t, pathsBelow(rootOn(place)), receipted, seen))
  t.ok(seen.spooled > 0, `cuts fell between ledger and receipt: ${JSON.stringify(seen)}`)

  // on what the last moment left the box starts anew
  const end = await disk.cut()
  await end.mounted(async place => {
    const again = await startAgent(rootOn(place))
    await sendTcp(again.tcpPort, [blockedLine(traffic.sent)])
    const status = await until(again.status, now => sums(now).received > traffic.sent && sums(now).waiting + sums(now).spooled === 0)
    t.match(sums(status), { unaccounted: 0, shed: 0, sent: traffic.sent + 1 })
    t.equal(status.central.failure, null, 'and central takes what it has')
    await again.kill('SIGTERM')
  })
})

t.test('an identity is whole or absent; a file written carelessly is not', { skip }, async t => {
  const disk = makeDisk(t, temporaryFolder(t))
  const folder = join(disk.place, 'writer')
  const writer = spawn(process.execPath, [join(import.meta.dirname, '../testing/disk-writer.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    writer.kill('SIGKILL')
    await once(writer, 'close')
  })
  let written = 0
  const lines = createInterface(writer.stdout).on('line', line => {
    written = Number(line)
  })
  await once(lines, 'line')
  const cuts: (Cut & { before: number })[] = []
  while (cuts.length < CUTS) {
    await sleep(Math.random() * 100)
    const before = written
    cuts.push({ ...(await disk.cut()), before })
  }
  let torn = 0
  const rounds = new Set<number>()
  for (const { before, mounted } of cuts)
    await mounted(place => {
      const identity = readIdentity(join(place, 'writer/identity.json'))
      const round = Number(identity?.stored.enrolment.split(' ')[1])
      rounds.add(round)
      t.ok(round >= before, `what was written and flushed before the cut is there: ${round}, ${before}`)
      if (!isWhole(join(place, 'writer/careless'))) torn++
    })
  t.ok(rounds.size > CUTS / 2, `${rounds.size} different identities were found`)
  t.ok(torn > CUTS / 4, `the careless file was torn by ${torn} of ${CUTS} cuts`)
})

/** Batch after batch, as quickly as the agent closes them. */
async function send(port: number, traffic: { sent: number; isOver: boolean }): Promise<void> {
  while (!traffic.isOver) {
    const lines = Array.from({ length: 20 }, () => blockedLine(traffic.sent++))
    await sendTcp(port, lines)
    await sleep(100)
  }
}

/** Resolves as soon as something changes in one of the folders. */
async function writtenTo(...folders: readonly string[]): Promise<void> {
  const watchers = folders.map(folder => watch(folder))
  await Promise.race(watchers.map(watcher => once(watcher, 'change')))
  for (const watcher of watchers) watcher.close()
}

/** What a box finds when it starts on this disk, by the parts with which it does. */
async function holds(
  t: Test,
  paths: ReturnType<typeof pathsBelow>,
  receipted: number,
  seen: { unreceipted: number; spooled: number },
): Promise<void> {
  t.notOk(
    readdirSync(paths.ledger).some(name => name.endsWith('.damaged')),
    'nothing of the ledger was set aside',
  )
  const { identity, ledger, spool, accounts, damage } = await openLife(paths, withRoom(QUOTA_BYTES))
  const { totals } = accounts
  try {
    t.ok(identity(), 'the identity is there')
    t.same([...damage, ...spool.damage], [], 'every file is whole')
    t.ok(ledger.state.sequence >= receipted, `central has batch ${receipted}, the ledger knows ${ledger.state.sequence}`)
    t.equal(Math.max(0, ...inputNames.map(name => Math.abs(unaccounted(totals[name])))), 0, 'the sums hold')
    const entries = [...readLedger(paths.ledger)].map(line => line.entry)
    t.notOk(
      entries.some(entry => entry.kind === 'shed'),
      'every batch of the ledger has a receipt or is there to be sent',
    )
    for (const batch of spool.batches) t.ok(batch.first > ledger.state.receipted && batch.last <= ledger.state.sequence)
    t.equal(spool.batches.length, ledger.state.sequence - ledger.state.receipted, 'one after the other')
    if (ledger.state.receipted < receipted) seen.unreceipted++
    seen.spooled += spool.batches.length
  } finally {
    ledger.close()
  }
}

function isWhole(path: string): boolean {
  const bytes = readFileSync(path)
  return bytes.length === CARELESS_BYTES && bytes.every(byte => byte === bytes[0])
}
