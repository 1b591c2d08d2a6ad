// What an enrolled device can do to central by what it sends: nothing to what is stored, and nothing to other devices.
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import t, { type TAP } from 'tap'
import { compress, decompress } from '../../agent/batch/compress.ts'
import { readHead } from '../../agent/batch/head.ts'
import { startCentral } from '../central.ts'
import { type Box, enrolBox, makeBatch, newKey, packRows, send, targetOf, zeroHash } from '../test-box.ts'

const folder = join(t.testdir(), 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())
t.setTimeout(120_000)

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
