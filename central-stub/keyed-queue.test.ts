import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { KeyedQueue } from './keyed-queue.ts'

t.test('work on one device keeps its order, a failure in between included; another device does not wait', async t => {
  const queue = new KeyedQueue()
  const order: string[] = []
  const work = (name: string, ms: number) => async () => {
    await sleep(ms)
    order.push(name)
  }
  const failing = queue.run('a', async () => {
    await sleep(20)
    throw new Error('no')
  })
  const all = [queue.run('a', work('a1', 20)), queue.run('a', work('a2', 0)), queue.run('b', work('b1', 0))]
  await t.rejects(failing, { message: 'no' })
  await Promise.all(all)
  t.same(order, ['b1', 'a1', 'a2'])
})
