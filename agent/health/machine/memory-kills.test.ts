import { join } from 'node:path'
import t from 'tap'
import { killsIn, memoryKills } from './memory-kills.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const line = (hoursAgo: number) => `${now / 1000 - hoursAgo * 3600}\n`

t.test('counts the kills of a day, whatever else is in the file', async t => {
  t.equal(killsIn(line(1) + line(23) + line(25) + line(-25), now), 2)
  t.equal(killsIn(`${line(1)}12x\n-5\n\n${'9'.repeat(40)}\n`, now), 1)
  t.equal(killsIn('', now), 0)
})

t.test('the present control group may know of more; where nothing tells, nothing is known', async t => {
  const folder = t.testdir({ kills: line(1) + line(2) })
  const [kills, none] = [join(folder, 'kills'), join(folder, 'none')]
  t.equal(memoryKills(kills, undefined, now), 2)
  t.equal(memoryKills(kills, 3, now), 3)
  t.equal(memoryKills(none, 3, now), 3)
  t.equal(memoryKills(none, undefined, now), undefined)
})
