import fc from 'fast-check'
import t from 'tap'
import { NO_WORD, Words } from './words.ts'

const find = (words: Words, text: string): number => {
  const bytes = Buffer.from(`x${text}x`, 'latin1')
  return words.find(bytes, 1, 1 + text.length)
}

t.test('knows its words in either case, and no others', async t => {
  const words = new Words({ accept: 0, 'client-rst': 4, 'probable spam': 7 })
  t.same([find(words, 'accept'), find(words, 'ACCEPT'), find(words, 'Client-RST'), find(words, 'Probable Spam')], [0, 0, 4, 7])
  for (const text of ['', 'accep', 'accepts', 'acxept', 'client rst', 'client\x0drst', '@ccept']) t.equal(find(words, text), NO_WORD, text)
})

t.test('an empty dictionary knows nothing', async t => {
  t.equal(find(new Words({}), 'a'), NO_WORD)
})

t.test('answers as a map would, whatever the words', async t => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '-', '_'), minLength: 1, maxLength: 6 })
  const property = fc.property(fc.uniqueArray(word, { maxLength: 60 }), fc.array(word), (known, asked) => {
    const words = new Words(Object.fromEntries(known.map((name, index) => [name, index])))
    return [...known, ...asked].every(text => find(words, text) === known.indexOf(text))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200, seed: 1 }))
})
