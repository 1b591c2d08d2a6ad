// A disk that loses or garbles files of the spool costs the events in them, which are counted, and nothing behind them: central
// is told that they will not come, and takes what follows.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startCentral } from '../../central-stub/central.ts'
import { pathsBelow } from '../paths.ts'
import { blockedLine, cyberalarm, sendTcp, startAgent, sums, temporaryFolder, until, writeSettings } from '../testing/harness.ts'

t.setTimeout(60_000)
const BATCHES = 9
const ROWS = 3

t.test('files gone, cut short or garbled, at the beginning and in the middle, keep nothing else back', async t => {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const folder = join(dir, 'central')
  const first = await startCentral({ folder })
  writeSettings(root, first)
  t.match(await cyberalarm(root, 'enrol', await first.makeCode()), { code: 0 })
  await first.close()
  let number = 0
  for (let batch = 1; batch <= BATCHES; batch++) {
    const agent = await startAgent(root)
    const lines = Array.from({ length: ROWS }, () => blockedLine(number++))
    await sendTcp(agent.tcpPort, lines)
    await until(agent.status, status => sums(status).received === batch * ROWS)
    await agent.kill('SIGTERM') // what is open is brought to the disk, so that each start makes one batch
  }
  const { spool } = pathsBelow(root)
  const files = readdirSync(spool).sort()
  t.equal(files.length, BATCHES)
  const at = (batch: number) => join(spool, files[batch])
  rmSync(at(0))
  truncateSync(at(2), 100)
  writeFileSync(at(3), Buffer.alloc(5000, 0xff))
  // what it says of itself is whole, the frame behind it is not
  truncateSync(at(5), statSync(at(5)).size - 10)
  const garbled = readFileSync(at(6))
  writeFileSync(at(6), garbled.fill(0xc1, garbled.indexOf(10) + 101, garbled.indexOf(10) + 109))
  rmSync(at(7))
  mkdirSync(at(7))

  const central = await startCentral({ folder, port: Number(new URL(first.url).port) })
  t.teardown(() => central.close())
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  const status = await until(agent.status, now => now.queue.batches === 0)
  t.match(sums(status), { received: BATCHES * ROWS, sent: 3 * ROWS, shed: 6 * ROWS, spooled: 0, unaccounted: 0 })
  t.equal(status.central.failure, null)
  await sendTcp(agent.tcpPort, [blockedLine(number++)])
  await until(agent.status, now => sums(now).sent === 3 * ROWS + 1)
  const stats = await central.stats()
  t.equal(stats.rows, 3 * ROWS + 1, 'central has what was whole, and what came after')
  t.match(stats, { shed: { statements: 4, batches: 6 }, perDevice: [{ sequence: BATCHES + 1 }] }, 'and a signed word about the rest')
})
