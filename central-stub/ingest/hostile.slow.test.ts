// What an enrolled device can do to central by what it sends: nothing to what is stored, and nothing to other devices.
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import t, { type TAP } from 'tap'
import { compress, decompress } from '../../agent/batch/compress.ts'
import { buildShedFrame, signFrame } from '../../agent/batch/frame.ts'
import { readHead } from '../../agent/batch/head.ts'
import { startCentral } from '../central.ts'
import { type Box, enrolBox, makeBatch, makeChain, newKey, packRows, send, targetOf, zeroHash } from '../test-box.ts'

const folder = join(t.testdir(), 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())

const newBox = async (): Promise<Box> => enrolBox(target, await central.makeCode())

async function refuses(t: Pick<TAP, 'equal' | 'same'>, box: Box, bytes: Uint8Array, status: number, code: string): Promise<void> {
  const before = await central.stats()
  const answer = await send(box, { bytes })
  t.equal(answer.body.code, code)
  t.equal(answer.status, status)
  t.same(await central.stats(), before, 'nothing was stored')
}

t.test('refuses a batch whose rules or counters are named with anything but letters, digits, dots and hyphens', async t => {
  const box = await newBox()
  const plain = decompress(await packRows(3))
  const { head, length } = readHead(plain)
  const packr = new Packr({ useRecords: false })
  for (const name of ['\u001b[2J', 'a\r\n', '\u009b31m', 'two words', '__proto__', 'a'.repeat(65)])
    for (const change of [{ reasons: [name] }, { accounting: JSON.parse(`{${JSON.stringify(name)}:1}`) }]) {
      const packed = await compress([packr.pack({ ...head, ...change }), plain.subarray(length)])
      await refuses(t, box, (await makeBatch(box, 1, zeroHash, { packed })).bytes, 400, 'batch-malformed')
    }
})

t.test('what is cheap to refuse is refused before anything is opened', async t => {
  const box = await newBox()
  const packed = Buffer.alloc(100_000, 0xff)
  await refuses(t, box, Buffer.alloc(4 * 1024 * 1024, 0x91), 400, 'batch-malformed')
  await refuses(t, box, (await makeBatch(box, 1, zeroHash, { packed, signer: newKey() })).bytes, 403, 'signature-wrong')
  await refuses(t, box, (await makeBatch(box, 2, zeroHash, { packed })).bytes, 409, 'sequence-gap')
  await refuses(t, box, (await makeBatch(box, 1, packed.subarray(0, 32), { packed })).bytes, 409, 'chain-broken')
})

t.test('every device gets its turn: one that sends much waits behind itself', async t => {
  const [box, other] = [await newBox(), await newBox()]
  // full batches that are refused at their very end, when all of them is opened
  const plain = decompress(await packRows(32_768))
  plain[plain.length - 1] = 0x80
  const costly = await makeBatch(box, 1, zeroHash, { packed: await compress([plain]) })
  const order: string[] = []
  const sending = Array.from({ length: 8 }, () =>
    send(box, costly).then(({ body }) => {
      order.push('costly')
      return body.code
    }),
  )
  await Promise.race(sending)
  const { status } = await send(other, await makeBatch(other, 1, zeroHash))
  order.push('other')
  t.equal(status, 200)
  t.strictSame(new Set(await Promise.all(sending)), new Set(['batch-malformed']))
  t.ok(order.indexOf('other') < 8, `it was answered after ${order.indexOf('other')} of 8`)
})

t.test('what central has is not counted as shed, whatever a device says of it and however often', async t => {
  const box = await newBox()
  const chain = await makeChain(box, 4)
  for (const batch of chain.slice(0, 3)) await send(box, batch)
  const before = (await central.stats()).shed
  const say = (first: number, last: number, messages: number) => {
    const previous = chain[first - 2]?.hash ?? zeroHash
    const shed = {
      device: box.device,
      first,
      last,
      previous,
      lastHash: chain[last - 1].hash,
      rows: 2 ** 40,
      messages,
      reason: 'not-kept',
    } as const
    return send(box, signFrame(buildShedFrame(shed).bytes, box.key))
  }
  for (let i = 0; i < 5; i++) t.equal((await say(1, 3, 1000 + i)).status, 200, 'confirmed: the box may forget them')
  t.same((await central.stats()).shed, before)
  t.equal((await say(2, 4, 1000)).status, 200)
  t.same((await central.stats()).shed, {
    statements: before.statements + 1,
    batches: before.batches + 1,
    rows: before.rows + 32_768,
    messages: before.messages + 1000 - 12,
  })
  for (let i = 0; i < 5; i++) t.equal((await say(2, 4, 2000 + i)).status, 200)
  t.equal((await central.stats()).shed.statements, before.statements + 1)
})
