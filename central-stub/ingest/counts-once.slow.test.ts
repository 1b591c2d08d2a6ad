// What a device may have stored and counted: not more than its quota, and nothing twice.
import { join } from 'node:path'
import t from 'tap'
import { OpenBatch } from '../../agent/batch/open-batch.ts'
import { packBatch } from '../../agent/batch/pack.ts'
import { startCentral } from '../central.ts'
import { enrolBox, makeBatch, makeChain, makeShed, type Sent, send, targetOf, zeroHash } from '../test-box.ts'

t.setTimeout(120_000)
const dir = t.testdir()

t.test('what a statement says of batches that central has is not counted, however often and in whatever words it is sent', async t => {
  const folder = join(dir, 'sheds')
  const central = await startCentral({ folder })
  t.teardown(() => central.close())
  const box = await enrolBox(targetOf(central, folder), await central.makeCode())
  const chain = await makeChain(box, 6)
  for (const batch of chain.slice(0, 3)) await send(box, batch)
  const before = (await central.stats()).shed
  const receipts = new Set<string | undefined>()
  for (let i = 0; i < 20; i++) {
    const { status, body } = await send(
      box,
      makeShed(box, 1, 3, zeroHash, chain[2].hash, { rows: 1_000_000_000, messages: 2 ** 48 - 1 - i }),
    )
    t.equal(status, 200)
    t.equal(body.sequence, 3)
    receipts.add(body.storedAt)
  }
  t.equal(receipts.size, 1, 'it was stored when the batch was')
  t.same((await central.stats()).shed, before)
  const both = makeShed(box, 2, 5, chain[0].hash, chain[4].hash, { rows: 2 * 3 + 10, messages: 2 * 6 + 20 })
  for (let i = 0; i < 2; i++) t.equal((await send(box, both)).status, 200)
  t.same((await central.stats()).shed, {
    statements: before.statements + 1,
    batches: before.batches + 2,
    rows: before.rows + 10,
    messages: before.messages + 20,
  })
  t.equal((await send(box, chain[5])).status, 200)
})

t.test('a device that has stored what it may waits until tomorrow; a restart does not help, and others go on', async t => {
  const quotas = { 'device-day-rows': 10, 'member-day-rows': 25 }
  const own = join(dir, 'quotas')
  let clock = Date.UTC(2026, 10, 20, 18)
  const start = () => startCentral({ folder: own, quotas, now: () => clock })
  let limited = await start()
  t.teardown(() => limited.close())
  const boxOf = async (member: string) => enrolBox(targetOf(limited, own), await limited.makeCode(member))
  const boxes = [await boxOf('a'), await boxOf('a'), await boxOf('a'), await boxOf('b')]
  const chains = await Promise.all(boxes.map(box => makeChain(box, 3, 1, zeroHash, 8)))
  const at = (i: number) => ({ ...boxes[i], target: targetOf(limited, own) })
  const code = async (i: number, batch: number) => {
    const { status, body, headers } = await send(at(i), chains[i][batch])
    return status === 200 ? 'receipt' : `${status} ${body.code} ${headers['retry-after']}`
  }
  t.same([await code(0, 0), await code(0, 1)], ['receipt', 'receipt'], 'the last may go beyond')
  const spent = '429 device-quota-spent 21600'
  t.equal(await code(0, 2), spent)
  t.equal(await code(0, 0), 'receipt', 'what is stored has its receipt')
  await limited.close()
  limited = await start()
  t.equal(await code(0, 2), spent)
  t.same([await code(1, 0), await code(1, 1)], ['receipt', 'receipt'])
  t.equal(await code(2, 0), '429 member-quota-spent 21600')
  t.equal(await code(3, 0), 'receipt', 'another member')
  const { refusals, members } = await limited.limits()
  t.same(refusals, { 'device-quota-spent': 1, 'member-quota-spent': 1 })
  t.same(members, [
    { member: 'a', percent: 128 },
    { member: 'b', percent: 32 },
  ])
  clock += 6 * 3_600_000
  t.same([await code(0, 2), await code(2, 0)], ['receipt', 'receipt'])
})

t.test('names of counters, of which a small frame holds many, count for the quota as they are stored, after a restart too', async t => {
  const folder = join(dir, 'names')
  const quotas = { 'device-day-mib': 1 }
  let central = await startCentral({ folder, quotas })
  t.teardown(() => central.close())
  const box = await enrolBox(targetOf(central, folder), await central.makeCode())
  const accounting = Object.fromEntries(Array.from({ length: 512 }, (_, i) => [`${'a'.repeat(60)}${Number(i + 1000).toString(36)}`, i]))
  const packed = await packBatch(new OpenBatch(), { pseudonymise: () => Buffer.alloc(0), reasonName: () => 'blocked', accounting })
  t.ok(packed.length < 8000)
  let last: Sent = { bytes: zeroHash, hash: zeroHash }
  let refused: Awaited<ReturnType<typeof send>> | undefined
  for (let sequence = 1; sequence <= 60 && refused === undefined; sequence++) {
    const next = await makeBatch(box, sequence, last.hash, { packed })
    const answer = await send(box, next)
    if (answer.status === 200) last = next
    else refused = answer
  }
  t.equal(refused?.body.code, 'device-quota-spent')
  const { batches } = await central.stats()
  await central.close()
  central = await startCentral({ folder, quotas })
  const again = { ...box, target: targetOf(central, folder) }
  const answer = await send(again, await makeBatch(again, batches + 1, last.hash))
  t.equal(answer.body.code, 'device-quota-spent')
})
