import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { WrongCodes } from '../devices/wrong-codes.ts'
import { Serial } from '../serial.ts'
import { UnderWay } from './under-way.ts'

const limits = { perNetwork: 3, windowMs: 60_000 }

t.test('guessing codes is stopped after a few, for that network only, and the wait is told', async t => {
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

t.test('work on one device keeps its order, a failure in between included; another device does not wait', async t => {
  const serial = new Serial()
  const order: string[] = []
  const work = (name: string, ms: number) => async () => {
    await sleep(ms)
    order.push(name)
  }
  const failing = serial.run('a', async () => {
    await sleep(20)
    throw new Error('no')
  })
  const all = [serial.run('a', work('a1', 20)), serial.run('a', work('a2', 0)), serial.run('b', work('b1', 0))]
  await t.rejects(failing, { message: 'no' })
  await Promise.all(all)
  t.same(order, ['b1', 'a1', 'a2'])
})

t.test('one device cannot take all the places, and all devices cannot take more than there are', async t => {
  const underWay = new UnderWay({ perDevice: 2, total: 3 })
  const leave = underWay.enter('a')
  underWay.enter('a')
  t.throws(() => underWay.enter('a'), { code: 'device-busy', retryAfterSeconds: 1 })
  underWay.enter('b')
  t.throws(() => underWay.enter('c'), { code: 'central-busy', retryAfterSeconds: 5 })
  leave()
  t.doesNotThrow(() => underWay.enter('c'))
})
