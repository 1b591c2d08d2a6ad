// A batch may be open for a minute. What is on the disk of it is sent after a kill, once, and counted once.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { pathsBelow } from '../paths.ts'
import { close, keep, type Life, makeIdentity, openLife, receive, send, stop, sumsOf, withRoom } from '../testing/box-life.ts'
import { memoryFolder } from '../testing/harness.ts'
import { ModelCentral } from '../testing/model-central.ts'
import { readIdentity, writeIdentity } from '../uplink/identity.ts'
import { readKeptBatch } from './kept-batch.ts'

const ROOM = withRoom(2 ** 20)

async function enrolledBox(t: Test) {
  const paths = pathsBelow(memoryFolder(t))
  mkdirSync(paths.data, { recursive: true })
  await makeIdentity(paths.identity)
  const central = new ModelCentral()
  return { paths, central, open: () => openLife(paths, ROOM) }
}

/** As after a kill: nothing is closed, but the files are let go. */
const kill = ({ ledger, outbox }: Life): void => {
  outbox.keepCounts()
  ledger.close()
}

t.test('what was kept of an open batch is sent after a kill; what came later is counted as shed', async t => {
  const { paths, central, open } = await enrolledBox(t)
  const before = await open()
  receive(before, 0, 10)
  t.ok(await close(before))
  receive(before, 10, 7)
  t.ok(await keep(before))
  t.match(readKeptBatch(paths.openBatch), { sequence: 2, rows: 7, accounting: { 'udp.received': 7 } })
  receive(before, 20, 3)
  kill(before)

  const after = await open()
  t.match(sumsOf(after), { received: 20, kept: 17, shed: 3, wrong: 0 })
  await send(after, central)
  t.equal(central.rows, 17)
  receive(after, 30, 5)
  t.ok(await close(after))
  await send(after, central)
  t.equal(central.rows, 22)
  t.match(sumsOf(after), { received: 25, sent: 22, shed: 3, kept: 0, wrong: 0 })
  kill(after)
  const again = await open()
  t.match(sumsOf(again), { received: 25, sent: 22, shed: 3, kept: 0, wrong: 0 }, 'what is old is not sent again')
  await stop(again)
})

t.test('it is told once: the next batch accounts for what the one that was open did not', async t => {
  const { open } = await enrolledBox(t)
  const before = await open()
  receive(before, 0, 4)
  before.outbox.beforeKeeping = () => Object.assign(before.ledger.state, { unreported: before.batcher.unreported })
  t.ok(await keep(before))
  receive(before, 10, 2)
  kill(before)
  const after = await open()
  t.match(after.batcher.unreported, { 'udp.received': 2, 'udp.shed': 2 })
  await stop(after)
})

t.test('counts that a power cut left behind: the rows are received all the same', async t => {
  const { paths, central, open } = await enrolledBox(t)
  const before = await open()
  const checkpoint = `${paths.ledger}/checkpoint`
  const old = readFileSync(checkpoint)
  receive(before, 0, 6)
  t.ok(await keep(before))
  before.ledger.close()
  writeFileSync(checkpoint, old)
  const after = await open()
  t.match(sumsOf(after), { received: 6, kept: 6, shed: 0, wrong: 0 })
  t.strictSame(after.batcher.unreported, {}, 'the batch says that they were received')
  await send(after, central)
  t.equal(central.rows, 6)
  await stop(after)
})

t.test('after a stop in order, in another enrolment, damaged, or of a number that is taken, it counts for nothing', async t => {
  const { paths, central, open } = await enrolledBox(t)
  const first = await open()
  receive(first, 0, 3)
  t.ok(await keep(first))
  const kept = readFileSync(paths.openBatch)
  await stop(first)
  writeFileSync(paths.openBatch, kept)
  const second = await open()
  await send(second, central)
  t.equal(central.rows, 3, 'closed at the stop, and not once more')
  receive(second, 10, 3)
  t.ok(await keep(second))
  kill(second)
  const changed = readFileSync(paths.openBatch)
  changed[40] ^= 1
  writeFileSync(paths.openBatch, changed)
  const third = await open()
  t.match(sumsOf(third), { received: 6, sent: 3, shed: 3, wrong: 0 })
  receive(third, 20, 3)
  t.ok(await keep(third))
  kill(third)
  const stored = readIdentity(paths.identity)?.stored
  if (stored === undefined) return t.fail('no identity')
  const { receipted: sequence, hash } = third.ledger.state
  writeIdentity(paths.identity, { ...stored, enrolment: 'again', chain: { sequence, hash } })
  const fourth = await open()
  t.match(sumsOf(fourth), { received: 9, sent: 3, shed: 6, kept: 0, wrong: 0 })
  receive(fourth, 30, 3)
  t.ok(await keep(fourth))
  t.ok(await close(fourth))
  kill(fourth)
  const fifth = await open()
  await send(fifth, central)
  t.equal(central.rows, 6)
  t.match(sumsOf(fifth), { received: 12, sent: 6, shed: 6, kept: 0, wrong: 0 })
  await stop(fifth)
})

t.test('a disk that does not take it is said, and it is tried again', async t => {
  const { paths, open } = await enrolledBox(t)
  const life = await open()
  receive(life, 0, 3)
  mkdirSync(`${paths.openBatch}/full`, { recursive: true })
  t.notOk(await keep(life))
  t.equal(life.batcher.diskFault?.code, 'disk-failed')
  t.match(sumsOf(life), { received: 3, kept: 3, shed: 0, wrong: 0 })
  await stop(life)
})
