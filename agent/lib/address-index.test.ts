import t from 'tap'
import { AddressIndex } from './address-index.ts'
import { randomKeys } from './keyed-hash.ts'

t.test('each address of a kind has one number, in the order of appearance, however much the table grows', async t => {
  const index = new AddressIndex(1)
  const known = new Map<string, number>()
  const words = new Uint32Array(6)
  let wrong = 0
  for (let i = 0; i < 60_000; i++) {
    words.set([Math.imul(i, 7919) & 3, 0, 0xffff, Math.imul(i, 0x9e3779b1) & 0xfff], 1)
    const kind = i % 3
    const key = `${words.subarray(1, 5)} ${kind}`
    const expected = known.get(key) ?? known.size
    if (index.number(words, 1, kind) !== expected || index.kindOf(expected) !== kind) wrong++
    known.set(key, expected)
  }
  t.equal(wrong, 0)
  t.equal(index.count, known.size)
  t.same(
    [...known.keys()].slice(0, 100),
    Array.from({ length: 100 }, (_, i) => `${index.all.slice(i * 4, i * 4 + 4)} ${index.kindOf(i)}`),
  )
})

t.test('takes other keys before it looks at many places', async t => {
  let made = 0
  // keys of zeros are what nobody may guess: then all of these have the same hash
  const index = new AddressIndex(4096, words => (made++ === 0 ? new Uint16Array(words * 2) : randomKeys(words)))
  const words = new Uint32Array(4)
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 4096; i++) {
      words[3] = i
      if (index.number(words, 0, 1) !== i) t.fail(`address ${i} has another number`)
    }
  t.equal(index.count, 4096)
  t.equal(made, 2)
})

t.test('has room for as many as it was made for, and for none', async t => {
  const words = new Uint32Array(4)
  t.equal(new AddressIndex(0).number(words, 0, 0), 0)
  let made = 0
  const index = new AddressIndex(1000, words => {
    made++
    return randomKeys(words)
  })
  for (let i = 0; i < 1000; i++) {
    words[2] = i
    index.number(words, 0, 0)
  }
  t.equal(made, 1)
})
