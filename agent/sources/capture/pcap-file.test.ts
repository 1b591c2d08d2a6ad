import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Failure } from '../../errors.ts'
import { ethernet, ip4, tcp, udp } from '../packets/test-packets.ts'
import { CaptureReader } from './pcap-file.ts'
import { CAPTURED_MAX_BYTES } from './pcap-packet.ts'
import { blocks, classic, START_MS } from './test-captures.ts'

/** What comes out of a file that is pushed in pieces of the sizes given: a line a packet. */
function read(file: Uint8Array, piece = file.length): { lines: string[]; isWhole: boolean; reader: CaptureReader } {
  const reader = new CaptureReader()
  const lines: string[] = []
  for (let at = 0; at < file.length; at += piece) {
    reader.push(file.subarray(at, at + piece))
    while (reader.next()) {
      const { number, start, end, isCut, time, linkType, bigEndian } = reader.packet
      const text = Buffer.from(reader.bytes.subarray(start, end)).toString('hex')
      lines.push(`${number} ${linkType} ${bigEndian ? 'big' : 'little'} ${time < 0 ? '-' : time - START_MS}${isCut ? ' cut' : ''} ${text}`)
    }
  }
  return { lines, isWhole: reader.finish(), reader }
}

const packets = [
  { bytes: ethernet(0x0800, ip4(6, tcp(40000, 22))), time: START_MS },
  { bytes: [], time: START_MS + 1, original: 60 },
  { bytes: ethernet(0x0800, ip4(17, udp(53, 53))), time: START_MS + 2999 },
]
const hex = (bytes: readonly number[]) => Buffer.from(bytes).toString('hex')
const linesOf = (order: string) => [
  `1 1 ${order} 0 ${hex(packets[0].bytes)}`,
  `2 1 ${order} 1 cut `,
  `3 1 ${order} 2999 ${hex(packets[2].bytes)}`,
]

t.test('reads classic files of either byte order, in micro- and nanoseconds, in pieces of any size', async t => {
  for (const bigEndian of [false, true])
    for (const kind of [{}, { nano: true }, { modified: true }]) {
      const file = classic(1, packets, { bigEndian, ...kind })
      for (const piece of [1, 7, 64, file.length]) {
        const { lines, isWhole } = read(file, piece)
        t.same([lines, isWhole], [linesOf(bigEndian ? 'big' : 'little'), true], JSON.stringify({ bigEndian, ...kind, piece }))
      }
    }
})

t.test('says that a file ends in the middle of a record, wherever that is', async t => {
  const file = classic(1, packets)
  const ends = new Set([24, 24 + 16 + packets[0].bytes.length, 24 + 32 + packets[0].bytes.length, file.length])
  for (let length = 24; length <= file.length; length++)
    t.equal(read(file.subarray(0, length)).isWhole, ends.has(length), `${length} bytes`)
})

t.test('refuses what is no capture, and says what it is instead', async t => {
  const broken: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /is empty/],
    [Buffer.from('abc'), /ends within its header/],
    [Buffer.from('<4>Nov 20 12:00:00 gw kernel: text\n'), /unknown magic number/],
    [classic(1, []).subarray(0, 23), /ends within its header/],
    [classic(1, [], { version: [2, 2] }), /version 2\.2 is not supported/],
    [classic(1, [], { version: [3, 4] }), /version 3\.4/],
    [classic(127, packets), /link type 127 is not supported/],
  ]
  for (const [file, says] of broken)
    for (const piece of [1, 1000]) t.throws(() => read(file, piece), { code: 'capture-unreadable', message: says }, String(says))
})

t.test('believes no record that is longer than a packet can be, and names the place', async t => {
  for (const length of [CAPTURED_MAX_BYTES + 1, 0x7fff_ffff, 0xffff_ffff]) {
    const file = Buffer.from(classic(1, packets))
    file.writeUInt32LE(length, file.length - packets[2].bytes.length - 8)
    const place = file.length - packets[2].bytes.length - 16
    const says = new RegExp(`^at byte ${place} of the capture, after 2 packets: a packet of ${length} bytes`)
    for (const piece of [1, 50, 1000]) t.throws(() => read(file, piece), { code: 'capture-damaged', message: says }, String(says))
  }
  const longest = { bytes: new Array<number>(CAPTURED_MAX_BYTES).fill(7) }
  t.equal(read(classic(1, [longest]), 10_000).lines.length, 1, 'the longest is read')
})

t.test('takes a time that is none for no time', async t => {
  const file = Buffer.from(classic(1, packets))
  file.writeUInt32LE(0xffff_ffff, 24)
  t.match(read(file).lines[0], /^1 1 little 2504967295000 /, 'the year 2106 is one')
  const { section, interface: described, packet } = blocks()
  const times = [0xffff_ffff * 2 ** 32, Number.MAX_SAFE_INTEGER * 1000]
  const ng = Uint8Array.from([section(), described(1), ...times.map(time => packet(packets[0], 0, time))].flat())
  t.same(
    read(ng).lines.map(line => line.split(' ')[3]),
    ['-', '-'],
  )
})

t.test('keeps one record and one piece in memory, however long the file is', async t => {
  const reader = new CaptureReader()
  const file = classic(1, packets)
  reader.push(file.subarray(0, 24))
  const records = Buffer.concat(new Array<Uint8Array>(500).fill(file.subarray(24)))
  for (let i = 0; i < 200; i++) {
    reader.push(records.subarray(0, records.length - 20))
    while (reader.next());
    reader.push(records.subarray(records.length - 20))
    while (reader.next());
  }
  t.equal(reader.packet.number, 200 * 500 * packets.length)
  t.ok(reader.bytes.length <= Math.max(65_536, records.length + 300), `${reader.bytes.length} bytes for pieces of ${records.length}`)
})

t.test('hostile files end with a Failure or are read: nothing else is thrown, nothing is read outside, nothing hangs', async t => {
  const { section, interface: described, packet, simple, oldPacket, block } = blocks()
  const big = blocks(true)
  const seeds = [
    classic(1, packets),
    classic(239, packets, { bigEndian: true, nano: true }),
    Uint8Array.from(
      [section(), described(1), packet(packets[0]), simple(packets[2].bytes), oldPacket(packets[0]), block(5, [1, 2])].flat(),
    ),
    Uint8Array.from([big.section(), big.interface(1), big.packet(packets[0]), big.packet(packets[2])].flat()),
  ]
  const value = fc.oneof(fc.constantFrom(0, 1, 4, 12, 0x7f, 0x80, 0xff), fc.nat(255))
  const changes = fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 12 })
  const judge = (seed: number, edits: [number, number][], length: number, piece: number) => {
    const file = Buffer.from(seeds[seed])
    for (const [at, put] of edits) file[at % file.length] = put
    const reader = new CaptureReader()
    try {
      for (let at = 0; at < length % (file.length + 1); at += piece) {
        reader.push(file.subarray(at, at + piece))
        while (reader.next()) {
          const { start, end, time } = reader.packet
          assert.ok(start >= 0 && start <= end && end <= reader.bytes.length && end - start <= CAPTURED_MAX_BYTES)
          assert.ok(time === -1 || (Number.isInteger(time) && new Date(time).toISOString().length === 24))
        }
      }
      reader.finish()
    } catch (error) {
      assert.ok(error instanceof Failure, String(error))
    }
    assert.ok(reader.packet.number <= file.length / 16)
  }
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.nat(seeds.length - 1), changes, fc.nat(), fc.integer({ min: 1, max: 300 }), judge), { numRuns: 3000 }),
  )
})
