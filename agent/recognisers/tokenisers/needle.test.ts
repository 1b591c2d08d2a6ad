import fc from 'fast-check'
import t from 'tap'
import { Needle } from './needle.ts'

t.test('finds what a plain search finds, between two offsets only', async t => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 })
  const needle = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 })
  const property = fc.property(text, needle, fc.nat(40), fc.nat(40), (hay, sought, from, to) => {
    const start = Math.min(from, hay.length)
    const end = Math.min(Math.max(start, to), hay.length)
    const at = hay.slice(start, end).indexOf(sought)
    return new Needle(sought).find(Buffer.from(hay), start, end) === (at < 0 ? -1 : at + start)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1000, seed: 1 }))
})

t.test('finds a text at either end', async t => {
  const bytes = Buffer.from('logid=1 x logid=')
  t.equal(new Needle('logid=').find(bytes, 0, bytes.length), 0)
  t.equal(new Needle('logid=').find(bytes, 1, bytes.length), 10)
  t.equal(new Needle('logid=').find(bytes, 1, bytes.length - 1), -1)
})
