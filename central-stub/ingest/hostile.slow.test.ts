// What an enrolled device can do to central by what it sends: nothing to what is stored, and nothing to other devices.
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import t, { type TAP } from 'tap'
import { compress, decompress } from '../../agent/batch/compress.ts'
import { readHead } from '../../agent/batch/head.ts'
import { startCentral } from '../central.ts'
import { type Box, enrolBox, makeBatch, makeChain, newKey, packRows, send, targetOf, zeroHash } from '../test-box.ts'

const folder = join(t.testdir(), 'central')
const central = await startCentral({ folder })
const target = targetOf(central, folder)
t.teardown(() => central.close())
t.setTimeout(120_000)

const newBox = async (member = 'one'): Promise<Box> => enrolBox(target, await central.makeCode(member))
/** After more than a hundred a device has to wait. */
const REFUSED_MAX = 80

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

t.test(
  'a device that sends what is costly to open, without a pause, is refused each time, and others get their receipts meanwhile',
  async t => {
    const [box, other] = [await newBox('one'), await newBox('another')]
    // full batches that are refused at their very end, when all of them is opened
    const plain = decompress(await packRows(32_768))
    plain[plain.length - 1] = 0x80
    const costly = await makeBatch(box, 1, zeroHash, { packed: await compress([plain]) })
    let isOver = false
    const answers: (string | undefined)[] = []
    const sendForever = async () => {
      while (!isOver && answers.length < REFUSED_MAX) answers.push((await send(box, costly)).body.code)
    }
    const sending = Array.from({ length: 8 }, sendForever)
    for (const batch of await makeChain(other, 3)) t.equal((await send(other, batch)).status, 200)
    isOver = true
    await Promise.all(sending)
    t.ok(answers.length >= 8, `${answers.length} were answered meanwhile`)
    t.strictSame(new Set(answers), new Set(['batch-malformed']))
  },
)
