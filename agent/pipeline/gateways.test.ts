// Numbers of gateways under forged senders: they are short for as long as it lasts and for minutes after, and never for good.
import t from 'tap'
import { emptyNumbering, Gateways, type Numbering, readNumbering } from './gateways.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.now()
const forged = (i: number): string => `100.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`

/** Gateways with a clock of the test's, as the collector uses them. */
function box(from: Numbering = emptyNumbering) {
  let now = START
  let saved: Numbering | undefined
  const gateways = new Gateways(from, numbering => {
    saved = structuredClone(numbering)
  })
  return {
    gateways,
    saved: () => {
      gateways.flush()
      return saved
    },
    /** A readable message; gives the number that it goes out under. */
    message: (address: string): number => {
      const gateway = gateways.get(address)
      gateway.messages++
      gateway.parsed++
      gateway.lastMessageAt = now
      if (gateway.number === 0) gateways.returned(address, now)
      return gateway.number
    },
    pass: (ms: number) => {
      now += ms
      gateways.tick()
    },
  }
}

/** A message each half minute for so long; gives the numbers that they went out under. */
function lasting({ message, pass }: ReturnType<typeof box>, address: string, ms: number): number[] {
  const numbers: number[] = []
  for (let passed = 0; passed < ms; passed += MINUTE / 2) {
    numbers.push(message(address))
    pass(MINUTE / 2)
  }
  return numbers
}

t.test('a new gateway gets a number minutes after a flood of forged senders, and the one from before keeps its own', async t => {
  const one = box()
  t.equal(one.message('192.0.2.1'), 1)
  for (let i = 0; i < 250_000; i++) {
    one.message(forged(i))
    if (i % 2000 === 0) {
      one.pass(SECOND)
      t.equal(one.message('192.0.2.1'), 1)
    }
  }
  t.equal(one.message('192.0.2.2'), 0, 'while it lasts')
  const numbers = lasting(one, '192.0.2.2', 25 * MINUTE)
  const number = numbers.at(-1) ?? 0
  t.ok(number > 1023, `a number that no other sender had: ${number}`)
  t.equal(
    lasting(one, '192.0.2.2', HOUR).find(now => now !== number),
    undefined,
    'and stays',
  )
  t.equal(one.gateways.active.filter(gateway => gateway.number > 0).length <= 1023, true, 'no more are known than there are places')
})

t.test('a gateway that logs for a day keeps its number over a month of silence, whatever is forged', async t => {
  const one = box()
  for (let hour = 0; hour <= 25; hour++) {
    one.message('192.0.2.1')
    one.pass(HOUR)
  }
  for (let i = 0; i < 3000; i++) one.message(forged(i))
  for (let day = 0; day < 25; day++) {
    for (let i = 0; i < 200; i++) lasting(one, forged(5000 + i), 90 * SECOND)
    one.pass(DAY - 200 * 90 * SECOND)
  }
  t.equal(one.message('192.0.2.1'), 1)
  t.equal(box(one.saved()).message('192.0.2.1'), 1, 'after a restart too')
})

t.test('no number stands for two senders, over restarts too, before all were given', async t => {
  let one = box()
  const owners = new Map<number, string>()
  const note = (number: number, address: string) => {
    if (number === 0) return
    const owner = owners.get(number)
    if (owner !== undefined && owner !== address) t.fail(`${number} is ${owner} and ${address}`)
    owners.set(number, address)
  }
  for (let i = 0; i < 1500; i++) note(one.message(forged(i)), forged(i))
  for (let i = 2000; i < 2200; i++) {
    one.pass(10 * MINUTE)
    for (const number of lasting(one, forged(i), 2 * MINUTE)) note(number, forged(i))
    if (i % 20 === 0) one = box(one.saved())
  }
  t.ok(owners.size > 1100, `${owners.size} numbers were given`)
})

t.test('when all 65,535 were given they begin anew, central is told, and none that is in use is given twice', async t => {
  const gateways = Array.from({ length: 1023 }, (_, i) => ({ number: i + 1, address: forged(i), since: 0, heard: i < 500 ? START : 1 }))
  const one = box({ next: 65_535, round: 0, gateways })
  t.same(one.gateways.accounting, {})
  lasting(one, '192.0.2.1', 2 * MINUTE)
  t.equal(one.message('192.0.2.1'), 65_535)
  t.same(one.gateways.accounting, { 'gateways.round': 1 })
  lasting(one, '192.0.2.2', 2 * MINUTE)
  const number = one.message('192.0.2.2')
  t.ok(number > 500 && number <= 1023, `${number} was freed`)
  t.same(box(one.saved()).gateways.accounting, { 'gateways.round': 1 })
})

t.test('senders that come once, and those that come back at once, take no number away', async t => {
  const one = box()
  for (let i = 0; i < 1023; i++) one.message(forged(i))
  one.pass(HOUR)
  for (let i = 0; i < 100_000; i++) {
    one.message(forged(100_000 + i))
    one.message(forged(100_000 + i))
    if (i % 1000 === 0) one.pass(SECOND)
  }
  const left = one.saved()?.gateways.map(({ number }) => number) ?? []
  t.equal(left.length, 1023)
  t.equal(Math.max(...left), 1023)
})

t.test('numbers are read from the older form of the file, and the clock may jump', async t => {
  const numbering = readNumbering({ addresses: ['192.0.2.1', '192.0.2.2'] })
  const one = box(numbering)
  t.same([one.message('192.0.2.2'), one.message('192.0.2.1'), one.message('192.0.2.3')], [2, 1, 3])
  for (let i = 0; i < 2000; i++) one.message(forged(i))
  one.pass(-40 * 365 * DAY)
  t.doesNotThrow(() => lasting(one, '192.0.2.9', 10 * MINUTE))
  one.pass(80 * 365 * DAY)
  lasting(one, '192.0.2.9', 25 * MINUTE)
  t.ok(one.message('192.0.2.9') > 0)
  t.throws(() => readNumbering({}), 'what is no numbering is no new one')
})
