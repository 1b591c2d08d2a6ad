// A box goes to a newer release, back to an older one, and on again, in every order of two and three. Whatever the others wrote,
// this release starts, sets nothing aside, sends what it knows, and keeps what it does not know; the sums are what was put in.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import * as z from 'zod'
import { startCentral } from '../../central-stub/central.ts'
import { readLedger } from '../ledger/ledger-files.ts'
import { type Paths, pathsBelow } from '../paths.ts'
import { close, keep, type Life, makeIdentity, openLife, receive, send, stop, sumsOf } from '../testing/box-life.ts'
import {
  blockedLine,
  cyberalarm,
  memoryFolder,
  sendTcp,
  startAgent,
  sums,
  temporaryFolder,
  until,
  writeSettings,
} from '../testing/harness.ts'
import { ModelCentral } from '../testing/model-central.ts'
import { leaveAsNewer, leaveAsOlder, NEWER_SEGMENT, newInput, openAsNewer, setAsideIn, weather } from '../testing/other-releases.ts'

t.setTimeout(600_000)
const releases: Record<string, (paths: Paths) => void> = { older: leaveAsOlder, this: () => undefined, newer: leaveAsNewer }
const names = Object.keys(releases)
const pairs = names.flatMap(first => names.map(second => [first, second]))
const orders = [...pairs, ...pairs.flatMap(pair => names.map(third => [...pair, third]))]
const ROWS = 3

const jsonAt = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const unknownIn = (paths: Paths) => [...readLedger(paths.ledger)].filter(({ entry }) => entry.kind === 'unknown').length

/** One after the other, in process. */
async function takeTurns(t: Test, root: string, order: readonly string[]): Promise<void> {
  const paths = pathsBelow(root)
  const central = new ModelCentral()
  mkdirSync(paths.data, { recursive: true })
  await makeIdentity(paths.identity)
  let received = 0
  let newer = 0
  const opened = async (): Promise<Life> => {
    const life = await openLife(paths)
    t.same([...life.damage, ...life.spool.damage], [], 'nothing is damage')
    t.match(sumsOf(life), { received, shed: 0, wrong: 0 })
    t.ok(life.wasStoppedCleanly)
    if (newer > 0) {
      t.same(Object(life.accounts.totals).ipfix, newInput, 'counts of an input that is not known here are kept')
      t.match(life.spool.newer, { batches: 1, byInput: { ipfix: 3 } })
    }
    return life
  }
  for (const [turn, release] of order.entries()) {
    const life = await opened()
    for (const gateway of ['127.0.0.17', `127.0.0.${20 + turn}`]) {
      receive(life, received, ROWS, gateway)
      received += ROWS
      await send(life, central)
      t.ok(await close(life))
    }
    await stop(life)
    releases[release](paths)
    if (release === 'newer') newer++
  }
  const last = await opened()
  receive(last, received, ROWS, '127.0.0.30')
  received += ROWS
  await stop(last)
  const end = await opened()
  await send(end, central)
  t.match(sumsOf(end), { received, sent: received, kept: 0, shed: 0, wrong: 0 })
  t.equal(central.rows, received, 'central has every event once')
  const given = ['127.0.0.17', ...order.map((_, turn) => `127.0.0.${20 + turn}`), '127.0.0.30']
  t.same(
    given.map(address => end.gateways.get(address).number),
    given.map((_, i) => i + 1),
    'gateways keep their numbers',
  )
  await stop(end)
  t.same(setAsideIn(root), [])
  t.equal(unknownIn(paths), newer, 'entries of a newer release are still there')
  if (order.at(-1) !== 'newer') return
  for (const path of [paths.identity, paths.pseudonymKey, paths.gateways]) t.match(jsonAt(path), { weather }, path)
  t.match(jsonAt(paths.gateways), { gateways: [{ number: 1, weather }] })
  t.match(readFileSync(join(paths.ledger, 'checkpoint'), 'utf8'), /"weather":\{"rain":true\}.*"state":.*"weather"/)
  t.match(readFileSync(join(paths.spool, NEWER_SEGMENT), 'utf8'), /only a newer release knows/)
}

for (const [i, order] of orders.entries()) t.test(`${order.join(', ')}`, async t => takeTurns(t, join(memoryFolder(t), `${i}`), order))

t.test('what a newer release had open when it was killed, this one sends; what an older one left of it, nobody sends twice', async t => {
  const paths = pathsBelow(memoryFolder(t))
  const central = new ModelCentral()
  mkdirSync(paths.data, { recursive: true })
  await makeIdentity(paths.identity)
  const first = await openLife(paths)
  receive(first, 0, ROWS)
  t.ok(await keep(first))
  first.ledger.close()
  openAsNewer(paths)
  const second = await openLife(paths)
  t.same([...second.damage, ...second.spool.damage], [])
  await send(second, central)
  t.match(sumsOf(second), { received: ROWS, sent: ROWS, shed: 0, kept: 0, wrong: 0 })
  receive(second, 10, ROWS)
  t.ok(await keep(second))
  t.ok(await close(second))
  await send(second, central)
  await stop(second)
  // an older release knows nothing of the file, and leaves it where it is
  leaveAsOlder(paths)
  const third = await openLife(paths)
  t.same(third.damage, [])
  await send(third, central)
  t.equal(central.rows, 2 * ROWS)
  t.match(sumsOf(third), { received: 2 * ROWS, sent: 2 * ROWS, shed: 0, kept: 0, wrong: 0 })
  await stop(third)
})

t.test('real agents: this release, a newer one, this, an older one, and this again', async t => {
  const dir = temporaryFolder(t)
  const root = join(dir, 'box')
  const paths = pathsBelow(root)
  const central = await startCentral({ folder: join(dir, 'central') })
  t.teardown(() => central.close())
  writeSettings(root, central)
  t.match(await cyberalarm(root, 'enrol', await central.makeCode()), { code: 0 })
  let sent = 0
  for (const release of ['newer', 'older', 'this']) {
    const agent = await startAgent(root)
    t.teardown(() => agent.kill())
    await sendTcp(
      agent.tcpPort,
      Array.from({ length: 20 }, () => blockedLine(sent++)),
    )
    const status = await until(agent.status, now => sums(now).sent === sent)
    t.match(sums(status), { received: sent, shed: 0, unaccounted: 0 })
    t.same(status.findings, [])
    await agent.kill('SIGTERM')
    releases[release](paths)
  }
  t.same(setAsideIn(root), [])
  t.match((await cyberalarm(root, 'sent')).out, /update: of a newer release/)
  const [{ n }] = await central.read(z.object({ n: z.bigint() }), 'SELECT count(*) AS n FROM events')
  t.equal(Number(n), sent)
})
