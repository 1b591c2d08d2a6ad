import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { readAddress } from '../../lib/address.ts'
import { putDotted, readDotted } from './dotted.ts'

const octet = fc.oneof(fc.nat(255).map(String), fc.constantFrom('0', '00', '01', '256', '260', '300', '999', '1000', '', 'a', '-1'))
const alike = fc.tuple(octet, octet, octet, octet).map(parts => parts.join('.'))
const behind = fc.constantFrom(' ', ',', '/', '.', '.1', ':', '', '0', '9', 'x')

t.test('reads the addresses that the general reader reads, wherever they end, and no others', async t => {
  const expected = new Uint32Array(4)
  const read = new Uint32Array(4)
  let taken = 0
  const judge = (text: string, tail: string) => {
    const bytes = Buffer.from(`,${text}${tail}                `)
    const next = readDotted(bytes, 1, bytes.length)
    if (next >= 0) {
      taken++
      putDotted(read, 0)
      assert.ok(readAddress(bytes, 1, next, expected, 0), text)
      assert.deepEqual(read, expected, text)
      return
    }
    // digits behind belong to the last number
    const whole = text + (tail.match(/^[0-9]*/)?.[0] ?? '')
    assert.ok(!readAddress(bytes, 1, 1 + whole.length, expected, 0), `'${whole}' is an address`)
  }
  t.doesNotThrow(() => fc.assert(fc.property(fc.oneof(alike, fc.ipV4()), behind, judge), { numRuns: 5000 }))
  t.ok(taken > 2000, `${taken} were taken`)
})

t.test('reads nothing beyond the end, and writes nothing unless asked to', async t => {
  const bytes = Buffer.from('203.0.113.7 203.0.113.9 and more text')
  for (let end = 0; end < 16; end++) t.equal(readDotted(bytes, 0, end), -1)
  const words = Uint32Array.of(1, 2, 3, 4)
  t.equal(readDotted(bytes, 0, 16), 11)
  t.same([...words], [1, 2, 3, 4])
  putDotted(words, 0)
  t.same([...words], [0, 0, 0xffff, 0xcb007107])
})
