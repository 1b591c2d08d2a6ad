import t from 'tap'
import { type Connection, Connections } from './connections.ts'

const limits = { total: 6, perNetwork: 4, perMember: 2, strangerMs: 10, deviceMs: 100 }

function setUp() {
  const connections = new Connections(limits)
  const closed: string[] = []
  const open = (name: string, network: string, more: Partial<Connection> = {}) => {
    const one: Connection = {
      network,
      idleSince: 0,
      member: undefined,
      isSilent: () => false,
      close: () => void closed.push(name),
      ...more,
    }
    return { one, isIn: connections.add(one) }
  }
  return { connections, closed, open }
}
const silent = { isSilent: () => true }
const busy = { idleSince: undefined }

t.test('one network does not crowd out another: of the one that has most, the oldest idle one gives way', async t => {
  const { open, closed, connections } = setUp()
  open('b1', 'b')
  for (const i of [1, 2, 3, 4]) open(`a${i}`, 'a')
  open('c1', 'c')
  t.ok(open('d1', 'd').isIn)
  t.same(closed, ['a1'])
  t.equal(connections.count, 6)
  t.equal(connections.gaveWay, 1)
})

t.test('behind one address too the newcomer gets in: the oldest idle one of that address gives way', async t => {
  const { open, closed } = setUp()
  for (const i of [1, 2, 3, 4]) open(`a${i}`, 'a', i === 3 ? silent : {})
  t.ok(open('a5', 'a').isIn)
  t.same(closed, ['a3'], 'first one that has said nothing')
  t.ok(open('a6', 'a').isIn)
  t.same(closed, ['a3', 'a1'])
})

t.test('a connection of a device stays while there is one that no device has used', async t => {
  const { open, closed, connections } = setUp()
  const { one } = open('device', 'a')
  connections.belongsTo(one, 'member')
  for (const i of [2, 3, 4, 5, 6]) open(`a${i}`, 'a')
  t.same(closed, ['a2', 'a3'])
})

t.test('one with a request under way never gives way; where all are busy the newcomer is turned away', async t => {
  const { open, closed, connections } = setUp()
  for (const i of [1, 2, 3, 4]) open(`a${i}`, 'a', busy)
  t.notOk(open('a5', 'a').isIn)
  t.same([closed, connections.turnedAway, connections.count], [[], 1, 4])
  t.ok(open('b1', 'b').isIn)
})

t.test('a member with many boxes keeps so many connections, the oldest idle ones give way', async t => {
  const { open, closed, connections } = setUp()
  for (const i of [1, 2, 3]) {
    const { one } = open(`m${i}`, `network ${i}`)
    one.idleSince = undefined
    connections.belongsTo(one, 'member')
    one.idleSince = i
  }
  t.same(closed, ['m1'])
})

t.test('idle ones are closed soon, those of devices later, busy ones never', async t => {
  const { open, closed, connections } = setUp()
  open('stranger', 'a')
  open('silent', 'a', silent)
  open('busy', 'a', busy)
  connections.belongsTo(open('device', 'b').one, 'member')
  connections.sweep(10)
  t.same(closed, [])
  connections.sweep(11)
  t.same(closed, ['stranger', 'silent'])
  connections.sweep(101)
  t.same(closed, ['stranger', 'silent', 'device'])
  t.equal(connections.count, 1)
})
