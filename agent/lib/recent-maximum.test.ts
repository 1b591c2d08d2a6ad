import t from 'tap'
import { RecentMaximum } from './recent-maximum.ts'

t.test('the largest value of the last while, and none that is older', async t => {
  const maximum = new RecentMaximum(10, 6)
  t.equal(maximum.at(1000), 0)
  maximum.note(7, 1001)
  maximum.note(50, 1004)
  maximum.note(3, 1009)
  t.equal(maximum.at(1009), 50)
  maximum.note(9, 1035)
  t.equal(maximum.at(1064), 50, 'as long as it was noted within the while')
  t.equal(maximum.at(1070), 9, 'and falls when it was not')
  t.equal(maximum.at(1100), 0)
})

t.test('a long silence forgets everything, and costs no more than a short one', async t => {
  const maximum = new RecentMaximum(1, 3)
  maximum.note(5, 0)
  t.equal(maximum.at(1e15), 0)
  maximum.note(2, 1e15)
  t.equal(maximum.at(1e15 + 3), 2)
})
