import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { endAtBlank, endAtQuote, endOfQuoted, SLACK, viewOf } from './scan.ts'

const byte = fc.oneof(fc.constantFrom(0, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5c, 0x7f, 0x80, 0xa0, 0xa1, 0xa2, 0xff), fc.nat(255))

t.test('finds what looking at one byte after the other finds', async t => {
  const property = fc.property(fc.array(byte, { maxLength: 24 }), fc.nat(24), fc.nat(24), (list, from, length) => {
    const bytes = Uint8Array.from([...list, ...new Array(SLACK).fill(0x22)])
    const at = Math.min(from, list.length)
    const end = Math.min(at + length, list.length)
    const plainly = (isFound: (value: number) => boolean) => {
      const index = list.slice(at, end).findIndex(isFound)
      return index < 0 ? end : at + index
    }
    assert.equal(
      endAtQuote(viewOf(bytes), at, end),
      plainly(value => value === 0x22),
    )
    assert.equal(
      endAtBlank(viewOf(bytes), at, end),
      plainly(value => value <= 0x20),
    )
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3000 }))
})

t.test('a view is of the bytes that were asked for, wherever they lie in their buffer', async t => {
  const buffer = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer
  const front = new Uint8Array(buffer, 0, 4)
  const back = new Uint8Array(buffer, 4, 4)
  t.equal(viewOf(front).getUint8(0), 1)
  t.equal(viewOf(back).getUint8(0), 5)
  t.equal(viewOf(back).byteLength, 4)
  t.equal(viewOf(front).getUint8(0), 1)
})

t.test('only a quote after an even number of backslashes ends a quoted text', async t => {
  const end = (text: string) => endOfQuoted(Buffer.from(text), 0, text.length)
  t.same([end('a"b'), end(String.raw`a\"b"`), end(String.raw`a\\"b"`), end('ab'), end('"'), end('')], [1, 4, 3, 2, 0, 0])
})
