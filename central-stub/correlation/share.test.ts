import t from 'tap'
import { DailyShare } from './share.ts'

t.test('a member that invents events fills its own share of the day, and no other', async t => {
  const share = new DailyShare()
  const now = Date.UTC(2026, 11, 1, 12)
  let stored = 0
  for (let i = 0; i < 30_000; i++) if (share.take(1, now)) stored++
  t.equal(stored, 20_000)
  t.equal(share.refused, 10_000)
  t.ok(share.take(2, now))
  t.ok(share.take(1, now + 86_400_000), 'the next day')
})
