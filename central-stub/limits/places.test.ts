import t from 'tap'
import { type PlaceLimits, Places } from './places.ts'

const limits: PlaceLimits = { perDevice: 2, perMember: 3, perNetwork: 4, total: 5, graceMs: 1000, leastBytesPerSecond: 1000 }
const caller = (device: string, member = device, network = device) => ({ device, member, network })

t.test('one device, one member and one network cannot take all the places, and all together not more than there are', async t => {
  const places = new Places(limits)
  const first = places.enter(caller('a', 'm', 'n'), 0)
  places.enter(caller('a', 'm', 'n'), 0)
  t.throws(() => places.enter(caller('a', 'm', 'n'), 0), { code: 'device-busy', retryAfterSeconds: 1 })
  places.enter(caller('b', 'm', 'n'), 0)
  t.throws(() => places.enter(caller('c', 'm', 'n'), 0), { code: 'member-busy' })
  places.enter(caller('d', 'other', 'n'), 0)
  t.throws(() => places.enter(caller('e', 'third', 'n'), 0), { code: 'address-busy' })
  places.enter(caller('f'), 0)
  t.throws(() => places.enter(caller('g'), 0), { code: 'central-busy', retryAfterSeconds: 5 })
  t.equal(places.count, 5)
  places.leave(first)
  places.leave(first)
  t.doesNotThrow(() => places.enter(caller('g'), 0))
})

/** Five members with one body each, coming in. */
function fullOfOne(places: Places, receivedBytes: (i: number) => number) {
  const gone: string[] = []
  for (let i = 0; i < 5; i++) {
    const place = places.enter(caller(`m${i}`), 0)
    place.giveWay = () => gone.push(place.member)
    place.receivedBytes = receivedBytes(i)
  }
  return gone
}

t.test('a body that comes in too slowly gives way when others wait, and not before its time', async t => {
  const places = new Places(limits)
  const gone = fullOfOne(places, i => (i === 3 ? 1 : 100_000))
  t.throws(() => places.enter(caller('new'), 999), { code: 'central-busy' })
  t.same(gone, [])
  places.enter(caller('new'), 1000)
  t.same(gone, ['m3'])
  t.throws(() => places.enter(caller('newer'), 2000), { code: 'central-busy' }, 'the others are quick enough')
})

t.test('a body that has come in is worked on, however slowly it came', async t => {
  const places = new Places(limits)
  fullOfOne(places, () => 0)
  const other = new Places(limits)
  for (let i = 0; i < 5; i++) other.enter(caller(`m${i}`), 0)
  t.doesNotThrow(() => places.enter(caller('new'), 5000))
  t.throws(() => other.enter(caller('new'), 5000), { code: 'central-busy' })
})

t.test('of a member that has more than the newcomer would have, the latest body gives way, however fast it is', async t => {
  const places = new Places(limits)
  const gone: number[] = []
  for (const [i, member] of ['greedy', 'greedy', 'greedy', 'b', 'c'].entries()) {
    const place = places.enter(caller(`${member}${i}`, member, `${i}`), i)
    place.receivedBytes = 1e9
    place.giveWay = () => gone.push(i)
  }
  places.enter(caller('d'), 10)
  t.same(gone, [2])
  places.enter(caller('e'), 10)
  t.same(gone, [2, 1])
  t.throws(() => places.enter(caller('f'), 10), { code: 'central-busy' }, 'now all have one')
})

t.test('a slow body behind an address gives way to another behind it', async t => {
  const places = new Places({ ...limits, total: 50 })
  const gone: number[] = []
  for (let i = 0; i < 4; i++) {
    const place = places.enter(caller(`m${i}`, `m${i}`, 'nat'), 0)
    if (i === 1) place.giveWay = () => gone.push(i)
  }
  places.enter(caller('new', 'new', 'nat'), 5000)
  t.same(gone, [1])
})

t.test('among the devices of one member likewise: one that holds most of its places makes room for another', async t => {
  const places = new Places(limits)
  const gone: string[] = []
  for (const device of ['a', 'a', 'b']) {
    const place = places.enter(caller(device, 'm', device), 0)
    place.giveWay = () => gone.push(device)
  }
  places.enter(caller('c', 'm'), 0)
  t.same(gone, ['a'])
  t.throws(() => places.enter(caller('d', 'm'), 0), { code: 'member-busy' })
  t.doesNotThrow(() => places.enter(caller('d', 'm'), 1000), 'nor may it be slow')
})

t.test('a body that is whole and waits for its turn is not slow, but a greedy member has to send it again', async t => {
  const places = new Places(limits)
  const gone: number[] = []
  for (const [i, member] of ['greedy', 'greedy', 'greedy', 'b', 'c'].entries()) {
    const place = places.enter(caller(`${member}${i}`, member, `${i}`), i)
    place.isWhole = true
    place.giveWay = () => gone.push(i)
  }
  places.enter(caller('new'), 60_000)
  places.enter(caller('newer'), 60_000).giveWay = () => gone.push(99)
  t.throws(() => places.enter(caller('newest'), 60_000), { code: 'central-busy' }, 'nobody has more than one that may move')
  t.same(gone, [2, 1])
})
