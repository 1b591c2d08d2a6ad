import t from 'tap'
import { FairQueue, type Leave } from './fair-queue.ts'

/** Work that is under way until it is told to end. */
function setUp(total: number, perMember: number) {
  const queue = new FairQueue({ total, perMember })
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const add = (member: string, name: string) =>
    queue.run(member, () => {
      begun.push(name)
      return new Promise<void>(resolve => ends.set(name, resolve))
    })
  const end = async (name: string) => {
    ends.get(name)?.()
    await new Promise(setImmediate)
  }
  return { queue, begun, add, end }
}

t.test('a member that asks without pause delays another by what it has under way only', async t => {
  const { begun, add, end } = setUp(3, 2)
  for (let i = 1; i <= 9; i++) add('greedy', `g${i}`)
  add('other', 'o1')
  add('other', 'o2')
  await end('')
  t.same(begun, ['g1', 'g2', 'o1'])
  await end('g1')
  await end('g2')
  t.same(begun.slice(3), ['g3', 'o2'], 'not after the seven that came before')
  await end('o1')
  await end('o2')
  t.same(begun.slice(5), ['g4'], 'the last place stays free for others')
})

t.test('members take turns', async t => {
  const { begun, add, end } = setUp(1, 1)
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) add(name[0], name)
  await end('')
  for (let i = 0; i < 6; i++) await end(begun[i])
  t.same(begun, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

t.test("what fails frees its place, and the failure is the caller's", async t => {
  const { queue, begun, add, end } = setUp(1, 1)
  await t.rejects(
    queue.run('a', async () => {
      throw new Error('no')
    }),
    { message: 'no' },
  )
  add('a', 'next')
  await end('next')
  t.same(begun, ['next'])
})

t.test('what waits can leave its line, what is under way cannot, and others move up', async t => {
  const queue = new FairQueue({ total: 1, perMember: 1 })
  const leaves: Leave[] = []
  const ends: (() => void)[] = []
  const work = () => new Promise<string>(resolve => ends.push(() => resolve('done')))
  const onWaiting = (leave: Leave) => leaves.push(leave)
  const [first, second, third] = ['a', 'b', 'c'].map(member => queue.run(member, work, onWaiting))
  const left = t.rejects(second, { message: 'gave way' })
  for (const leave of leaves.slice(0, 2)) leave(new Error('gave way'))
  await left
  ends[0]()
  t.equal(await first, 'done')
  await new Promise(setImmediate)
  ends[1]()
  t.equal(await third, 'done')
})
