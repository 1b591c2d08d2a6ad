import t from 'tap'
import { figure, median, percentile } from './numbers.ts'

t.test('a median and percentiles of what was measured, whatever its order', async t => {
  t.equal(median([5, 1, 3]), 3)
  t.equal(median([4, 1, 3, 2]), 2.5)
  const hundred = Array.from({ length: 101 }, (_, i) => 100 - i)
  t.strictSame(
    [0, 50, 90, 99, 100].map(percent => percentile(hundred, percent)),
    [0, 50, 90, 99, 100],
  )
})

t.test('what was not measured is no number, and is not mixed with what was', async t => {
  t.ok(Number.isNaN(median([])))
  t.equal(median([Number.NaN, 7]), 7)
  t.equal(figure(Number.NaN), '-')
  t.equal(figure(1234.5), '1,235')
})

t.test('a message without a receipt shows in the longest and cannot be averaged away', async t => {
  const never = Number.POSITIVE_INFINITY
  t.equal(percentile([1, 2, never], 100), never)
  t.equal(percentile([1, never, never], 99), never)
  t.equal(percentile([1, 2, never], 50), 2)
  t.equal(figure(never), 'never')
})
