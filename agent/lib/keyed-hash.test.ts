import t from 'tap'
import { randomFrom } from '../testing/random.ts'
import { ADDRESS_WORDS, AddressSum, mix, productOf, randomKeys } from './keyed-hash.ts'

const COUNT = 2 ** 15
const SLOTS = 2 ** 16
type Fill = (words: Uint32Array, i: number) => void

const random = randomFrom(7)
const basis = Array.from({ length: 15 }, () => Uint32Array.from({ length: ADDRESS_WORDS }, random))
const inverse = (odd: number): number => [1, 2, 3, 4, 5].reduce(x => Math.imul(x, 2 - Math.imul(odd, x)), odd)
const unshift = (y: number): number => (y ^ (y >>> 15) ^ (y >>> 30)) >>> 0

/** What somebody would choose who knows this code and not the keys: each of COUNT addresses, no two of which are the same. */
const families: Record<string, Fill> = {
  'one after the other': (words, i) => words.set([0, 0, 0xffff, i]),
  'every 65,536th': (words, i) => words.set([0, 0, 0xffff, (i << 16) | (i >>> 15)]),
  'the top bits of two words, in one /64': (words, i) => words.set([0x2a010db8, 0x420000, (i & 0xff) << 24, (i >>> 8) << 24]),
  'the top bits of four words': (words, i) => words.set([(i & 15) << 28, ((i >>> 4) & 15) << 28, ((i >>> 8) & 15) << 28, (i >>> 12) << 28]),
  'two words whose sum is the same': (words, i) => words.set([0x2a010db8, 0x420000, i * 0x10001, -i * 0x10001]),
  'two words that differ by the same bits': (words, i) => words.set([0x2a010db8, 0x420000, i * 0x9e3b, (i * 0x9e3b) ^ 0x80010001]),
  'halves of a word with a factor in common': (words, i) => words.set([0, 0, i & 0x7f, ((i >>> 7) << 24) | 0x8000]),
  'a half that is zero': (words, i) => words.set([i & 0xff, (i >>> 8) << 16, 0, 0]),
  'a half that is all ones': (words, i) => words.set([0xffff0000 | i, 0xffff, (i << 16) | 0xffff, 0xffff0000]),
  'sums of a few addresses by exclusive or': (words, i) => {
    words.fill(0)
    basis.forEach((vector, bit) => {
      if ((i >>> bit) & 1) for (let word = 0; word < ADDRESS_WORDS; word++) words[word] ^= vector[word]
    })
  },
  'one value of a hash that multiplies and shifts word by word': (words, i) => {
    const word = Math.imul(i + 1, 0x9e3779b1)
    const once = Math.imul(0x1234567 ^ word, 0xcc9e2d51)
    words.set([0x2a010db8, 0x420000, word, once ^ (once >>> 15) ^ Math.imul(unshift(0x12345678), inverse(0xcc9e2d51))])
  },
  'one sum of words times known odd factors': (words, i) => words.set([0, 0, i + 1, Math.imul(-(i + 1) * 0x27d4eb2f, inverse(0x9e3779b1))]),
}

/** Puts all addresses of a family into a table of twice their number: how many places were looked at, on average and at most. */
function probesOf(fill: Fill, hash: (words: Uint32Array) => number): { mean: number; most: number } {
  const taken = new Uint8Array(SLOTS)
  const words = new Uint32Array(ADDRESS_WORDS)
  let [sum, most] = [0, 0]
  for (let i = 0; i < COUNT; i++) {
    fill(words, i)
    let probes = 1
    let slot = hash(words) >>> 16
    for (; taken[slot] === 1 && probes < COUNT; probes++) slot = (slot + 1) & (SLOTS - 1)
    taken[slot] = 1
    sum += probes
    most = Math.max(most, probes)
  }
  return { mean: sum / COUNT, most }
}

for (const [name, fill] of Object.entries(families))
  t.test(`whoever does not see the keys cannot make addresses meet: ${name}`, async t => {
    for (let round = 0; round < 4; round++) {
      const sum = new AddressSum(randomKeys(ADDRESS_WORDS).map(random))
      const { mean, most } = probesOf(fill, words => mix(sum.of(words, 0)))
      t.ok(mean < 3 && most < 128, `${mean.toFixed(2)} places on average, ${most} at most`)
    }
  })

t.test('those addresses are chosen well: a sum with secret odd factors falls for them', async t => {
  const factors = Int32Array.from({ length: ADDRESS_WORDS }, () => random() | 1)
  const hash = (words: Uint32Array) => mix(words.reduce((sum, word, i) => (sum + Math.imul(word, factors[i])) | 0, 0))
  t.ok(probesOf(families['the top bits of two words, in one /64'], hash).mean > 30)
})

t.test('every word counts, and an IPv4 address has one sum however it is worked out', async t => {
  const keys = randomKeys(ADDRESS_WORDS).map(random)
  const sum = new AddressSum(keys)
  const mapped = Uint32Array.of(9, 0, 0, 0xffff, 0xcb007107)
  t.equal(sum.of(mapped, 1) | 0, mapped.subarray(1).reduce((all, word, i) => all + productOf(word, keys, i), 0) | 0)
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    const one = Uint32Array.from({ length: ADDRESS_WORDS }, random)
    const sums = new Set(Array.from({ length: 64 }, (_, i) => sum.of(one.with(word, one[word] ^ (1 << (i & 31))), 0)))
    t.equal(sums.size, 32, `word ${word}`)
  }
})
