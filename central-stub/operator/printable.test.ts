import t from 'tap'
import { printable, printableJson, printableLines } from './printable.ts'

const evil = '\u001b]0;PWNED\u0007\u001b[2J\u009b31m\u007f\r\n\u202eabc\u200b\u2028\u{e0041}'

t.test('nothing that moves, colours, hides or turns text reaches a terminal', async t => {
  t.equal(printable(evil), '?]0;PWNED??[2J?31m????abc???')
  t.equal(printableLines('one\ntwo\u001b[1m\r\n'), 'one\ntwo?[1m?\n')
  t.equal(printable('Überlingen 日本 – 1 €'), 'Überlingen 日本 – 1 €')
})

t.test('as JSON it stays what it was, in visible characters', async t => {
  const text = printableJson({ [evil]: [evil, 1] })
  t.same(JSON.parse(text), { [evil]: [evil, 1] })
  t.notMatch(text, /[\p{Cc}\p{Cf}\p{Zl}]/u)
})
