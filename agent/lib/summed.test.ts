import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { decodeSummed, encodeSummed, isSummed, withoutSumLine, withSumLine } from './summed.ts'

const objects = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, maxKeys: 5, noNullPrototype: true })
const flipped = (text: string, bit: number): string => {
  const bytes = Buffer.from(text)
  bytes[bit >> 3] ^= 1 << (bit & 7)
  return bytes.toString('utf8')
}

t.test('what was written is read, and is JSON for everybody else', async t => {
  const property = fc.property(objects, value => {
    const line = encodeSummed(value)
    assert.ok(isSummed(line))
    assert.deepEqual(decodeSummed(line), JSON.parse(JSON.stringify(value)))
    assert.equal(typeof JSON.parse(line), 'object')
  })
  t.doesNotThrow(() => fc.assert(property))
  const text = 'host.name = alarm\n'
  t.equal(withoutSumLine(withSumLine(text)), text)
  t.equal(withoutSumLine(withSumLine('')), '')
})

t.test('each flipped bit of an object is found, or has changed nothing but the name of the sum', async t => {
  const value = { device: 'a', count: 17, list: [1, 2], inner: { text: 'caf\u00e9' } }
  const line = encodeSummed(value)
  for (let bit = 0; bit < Buffer.byteLength(line) * 8; bit++) {
    const read = decodeSummed(flipped(line, bit))
    if (read !== undefined) assert.deepEqual({ ...value, ...(read as object) }, read, `bit ${bit}`)
    assert.ok(read === undefined || !isSummed(flipped(line, bit)))
  }
  t.equal(decodeSummed(`${line} `.slice(0, 20)), undefined)
})

t.test('each flipped bit of a text is found', async t => {
  const text = withSumLine('# settings\nhost.name = alarm\nnetwork.address = 192.0.2.7/24\n')
  let isFound = true
  for (let bit = 0; bit < text.length * 8; bit++) {
    const read = withoutSumLine(flipped(text, bit))
    isFound &&= read === undefined
  }
  t.ok(isFound)
})

t.test('text of an older version, which has no sum, is taken as it is', async t => {
  t.same(decodeSummed('{"addresses":["192.0.2.1"]}'), { addresses: ['192.0.2.1'] })
  t.equal(isSummed('{"addresses":[]}'), false)
  t.equal(withoutSumLine('host.name = alarm\n'), 'host.name = alarm\n')
  t.equal(decodeSummed(''), undefined)
})
