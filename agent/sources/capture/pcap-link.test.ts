import t from 'tap'
import { EventRecord } from '../../event.ts'
import { formatAddress } from '../../lib/address.ts'
import { PacketReading } from '../packets/ip-header.ts'
import { NflogRecord } from '../packets/nflog-record.ts'
import { ethernet, ip4, ip6, tcp, udp } from '../packets/test-packets.ts'
import { LinkType, readLink } from './pcap-link.ts'
import { CapturedPacket } from './pcap-packet.ts'
import { logged } from './test-captures.ts'

const readingNames = Object.keys(PacketReading)
const zeros = (length: number) => new Array<number>(length).fill(0)

/** What a packet comes to, as text; nothing may be read from what stands around it. */
function read(linkType: number, bytes: readonly number[], more: { bigEndian?: boolean; isCut?: boolean } = {}): string {
  const around = zeros(3).fill(0x45)
  const packet = Object.assign(new CapturedPacket(), { linkType, start: 3, end: 3 + bytes.length, ...more })
  const event = new EventRecord()
  const record = new NflogRecord()
  const all = Uint8Array.from([...around, ...bytes, ...around])
  const reading = readLink(all, packet, event, record)
  const prefix = Buffer.from(all.subarray(record.prefixStart, record.prefixEnd)).toString()
  const ends = `${formatAddress(event.words, 0)} ${event.sourcePort} ${formatAddress(event.words, 4)} ${event.destinationPort}`
  return `${readingNames[reading]}${reading > PacketReading.notIp ? ` ${ends}` : ''}${prefix === '' ? '' : ` ${prefix}`}`
}

const four = ip4(6, tcp(40000, 22))
const six = ip6(17, udp(40000, 53))
const wholeFour = 'whole 192.0.2.1 40000 198.51.100.2 22'
const wholeSix = 'whole 2001:db8::1 40000 2001:db8:0:1::2 53'

const cooked = (protocol: number, packet: readonly number[]) => [...zeros(14), protocol >> 8, protocol & 255, ...packet]
const cooked2 = (protocol: number, packet: readonly number[]) => [protocol >> 8, protocol & 255, ...zeros(18), ...packet]

t.test('finds IP after every link type it knows', async t => {
  const { ethernet: wire, bsdLoopback, openBsdLoopback, linuxCooked, linuxCooked2, ip4: only4, ip6: only6, ...raws } = LinkType
  const { nflog: _, ...raw } = raws
  const found: [number, number[], string][] = [
    [wire, ethernet(0x0800, four), wholeFour],
    [wire, ethernet(0x86dd, six), wholeSix],
    [wire, ethernet(0x0800, four, [0x88a8, 0x8100]), wholeFour],
    [wire, ethernet(0x0806, four), 'notIp'],
    [bsdLoopback, [2, 0, 0, 0, ...four], wholeFour],
    [bsdLoopback, [0, 0, 0, 30, ...six], wholeSix],
    [openBsdLoopback, [0, 0, 0, 2, ...four], wholeFour],
    [linuxCooked, cooked(0x0800, four), wholeFour],
    [linuxCooked, cooked(0x86dd, six), wholeSix],
    [linuxCooked, cooked(0x0806, four), 'notIp'],
    [linuxCooked2, cooked2(0x0800, four), wholeFour],
    [linuxCooked2, cooked2(0x86dd, six), wholeSix],
    [only4, four, wholeFour],
    [only6, six, wholeSix],
    ...Object.values(raw).flatMap((type): [number, number[], string][] => [
      [type, four, wholeFour],
      [type, six, wholeSix],
    ]),
    [127, four, 'notIp'],
  ]
  for (const [type, bytes, expected] of found) t.equal(read(type, bytes), expected, `link type ${type}`)
})

t.test('reads nothing after the end of a packet, wherever it ends', async t => {
  const samples: [number, number[], number][] = [
    [LinkType.ethernet, ethernet(0x0800, four), 14],
    [LinkType.bsdLoopback, [2, 0, 0, 0, ...four], 4],
    [LinkType.linuxCooked, cooked(0x0800, four), 16],
    [LinkType.linuxCooked2, cooked2(0x0800, four), 20],
    [LinkType.raw, four, 0],
  ]
  for (const [type, bytes, header] of samples)
    for (let length = 0; length < bytes.length; length++) {
      const at = length - header
      const expected = at < 20 ? /^broken$/ : at < 24 ? /^short 192\.0\.2\.1 -1 198\.51\.100\.2 -1$/ : /^whole/
      t.match(read(type, bytes.slice(0, length)), expected, `link type ${type}, ${length} bytes`)
    }
})

t.test('reads packets of the packet log of either byte order, with the prefix of their rule', async t => {
  for (const bigEndian of [false, true]) {
    t.equal(read(LinkType.nflog, logged(bigEndian, 0x0800, four), { bigEndian }), `${wholeFour} DROP `)
    t.equal(read(LinkType.nflog, logged(bigEndian, 0x86dd, six), { bigEndian }), `${wholeSix} DROP `)
    t.equal(read(LinkType.nflog, logged(bigEndian, 0, four), { bigEndian }), `${wholeFour} DROP `, 'without packet header')
    t.equal(read(LinkType.nflog, logged(bigEndian, 0x0806, four), { bigEndian }), 'notIp DROP ')
    for (let length = 0; length < 4; length++) t.equal(read(LinkType.nflog, zeros(length), { bigEndian }), 'broken')
  }
})

t.test('a logged packet that the capture cut is read as far as it is there; a length that lies is not', async t => {
  for (const bigEndian of [false, true]) {
    const bytes = logged(bigEndian, 0x0800, four)
    const without = (lost: number) => bytes.slice(0, bytes.length - lost)
    t.equal(read(LinkType.nflog, without(10), { bigEndian, isCut: true }), `${wholeFour} DROP `)
    t.equal(read(LinkType.nflog, without(18), { bigEndian, isCut: true }), 'short 192.0.2.1 -1 198.51.100.2 -1 DROP ')
    t.equal(read(LinkType.nflog, without(10), { bigEndian }), 'broken DROP ', 'not cut, so it lies')
    t.equal(read(LinkType.nflog, logged(bigEndian, 0x0800, four, 0xffff), { bigEndian }), 'broken DROP ')
    t.equal(read(LinkType.nflog, logged(bigEndian, 0x0800, four, 0), { bigEndian, isCut: true }), 'broken DROP ')
  }
})
