import t from 'tap'
import { Failure } from '../../errors.ts'
import { ethernet, ip4, tcp } from '../packets/test-packets.ts'
import { CaptureReader } from './pcap-file.ts'
import { blocks, START_MS } from './test-captures.ts'

const bytes = ethernet(0x0800, ip4(6, tcp(40000, 22)))
const little = blocks()
const big = blocks(true)

/** Of each packet: link type, length, and time since the start in ms. */
function read(file: readonly number[][], piece = 1 << 20): { packets: string[]; isWhole: boolean; room: number } {
  const all = Uint8Array.from(file.flat())
  const reader = new CaptureReader()
  const packets: string[] = []
  for (let at = 0; at < all.length; at += piece) {
    reader.push(all.subarray(at, at + piece))
    while (reader.next()) {
      const { linkType, start, end, time, isCut } = reader.packet
      packets.push(`${linkType} ${end - start} ${time < 0 ? '-' : time - START_MS}${isCut ? ' cut' : ''}`)
    }
  }
  return { packets, isWhole: reader.finish(), room: reader.bytes.length }
}

/** What is wrong with a file. */
function damageOf(file: readonly number[][]): string {
  try {
    read(file)
  } catch (error) {
    if (error instanceof Failure) return error.message
    throw error
  }
  return 'nothing'
}

t.test('reads sections of either byte order, each with its own interfaces', async t => {
  const file = [
    little.section(),
    little.interface(1),
    little.interface(239),
    little.packet({ bytes }),
    little.packet({ bytes: [1, 2, 3], original: 4 }, 1, (START_MS + 5) * 1000),
    big.section(),
    big.interface(101),
    big.packet({ bytes: bytes.slice(14) }, 0, (START_MS + 7) * 1000),
    big.oldPacket({ bytes }, 0, (START_MS + 8) * 1000),
    big.simple(bytes),
  ]
  for (const piece of [1, 11, 1000])
    t.match(
      read(file, piece),
      { packets: ['1 54 0', '239 3 5 cut', '101 40 7', '101 54 8', '101 54 -'], isWhole: true },
      `${piece} at a time`,
    )
})

t.test('reads times in the units and from the zero that the interface states', async t => {
  const { section, interface: described, option, n, packet } = little
  const units: [number[], number][] = [
    [[], START_MS * 1000],
    [option(9, [9]), START_MS * 1_000_000],
    [option(9, [3]), START_MS],
    [option(9, [0]), START_MS / 1000],
    [option(9, [0x80 | 10]), (START_MS / 1000) * 1024],
    [[...option(2, [...Buffer.from('eth0')]), ...option(9, [6]), ...option(14, n(1000, 8))], (START_MS - 1_000_000) * 1000],
    [option(14, [0x18, 0xfc, ...new Array<number>(6).fill(255)]), (START_MS + 1_000_000) * 1000],
    [[...option(0, []), ...option(9, [3])], START_MS * 1000],
  ]
  for (const [options, time] of units)
    t.same(read([section(), described(1, options), packet({ bytes }, 0, time)]).packets, ['1 54 0'], options.join(' '))
})

t.test('a simple packet is as long as its interface keeps', async t => {
  t.same(read([little.section(), little.interface(1, [], 20), little.simple(bytes.slice(0, 20), 54)]).packets, ['1 20 - cut'])
  t.same(read([little.section(), little.interface(1, [], 0), little.simple(bytes)]).packets, ['1 54 -'])
})

t.test('passes over what it does not know, however long, without keeping it', async t => {
  const secrets = little.block(10, new Array<number>(3_000_000).fill(7))
  const { packets, isWhole, room } = read([little.section(), secrets, little.interface(1), secrets, little.packet({ bytes })], 4096)
  t.match({ packets, isWhole }, { packets: ['1 54 0'], isWhole: true })
  t.ok(room <= 65_536, `${room} bytes`)
  for (const lost of [1, 4, 5, 1000]) {
    const { isWhole } = read([little.section(), secrets.slice(0, secrets.length - lost)], 4096)
    t.equal(isWhole, false, `and misses the last ${lost} bytes of it`)
  }
})

t.test('refuses blocks that lie, and names the place', async t => {
  const { section, interface: described, packet, block, n, simple } = little
  const start = [section(), described(1), packet({ bytes })]
  const place = start.flat().length
  const lies: [number[], RegExp][] = [
    [packet({ bytes }, 1), /a packet of interface 1, which was not described/],
    [packet({ bytes }, 0, 0, bytes.length + 4), /longer than its block/],
    [packet({ bytes }, 0, 0, 0xffff_ffff), /a packet of 4294967295 bytes/],
    [block(6, [], 13), /a block of 13 bytes/],
    [block(5, [], 8), /a block of 8 bytes/],
    [block(6, [1, 2, 3, 4]), /a packet block of 16 bytes/],
    [block(3, []), /a packet block of 12 bytes/],
    [block(1, [1, 2, 3, 4]), /an interface without link type/],
    [block(6, n(0), 0x7fff_fff0), /a packet of 2147483632 bytes/],
    [[...n(6), ...n(36), ...new Array<number>(24).fill(0), ...n(40)], /whose two lengths differ/],
    [[...n(5), ...n(20), ...new Array<number>(8).fill(0), ...n(24)], /whose two lengths differ/],
    [[...n(0x0a0d0d0a), ...n(28), ...n(0x1234_5678)], /without byte order/],
    [block(0x0a0d0d0a, n(0x1a2b3c4d)), /a section header of 16 bytes/],
  ]
  for (const [lie, says] of lies) {
    const file = [...start, lie, simple(bytes)]
    for (const piece of [1, 1000]) t.throws(() => read(file, piece), { code: 'capture-damaged', message: says }, `${says}, by ${piece}`)
    const message = damageOf(file)
    t.match(message, / after 1 packets: /)
    t.ok(Number(/^at byte (\d+) /.exec(message)?.[1]) >= place, message)
  }
  const many = new Array<number[]>(5000).fill(described(1))
  t.throws(() => read([section(), ...many]), { message: /more than 4096 interfaces/ })
  t.throws(() => read([section(), simple(bytes)]), { message: /interface 0, which was not described/ })
})
