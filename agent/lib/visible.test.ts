import fc from 'fast-check'
import t from 'tap'
import { kept, visible, visibleLines } from './visible.ts'

const c0AndDel = [...Array.from({ length: 32 }, (_, code) => code), 0x7f]
const c1 = Array.from({ length: 32 }, (_, code) => 0x80 + code)
/** UAX #9: marks, embeddings, overrides and isolates; then what is not seen, and what separates lines. */
const bidi = [0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]
const unseen = [0x00ad, 0x200b, 0x200c, 0x200d, 0x2060, 0xfeff, 0x2028, 0x2029, 0xfff9, 0xe0001, 0xe0041, 0xd800]

t.test('every control, override and invisible character is seen, and is the same JSON', async t => {
  for (const code of [...c0AndDel, ...c1, ...bidi, ...unseen]) {
    const glyph = String.fromCodePoint(code)
    const seen = visible(`a${glyph}b`)
    t.match(seen, /^a(\\u[0-9a-f]{4}){1,2}b$/, code.toString(16))
    t.equal(JSON.parse(`"${seen}"`), `a${glyph}b`)
  }
  t.equal(visibleLines('one\ntwo\u001b[2J\r'), 'one\ntwo\\u001b[2J\\u000d')
})

t.test('what people write stays as it is', async t => {
  const text = 'Größe ñ ─│┌ 日本 "x" \\u001b 100 % ½ 😀'
  t.equal(visible(text), text)
})

t.test('no text brings anything through that a terminal would obey', async t => {
  const pieces = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u001b', '\u009b31m', '\u202e', '\n', '\r', '\u0007')))
  const property = fc.property(pieces, all => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(visible(all.join(''))))
  t.doesNotThrow(() => fc.assert(property))
})

t.test('what is kept has a length', async t => {
  t.equal(kept('abc', 3), 'abc')
  t.equal(kept('abcd', 3), 'abc...')
  t.ok(kept('\u001b'.repeat(100), 50).length <= 53)
})
