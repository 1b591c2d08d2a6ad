import t from 'tap'
import { ADDRESS_WORDS, randomKeys } from '../lib/keyed-hash.ts'
import { Mark, RecentSources } from './recent-sources.ts'

const NOW = 1_800_000_000_000
const inverse = (odd: number): number => [1, 2, 3, 4, 5].reduce(x => Math.imul(x, 2 - Math.imul(odd, x)), odd)

/** Addresses of one /64 with which somebody would want to push out ::1 of it. */
const neighbours: Record<string, (i: number) => readonly [number, number]> = {
  'one after the other': i => [0, i + 2],
  'the top bits of two words': i => [(i & 0x3f) << 26, ((i >>> 6) << 26) | 1],
  'one sum of words times known factors': i => [i + 1, 1 + Math.imul(-(i + 1) * 0x27d4eb2f, inverse(0x9e3779b1))],
  'the sum of the words is the same': i => [i + 1, -i],
}

for (const [name, at] of Object.entries(neighbours))
  t.test(`nobody is forgotten because others of his /64 are blocked: ${name}`, async t => {
    let forgotten = 0
    for (let round = 0; round < 20; round++) {
      // keys that look random and are the same in each run
      const recent = new RecentSources(randomKeys(ADDRESS_WORDS).map((_, i) => Math.imul((round + 1) * 8 + i, 0x9e3779b1) >>> 16))
      const me = Uint32Array.of(0x2a010db8, 0x420000, 0, 1)
      recent.mark(me, Mark.blocked, NOW)
      for (let i = 0; i < 4096; i++) recent.mark(Uint32Array.of(me[0], me[1], ...at(i)), Mark.blocked, NOW + 1000)
      if (recent.marksOf(me, NOW + 2000) !== Mark.blocked) forgotten++
    }
    t.equal(forgotten, 0)
  })
