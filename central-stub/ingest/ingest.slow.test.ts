import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import t, { type TAP } from 'tap'
import * as z from 'zod'
import { buildBatchFrame, decodeFrame, encodeBatchHeader, signFrame } from '../../agent/batch/frame.ts'
import { type Receipt, verifyReceipt } from '../../agent/batch/receipt.ts'
import { generateSealKeyPair } from '../../agent/batch/seal.ts'
import { startCentral } from '../central.ts'
import { type Answer, type Box, enrolBox, makeBatch, makeChain, makeShed, newKey, send, targetOf, zeroHash } from '../test-box.ts'

const folder = join(t.testdir(), 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())

const newBox = async (): Promise<Box> => enrolBox(target, await central.makeCode())

interface Held {
  batches: number
  rows: number
  events: number
  messages: number
  shed: number
}
const held = async (): Promise<Held> => {
  const { batches, rows, events, messages, shed } = await central.stats()
  return { batches, rows, events, messages, shed: shed.statements }
}

/** Sends what must be refused, and looks that central holds what it held. */
async function refuses(t: Pick<TAP, 'equal' | 'same'>, box: Box, bytes: Uint8Array, status: number, code: string): Promise<Answer> {
  const before = await held()
  const answer = await send(box, { bytes })
  t.equal(answer.body.code, code)
  t.equal(answer.status, status)
  t.same(
    Object.keys(answer.body).filter(key => !['code', 'message', 'expected'].includes(key)),
    [],
    'the answer says nothing else',
  )
  t.same(await held(), before, 'nothing was stored')
  return answer
}

t.test('a batch is stored and its receipt carries the signature of central', async t => {
  const box = await newBox()
  const before = await held()
  const batch = await makeBatch(box, 1, zeroHash, { rows: 5 })
  const { status, body } = await send(box, batch)
  t.equal(status, 200)
  t.match(body, { device: box.device, sequence: 1, hash: Buffer.from(batch.hash).toString('hex'), key: box.enrolment.receiptKey.id })
  const publicKey = createPublicKey({ key: Buffer.from(box.enrolment.receiptKey.publicKey, 'base64'), type: 'spki', format: 'der' })
  const receipt = body as Receipt
  t.ok(verifyReceipt(receipt, publicKey))
  t.notOk(verifyReceipt({ ...receipt, sequence: 2 }, publicKey))
  t.same(await held(), {
    ...before,
    batches: before.batches + 1,
    rows: before.rows + 5,
    events: before.events + 10,
    messages: before.messages + 10,
  })
})

t.test('events are stored field by field', async t => {
  const box = await newBox()
  await send(box, await makeBatch(box, 1, zeroHash, { rows: 1 }))
  const shape = z.object({
    time: z.date(),
    product: z.string(),
    action: z.string(),
    source: z.string(),
    source_port: z.number(),
    destination: z.string(),
    destination_port: z.number(),
    protocol: z.number(),
    bytes: z.bigint().nullable(),
    count: z.number(),
    rule: z.number().nullable(),
    direction: z.string(),
    reason: z.string(),
  })
  const rows = await central.read(shape, `SELECT ${Object.keys(shape.shape)} FROM events WHERE device = $device`, { device: box.device })
  t.same(rows, [
    {
      time: new Date(1_790_000_000_000),
      product: 'fortigate',
      action: 'deny',
      source: '192.0.2.1',
      source_port: 40_000,
      destination: `in-${'ab'.repeat(16)}`,
      destination_port: 22,
      protocol: 6,
      bytes: null,
      count: 2,
      rule: null,
      direction: 'inbound',
      reason: 'blocked',
    },
  ])
})

t.test('a full batch is stored whole', async t => {
  const box = await newBox()
  const before = await held()
  t.equal((await send(box, await makeBatch(box, 1, zeroHash, { rows: 32_768 }))).status, 200)
  t.equal((await held()).rows, before.rows + 32_768)
})

t.test('a replay gets the same receipt and stores nothing', async t => {
  const box = await newBox()
  const chain = await makeChain(box, 3)
  const receipts: Answer[] = []
  for (const batch of chain) receipts.push(await send(box, batch))
  const before = await held()
  for (const i of [2, 0, 1, 2]) t.same((await send(box, chain[i])).body, receipts[i].body)
  t.same(await held(), before)
})

t.test('the same batch sent many times at once is stored once', async t => {
  const box = await newBox()
  const before = await held()
  const batch = await makeBatch(box, 1, zeroHash)
  const answers = await Promise.all(Array.from({ length: 6 }, () => send(box, batch)))
  for (const { status, body } of answers) {
    t.equal(status, 200)
    t.same(body, answers[0].body)
  }
  t.equal((await held()).batches, before.batches + 1)
})

t.test('refuses batches out of order and says which one it waits for', async t => {
  const box = await newBox()
  const [first, second, third] = await makeChain(box, 3)
  t.equal((await refuses(t, box, second.bytes, 409, 'sequence-gap')).body.expected, 1)
  await send(box, first)
  t.equal((await refuses(t, box, third.bytes, 409, 'sequence-gap')).body.expected, 2)
  t.equal((await send(box, second)).status, 200)
  t.equal((await send(box, third)).status, 200)
})

t.test('refuses a forked chain', async t => {
  const box = await newBox()
  const [first] = await makeChain(box, 1)
  await send(box, first)
  const other = await makeBatch(box, 1, zeroHash, { rows: 4 })
  await refuses(t, box, other.bytes, 409, 'chain-conflict')
  const onFork = await makeBatch(box, 2, other.hash)
  await refuses(t, box, onFork.bytes, 409, 'chain-broken')
  t.equal((await send(box, await makeBatch(box, 2, first.hash))).status, 200)
})

t.test('refuses the batch of another device, and one that only says it is another', async t => {
  const [box, other] = [await newBox(), await newBox()]
  const theirs = await makeBatch(other, 1, zeroHash)
  await refuses(t, box, theirs.bytes, 403, 'device-mismatch')
  const forged = await makeBatch(box, 1, zeroHash, { device: other.device })
  await refuses(t, box, forged.bytes, 403, 'device-mismatch')
})

t.test('refuses a batch that the key of this device did not sign', async t => {
  const [box, other] = [await newBox(), await newBox()]
  for (const signer of [other.key, newKey()])
    await refuses(t, box, (await makeBatch(box, 1, zeroHash, { signer })).bytes, 403, 'signature-wrong')
})

t.test('refuses a batch sealed to another key, under its own name or under that of central', async t => {
  const box = await newBox()
  const { publicKey } = await generateSealKeyPair()
  const { bytes } = await makeBatch(box, 1, zeroHash, { sealKey: publicKey })
  await refuses(t, box, bytes, 400, 'seal-wrong')
  const frame = decodeFrame(bytes)
  if (frame.kind !== 'batch') return t.fail('not a batch')
  const header = encodeBatchHeader({ device: box.device, sequence: 1, previous: zeroHash, sealKey: box.enrolment.sealKey.id })
  const renamed = signFrame(buildBatchFrame(header, frame.enc, frame.sealed).bytes, box.key)
  await refuses(t, box, renamed.bytes, 400, 'seal-wrong')
})

t.test('refuses the sealed body of another batch under a new header', async t => {
  const box = await newBox()
  const first = await makeBatch(box, 1, zeroHash)
  await send(box, first)
  const frame = decodeFrame(first.bytes)
  if (frame.kind !== 'batch') return t.fail('not a batch')
  const header = encodeBatchHeader({ device: box.device, sequence: 2, previous: first.hash, sealKey: frame.sealKey })
  const copied = signFrame(buildBatchFrame(header, frame.enc, frame.sealed).bytes, box.key)
  await refuses(t, box, copied.bytes, 400, 'seal-wrong')
})

t.test('refuses sealed bytes that are no batch', async t => {
  const box = await newBox()
  for (const packed of [Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(1000, 0xff)])
    await refuses(t, box, (await makeBatch(box, 1, zeroHash, { packed })).bytes, 400, 'batch-malformed')
  t.equal((await send(box, await makeBatch(box, 1, zeroHash))).status, 200, 'and goes on')
})

t.test('refuses every batch with a flipped byte', async t => {
  const box = await newBox()
  const { bytes } = await makeBatch(box, 1, zeroHash)
  const before = await held()
  for (let at = 0; at < bytes.length; at += 13) {
    const broken = Buffer.from(bytes)
    broken[at] ^= 0x20
    const { status, body } = await send(box, { bytes: broken })
    t.ok([400, 403].includes(status), `byte ${at}: ${body.code}`)
  }
  t.same(await held(), before)
})

t.test('a statement of shed batches closes the gap, and the chain goes on behind it', async t => {
  const box = await newBox()
  const chain = await makeChain(box, 5)
  await send(box, chain[0])
  const shed = makeShed(box, 2, 4, chain[0].hash, chain[3].hash)
  const { status, body } = await send(box, shed)
  t.equal(status, 200)
  t.match(body, { sequence: 4, hash: Buffer.from(shed.hash).toString('hex') })
  t.same((await send(box, shed)).body, body, 'again, the same receipt')
  t.equal((await central.stats()).shed.batches, 3)
  await refuses(t, box, chain[2].bytes, 409, 'sequence-shed')
  t.equal((await send(box, chain[4])).status, 200)
})

t.test('a statement may begin with batches whose receipts were lost', async t => {
  const box = await newBox()
  const chain = await makeChain(box, 6)
  for (const batch of chain.slice(0, 3)) await send(box, batch)
  t.equal((await send(box, makeShed(box, 3, 5, chain[1].hash, chain[4].hash))).status, 200)
  t.equal((await send(box, chain[5])).status, 200)
  t.equal((await send(box, makeShed(box, 2, 3, chain[0].hash, chain[2].hash))).status, 200, 'all of it is held')
  t.equal((await send(box, await makeBatch(box, 7, chain[5].hash))).status, 200, 'the head did not go back')
})

t.test('refuses statements that leave a gap, fork the chain, or speak of other batches', async t => {
  const box = await newBox()
  const chain = await makeChain(box, 3)
  await send(box, chain[0])
  await send(box, chain[1])
  await refuses(t, box, makeShed(box, 4, 5, chain[2].hash, zeroHash).bytes, 409, 'sequence-gap')
  await refuses(t, box, makeShed(box, 3, 4, chain[0].hash, zeroHash).bytes, 409, 'chain-broken')
  await refuses(t, box, makeShed(box, 1, 2, zeroHash, chain[0].hash).bytes, 409, 'chain-conflict')
  t.equal((await send(box, chain[2])).status, 200)
})

t.test('a device cannot ask for the whole of central, and the others go on', async t => {
  const [box, other] = [await newBox(), await newBox()]
  const batch = await makeBatch(box, 1, zeroHash, { rows: 20_000 })
  const answers = await Promise.all([
    ...Array.from({ length: 20 }, () => send(box, batch)),
    send(other, await makeBatch(other, 1, zeroHash)),
  ])
  for (const { status, body, headers } of answers) {
    if (status === 200) continue
    t.equal(body.code, 'device-busy')
    t.equal(headers['retry-after'], '1')
  }
  t.equal(answers.at(-1)?.status, 200)
  t.ok(answers.some(answer => answer.status === 429))
  t.equal((await send(box, batch)).status, 200, 'the places are free again')
})

t.test('figures: devices, top sources and the state of each device', async t => {
  const stats = await central.stats()
  const top = await central.top()
  t.match(top.sources[0], { name: '192.0.2.1' })
  t.equal(top.sources.length, 10)
  t.same(stats.topSources, top.sources)
  t.equal(top.destinationPorts[0].name, '22/tcp')
  t.equal(top.reasons[0].count, stats.events)
  t.equal(stats.perDevice.length, stats.devices)
})
