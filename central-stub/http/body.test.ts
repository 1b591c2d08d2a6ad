// A body in pieces of any size: whole in the end, and few pieces meanwhile.
import { Readable } from 'node:stream'
import t from 'tap'
import { Pieces, readBody } from './body.ts'

t.test('a body that comes a byte at a time is whole, and is not kept a byte at a time', async t => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251))
  const pieces = new Pieces()
  for (let i = 0; i < bytes.length; i++) pieces.push(bytes.subarray(i, i + 1))
  t.ok(pieces.count < 1000, `${pieces.count} pieces`)
  t.same(pieces.whole(), bytes)
  const read = await readBody(Readable.from(Array.from(bytes.subarray(0, 1000), byte => Buffer.of(byte))), Number.NaN, 1000, undefined)
  t.same(read, bytes.subarray(0, 1000))
})

t.test('refuses a body that becomes too large, also when nobody stated its size', async t => {
  const chunks = Array.from({ length: 11 }, () => Buffer.alloc(100))
  await t.rejects(readBody(Readable.from(chunks), Number.NaN, 1000, undefined), { code: 'body-too-large' })
  await t.rejects(readBody(Readable.from([]), 1001, 1000, undefined), { code: 'body-too-large' })
})
