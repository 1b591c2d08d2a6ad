import fc from 'fast-check'
import t from 'tap'
import { drawn, fit, harmless, wrap } from './text.ts'

t.test('escape sequences and control bytes of strangers are gone', async t => {
  t.equal(harmless('a\x1b[31mred\x1b[0m\x1b]0;title\x07b'), 'aredb')
  t.equal(harmless('one\r\ntwo\tthree\x00\x07\x7f\x9b31m'), `one  two three${harmless('\x9b31m')}`)
  t.notMatch(harmless('\x1b\x1b[\x1bPq#0\x1b\\x\x9d'), /\p{Cc}/u)
})

t.test('wide letters, other directions and what no console font has do not move anything', async t => {
  t.equal(harmless('防火墙'), '???')
  t.equal(harmless('\u202eevil\u202c \u200bx'), 'evil x')
  t.equal(harmless('Zürich Łódź façade e\u0301'), 'Zürich ??dz façade é'.replace('??', '?ó'))
  t.equal(harmless('🔥'), '?')
  t.equal(harmless('“it’s” – …'), '"it\'s" - ...')
})

t.test('nothing gets longer than it may, whatever comes', async t => {
  const any = fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 0, max: 80 }), (text, width) => {
    const clean = harmless(text, width)
    return clean.length <= width && drawn(clean) === clean && fit(clean, 7).length <= 7
  })
  t.doesNotThrow(() => fc.assert(any))
  t.equal(harmless('x'.repeat(1e6), 100).length, 100)
})

t.test('wraps at spaces, breaks what has none, and says when lines were left out', async t => {
  t.same(wrap('one two three', 7), ['one two', 'three'])
  t.same(wrap('abcdefghij', 4), ['abcd', 'efgh', 'ij'])
  t.same(wrap('a b c d e f', 3, 2), ['a b', 'c d'.slice(0, 3)])
  t.same(wrap('', 5), [])
  t.ok(wrap('word '.repeat(10_000), 40, 3).length <= 3)
})

t.test('the guard before the terminal lets no control byte through', async t => {
  t.equal(drawn('a\x1b[2Jb\nc│'), 'a?[2Jb?c│')
})
