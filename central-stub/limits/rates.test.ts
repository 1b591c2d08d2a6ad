import t from 'tap'
import { Rates } from './rates.ts'

t.test('a burst, then one every so often; the wait that is told is true, and asking meanwhile makes it no longer', async t => {
  const rates = new Rates({ burst: 3, everyMs: 100 })
  for (let i = 0; i < 3; i++) {
    t.equal(rates.waitMs('a', 0), 0)
    rates.count('a', 0)
  }
  t.equal(rates.waitMs('a', 0), 100)
  t.equal(rates.waitMs('b', 0), 0, 'nobody else')
  for (let i = 0; i < 1000; i++) rates.count('a', 40)
  t.equal(rates.waitMs('a', 40), 100)
  t.equal(rates.waitMs('a', 140), 0)
  t.equal(rates.waitMs('a', 1_000_000), 0)
})

t.test('a clock that is set back keeps nobody waiting for longer than one that goes right', async t => {
  const rates = new Rates({ burst: 3, everyMs: 100 })
  for (let i = 0; i < 5; i++) rates.count('a', 1e9)
  t.ok(rates.waitMs('a', 0) <= 100)
})

t.test('strangers who come under ever new names fill no memory, and do not slow down others', async t => {
  const rates = new Rates({ burst: 1, everyMs: 1000 })
  for (let i = 0; i < 20_000; i++) rates.count(`stranger ${i}`, 0)
  t.equal(rates.waitMs('stranger 0', 0), 0, 'the one of longest ago is forgotten')
  t.equal(rates.waitMs('stranger 19999', 0), 1000)
  t.equal(rates.waitMs('another', 0), 0)
})
