import t from 'tap'
import { CodeLimits } from './code-limits.ts'

t.test('guessing codes is slowed down after a few, for that network only, and the answer says how long to wait', async t => {
  const limits = new CodeLimits()
  for (let i = 0; i < 10; i++) t.equal(limits.refuse('192.0.2.1', 1000).code, 'code-refused')
  t.match(limits.refuse('192.0.2.1', 1000), { code: 'codes-too-many', retryAfterSeconds: 90 })
  t.match(limits.refuse('::ffff:192.0.2.1', 1000), { code: 'codes-too-many' }, 'the same address as IPv6 writes it')
  t.equal(limits.refuse('192.0.2.2', 1000).code, 'code-refused')
  t.equal(limits.refuse('192.0.2.1', 91_000).code, 'code-refused', 'the wait was true')
})

t.test('other addresses of one IPv6 customer do not help', async t => {
  const limits = new CodeLimits()
  for (let i = 0; i < 10; i++) limits.refuse(`2001:db8:1:2::${i}`, 0)
  t.equal(limits.refuse('2001:db8:1:2:3::4', 1).code, 'codes-too-many')
  t.equal(limits.refuse('2001:db8:1:3::1', 1).code, 'code-refused')
})

t.test('whoever has a code does not have central verify requests without end', async t => {
  const limits = new CodeLimits()
  for (let i = 0; i < 20; i++) limits.use('hash', 0)
  t.throws(() => limits.use('hash', 0), { code: 'code-used-too-often', retryAfterSeconds: 60 })
  t.doesNotThrow(() => limits.use('another', 0))
  t.doesNotThrow(() => limits.use('hash', 60_000))
})
