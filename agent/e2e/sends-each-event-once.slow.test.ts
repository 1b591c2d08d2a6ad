// Agent and central are killed with SIGKILL at random moments while messages come in. What has a receipt is at central
// exactly once; what the ledger holds arrives; no event is stored twice.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import * as z from 'zod'
import { startCentral } from '../../central-stub/central.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { pathsBelow } from '../paths.ts'
import { startCentralProcess } from '../testing/central-process.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.setTimeout(600_000)
const KILLS = 50

t.test('nothing with a receipt is missing and nothing is stored twice, after 50 kills at random moments', async t => {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const folder = join(dir, 'central')
  let central = await startCentralProcess(folder)
  const port = Number(new URL(central.url).port)
  writeSettings(root, central)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  let agent = await startAgent(root)
  t.teardown(async () => {
    await agent.kill()
    await central.kill()
  })
  let sent = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = Array.from({ length: 40 }, () => blockedLine(sent++))
    await sendTcp(agent.tcpPort, lines)
    await sleep(Math.random() * 2600)
    if (kill % 3 === 2) {
      await central.kill()
      await sleep(Math.random() * 500)
      central = await startCentralProcess(folder, port)
    } else {
      await agent.kill()
      agent = await startAgent(root)
    }
  }
  await sendTcp(
    agent.tcpPort,
    Array.from({ length: 40 }, () => blockedLine(sent++)),
  )
  const last = await until(agent.status, status => sums(status).waiting + sums(status).spooled === 0 && sums(status).sent > 0, 120_000)
  t.equal(sums(last).unaccounted, 0)
  await agent.kill('SIGTERM')
  await central.kill()

  const recorded = new Map<number, number>()
  const receipted = new Map<number, string>()
  for (const { entry } of readLedger(pathsBelow(root).ledger)) {
    if (entry.kind === 'batch') recorded.set(entry.sequence, entry.rows)
    if (entry.kind === 'receipt') receipted.set(entry.sequence, entry.hash)
  }
  const store = await startCentral({ folder })
  t.teardown(() => store.close())
  const stored = await store.read(
    z.object({ sequence: z.bigint(), hash: z.string(), rows: z.number() }),
    'SELECT sequence, hash, rows FROM batches ORDER BY sequence',
  )
  const atCentral = new Map(stored.map(row => [Number(row.sequence), row]))
  t.ok(receipted.size > KILLS / 3, `${receipted.size} batches have receipts`)
  for (const [sequence, hash] of receipted) t.equal(atCentral.get(sequence)?.hash, hash, `batch ${sequence} is at central`)
  for (const [sequence, rows] of recorded) t.equal(atCentral.get(sequence)?.rows, rows, `batch ${sequence} of the ledger arrived`)
  t.equal(atCentral.size, stored.length, 'each number once')
  const twice = await store.read(
    z.object({ n: z.bigint() }),
    'SELECT count(*) AS n FROM (SELECT source, source_port, destination_port FROM events GROUP BY ALL HAVING count(*) > 1 OR sum(count) > 1)',
  )
  t.equal(twice[0].n, 0n, 'no event is stored twice')
  const [{ n }] = await store.read(z.object({ n: z.bigint() }), 'SELECT count(*) AS n FROM events')
  t.equal(
    Number(n),
    [...recorded.values()].reduce((a, b) => a + b, 0),
  )
  t.comment(
    `${sent} events sent to a box that was killed ${Math.ceil((KILLS * 2) / 3)} times, ${n} at central, ${last.accounting[1].shed} known to be lost with the open batch`,
  )
})
