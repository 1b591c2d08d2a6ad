import t from 'tap'
import { reserveFor, roomOf } from './room.ts'

const MIB = 1024 * 1024

t.test('what is kept free fits the disk: a tenth, more of a small one, and never more than a GiB', async t => {
  const reserves = [100, 256, 4096, 100_000].map(mib => reserveFor({ sizeBytes: mib * MIB, freeBytes: 0 }) / MIB)
  t.same(reserves, [25, 64, 409.6, 1024])
})

t.test('central stops before the disk is full, and says so to those who have stored most before that', async t => {
  const room = (freeBytes: number) => roomOf({ freeBytes, sizeBytes: 1000 }, 100)
  t.same([room(1000), room(200), room(199), room(100), room(99), room(0)], ['enough', 'enough', 'scarce', 'scarce', 'none', 'none'])
})
