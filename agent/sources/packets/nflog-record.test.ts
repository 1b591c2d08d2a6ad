import fc from 'fast-check'
import t from 'tap'
import { lostBetween, NflogReading, NflogRecord, readNflog } from './nflog-record.ts'
import { attribute, be32, ip4, nflogMessage, tcp } from './test-packets.ts'

const record = new NflogRecord()
const packet = ip4(6, tcp(40000, 22))
const prefix = [...Buffer.from('DROP input: '), 0]
const full = nflogMessage(513, [
  ...attribute(1, [0x08, 0x00, 1, 0]),
  ...attribute(10, prefix),
  ...attribute(4, be32(2)),
  ...attribute(5, be32(0x80000003)),
  ...attribute(2, be32(0xffffffff)),
  ...attribute(15, [0, 1]),
  ...attribute(16, new Array(14).fill(9)),
  ...attribute(3, [0, 0, 0, 0, ...be32(1_790_000_000), 0, 0, 0, 0, ...be32(999_999)]),
  ...attribute(12, be32(0xfffffffe)),
  ...attribute(9, packet),
])
const bare = {
  group: 7,
  family: 2,
  sequence: -1,
  hook: -1,
  protocol: -1,
  mark: -1,
  input: -1,
  output: -1,
  time: -1,
  hardwareType: -1,
  packetStart: 0,
  packetEnd: 0,
  prefixStart: 0,
  prefixEnd: 0,
  linkStart: 0,
  linkEnd: 0,
}

t.test('reads all that the kernel says of a packet', async test => {
  const bytes = Uint8Array.from([1, 1, 1, 1, ...full])
  test.equal(readNflog(bytes, 4, bytes.length, record), NflogReading.packet)
  test.match(record, {
    next: bytes.length,
    group: 513,
    family: 2,
    sequence: 0xfffffffe,
    hook: 1,
    protocol: 0x0800,
    mark: 0xffffffff,
    input: 2,
    output: 0x80000003,
    time: 1_790_000_000_999,
    hardwareType: 1,
  })
  test.equal(Buffer.from(bytes.subarray(record.prefixStart, record.prefixEnd)).toString(), 'DROP input: ')
  test.same([...bytes.subarray(record.packetStart, record.packetEnd)], packet)
  test.equal(record.linkEnd - record.linkStart, 14)
})

t.test('what a message does not say is not left over from the one before', async test => {
  const bytes = Uint8Array.from(nflogMessage(7, []))
  test.equal(readNflog(Uint8Array.from(full), 0, full.length, record), NflogReading.packet)
  test.equal(readNflog(bytes, 0, bytes.length, record), NflogReading.packet)
  test.match(record, bare)
})

t.test('walks a buffer from message to message, over those that are no packets', async test => {
  const odd = nflogMessage(1, [5, 0, 9, 0, 0xaa]) // an attribute of one byte at the very end: 25 bytes, padded to 28
  const bytes = Uint8Array.from([...nflogMessage(1, [], 3), ...odd, 0, 0, 0, ...full, ...nflogMessage(0, [], 2)])
  const readings: number[] = []
  for (let at = 0; at < bytes.length; at = record.next) readings.push(readNflog(bytes, at, bytes.length, record))
  test.same(readings, [NflogReading.other, NflogReading.packet, NflogReading.packet, NflogReading.other])
})

t.test('a message with an impossible length ends the buffer', async test => {
  for (const length of [0, 15, full.length + 1, 0xffffffff]) {
    const bytes = Uint8Array.from(full)
    bytes.set(be32(length).reverse())
    test.equal(readNflog(bytes, 0, bytes.length, record), NflogReading.broken, String(length))
    test.equal(record.next, bytes.length)
  }
  test.equal(readNflog(Uint8Array.from(full), 0, 15, record), NflogReading.broken)
  test.equal(readNflog(Uint8Array.of(), 0, 0, record), NflogReading.broken)
})

t.test('an attribute with an impossible length ends the message, and what came before it counts', async test => {
  for (const length of [0, 3, 200, 65535]) {
    const bytes = Uint8Array.from(
      nflogMessage(7, [...attribute(12, be32(5)), length & 255, length >> 8, 9, 0, 1, 2, 3, 4, ...attribute(4, be32(1))]),
    )
    test.equal(readNflog(bytes, 0, bytes.length, record), NflogReading.packet)
    test.match(record, { ...bare, sequence: 5 })
  }
})

t.test('an attribute too short for its value is ignored', async test => {
  const bytes = Uint8Array.from(
    nflogMessage(
      7,
      [1, 2, 3, 4, 5, 12, 15].flatMap(type => attribute(type, [1])),
    ),
  )
  test.equal(readNflog(bytes, 0, bytes.length, record), NflogReading.packet)
  test.match(record, bare)
})

t.test('a time that cannot be is none', async test => {
  for (const time of [
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ...be32(1_000_000)],
  ]) {
    const bytes = Uint8Array.from(nflogMessage(7, attribute(3, time)))
    readNflog(bytes, 0, bytes.length, record)
    test.equal(record.time, -1)
  }
})

t.test('counts what a group lost', async test => {
  test.equal(lostBetween(-1, 100), 0, 'nothing is known before the first')
  test.equal(lostBetween(4, 5), 0)
  test.equal(lostBetween(4, 10), 5)
  test.equal(lostBetween(0xffffffff, 0), 0)
  test.equal(lostBetween(0xfffffffe, 3), 4)
  test.equal(lostBetween(1_000_000, 0), 0, 'a group that was bound anew')
  test.equal(lostBetween(5, -1), 0)
})

t.test('hostile bytes never throw, never point outside, and always lead on', async test => {
  const changed = fc.array(fc.tuple(fc.nat(full.length - 1), fc.nat(255)), { maxLength: 8 }).map(changes => {
    const bytes = Uint8Array.from([...full, ...full])
    for (const [at, value] of changes) bytes[at] = value
    return bytes
  })
  const inside = (start: number, end: number, from: number, to: number) =>
    (start === 0 && end === 0) || (from <= start && start <= end && end <= to)
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 300 })), fc.nat(3), (bytes, cut) => {
      const end = Math.max(0, bytes.length - cut)
      let steps = 0
      for (let at = 0; at < end; at = record.next) {
        const reading = readNflog(bytes, at, end, record)
        if (record.next <= at || record.next > end || ++steps > end) return false
        if (reading !== NflogReading.packet) continue
        const { next, packetStart, packetEnd, prefixStart, prefixEnd, linkStart, linkEnd } = record
        if (!inside(packetStart, packetEnd, at, next) || !inside(prefixStart, prefixEnd, at, next) || !inside(linkStart, linkEnd, at, next))
          return false
      }
      return true
    }),
    { numRuns: 20_000 },
  )
  test.pass()
})
