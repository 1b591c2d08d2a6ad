import t from 'tap'
import { ADDRESS_WORDS, randomKeys } from '../lib/keyed-hash.ts'
import { Mark, RecentSources } from './recent-sources.ts'

const NOW = 1_800_000_000_000
const address = (number: number) => Uint32Array.of(0, 0, 0xffff, 0xcb007100 + number)
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

t.test('a clock that is set makes nobody forgotten sooner or later', async t => {
  const MINUTE_MS = 60_000
  const DAY_MS = 86_400_000
  const old = Date.UTC(2026, 10, 20)
  for (const jump of [365 * DAY_MS, DAY_MS, 30_000, -30_000, -DAY_MS, -365 * DAY_MS]) {
    const sources = new RecentSources()
    const set = old + 5 * MINUTE_MS + jump
    sources.mark(address(1), Mark.blocked, old)
    sources.mark(address(2), Mark.failedLogin, old + 5 * MINUTE_MS)
    // comes behind the jump, and before it was noticed
    sources.mark(address(3), Mark.blocked, set + 500)
    sources.move(jump, set + 900)
    t.same(
      [1, 2, 3].map(number => sources.marksOf(address(number), set + 1000)),
      [Mark.blocked, Mark.failedLogin, Mark.blocked],
      `${jump}`,
    )
    t.same(
      [1, 2].map(number => sources.marksOf(address(number), set + 6 * MINUTE_MS)),
      [0, Mark.failedLogin],
      `${jump}, later`,
    )
    t.same(
      [1, 2, 3].map(number => sources.marksOf(address(number), set + 11 * MINUTE_MS)),
      [0, 0, 0],
      `${jump}, at the end`,
    )
  }
})
