// A batch of events that may wait stays open, and is on the disk meanwhile: a kill loses none of it. One with a valuable event has its
// receipt within five seconds. A real agent and a real central, over TLS.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import * as z from 'zod'
import { startCentral } from '../../central-stub/central.ts'
import { readKeptBatch } from '../delivery/kept-batch.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.setTimeout(120_000)
const patient = { inside: ['env', 'CYBERALARM_QUICK_SECONDS=0'] }
const RECEIPT_MS = 5000
const login = '<38>Nov 20 12:00:00 bastion sshd[1234]: Failed password for root from 203.0.113.77 port 40022 ssh2'

t.test('what may wait waits, survives a kill, and goes with the next valuable event', async t => {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const paths = pathsBelow(root)
  const central = await startCentral({ folder: join(dir, 'central') })
  t.teardown(() => central.close())
  writeSettings(root, central)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  const first = await startAgent(root, patient)
  t.teardown(() => first.kill())
  await sendTcp(first.tcpPort, [blockedLine(1), blockedLine(2), blockedLine(3)])
  await until(
    () => readKeptBatch(paths.openBatch)?.rows,
    rows => rows === 3,
    6000,
  )
  await sleep(1500)
  t.match(sums(await first.status()), { received: 3, waiting: 3, sent: 0 })
  await first.kill()

  const second = await startAgent(root, patient)
  t.teardown(() => second.kill())
  const recovered = await until(second.status, status => sums(status).sent === 3)
  t.match(sums(recovered), { shed: 0, waiting: 0, unaccounted: 0 })

  await sendTcp(second.tcpPort, [blockedLine(4)])
  await sleep(1000)
  const begun = performance.now()
  await sendTcp(second.tcpPort, [login])
  const sent = await until(second.status, status => sums(status).sent === 5)
  const took = performance.now() - begun
  t.ok(took <= RECEIPT_MS, `the receipt came ${Math.round(took)} ms after the message`)
  t.match(sums(sent), { shed: 0, unaccounted: 0 })

  await sendTcp(second.tcpPort, [blockedLine(6)])
  await second.kill('SIGTERM')
  const [{ n }] = await central.read(z.object({ n: z.bigint() }), 'SELECT count(*) AS n FROM events')
  t.equal(Number(n), 6, 'at a stop what is open is closed and sent')
  const batches = [...readLedger(paths.ledger)].filter(({ entry }) => entry.kind === 'batch')
  t.equal(batches.length, 3)
  t.ok(existsSync(paths.openBatch))
})
