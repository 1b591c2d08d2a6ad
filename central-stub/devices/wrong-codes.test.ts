import t from 'tap'
import { WrongCodes } from './wrong-codes.ts'

const limits = { perNetwork: 3, windowMs: 60_000 }

t.test('guessing codes is stopped after a few, for that network only, and the answer says how long to wait', async t => {
  const wrong = new WrongCodes(limits)
  for (let i = 0; i < 3; i++) {
    wrong.check('192.0.2.1', 1000)
    wrong.count('192.0.2.1', 1000)
  }
  t.throws(() => wrong.check('192.0.2.1', 31_000), { code: 'codes-too-many', retryAfterSeconds: 30 })
  t.throws(() => wrong.check('::ffff:192.0.2.1', 31_000), { code: 'codes-too-many' }, 'the same address as IPv6 writes it')
  t.doesNotThrow(() => wrong.check('192.0.2.2', 31_000))
  t.doesNotThrow(() => wrong.check('192.0.2.1', 61_000), 'the wait was true')
})

t.test('other addresses of one IPv6 customer do not help', async t => {
  const wrong = new WrongCodes(limits)
  for (let i = 0; i < 3; i++) wrong.count(`2001:db8:1:2::${i}`, 0)
  t.throws(() => wrong.check('2001:db8:1:2:3::4', 1), { code: 'codes-too-many' })
  t.doesNotThrow(() => wrong.check('2001:db8:1:3::1', 1))
})

t.test('guessing from everywhere keeps nobody else from enrolling', async t => {
  const wrong = new WrongCodes(limits)
  for (let i = 0; i < 20_000; i++) wrong.count(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`, 0)
  t.doesNotThrow(() => wrong.check('203.0.113.1', 1))
})
