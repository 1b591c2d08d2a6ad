import fc from 'fast-check'
import t from 'tap'
import { DESTINATION, EventRecord, Protocol, SOURCE } from '../../event.ts'
import { formatAddress } from '../../lib/address.ts'
import { PacketReading, readEthernet, readPacket, readRawIp } from './ip-header.ts'
import { ethernet, extension, fragmentHeader, ip4, ip6, tcp, udp } from './test-packets.ts'

const event = new EventRecord()
const { whole, short, fragment, broken, notIp } = PacketReading

function read(packet: readonly number[], reader = readRawIp, end = packet.length): PacketReading {
  event.reset()
  return reader(Uint8Array.from(packet), 0, end, event)
}

/** The event as text: source:port > destination:port protocol bytes. */
function told(): string {
  if (!event.hasSource || !event.hasDestination) return 'nothing'
  const source = formatAddress(event.words, SOURCE)
  const destination = formatAddress(event.words, DESTINATION)
  return `${source} ${event.sourcePort} > ${destination} ${event.destinationPort}, ${event.protocol}, ${event.bytes} bytes, ${event.packets}`
}

t.test('reads TCP, UDP and SCTP over IPv4 and IPv6', async test => {
  test.equal(read(ip4(Protocol.tcp, tcp(40000, 22))), whole)
  test.equal(told(), '192.0.2.1 40000 > 198.51.100.2 22, 6, 40 bytes, 1')
  test.equal(read(ip4(Protocol.udp, udp(53, 65535), { source: '203.0.113.255', destination: '10.0.0.1' })), whole)
  test.equal(told(), '203.0.113.255 53 > 10.0.0.1 65535, 17, 28 bytes, 1')
  test.equal(read(ip6(Protocol.tcp, tcp(1, 443))), whole)
  test.equal(told(), '2001:db8::1 1 > 2001:db8:0:1::2 443, 6, 60 bytes, 1')
  test.equal(read(ip6(Protocol.sctp, udp(2905, 2906))), whole)
  test.equal(told(), '2001:db8::1 2905 > 2001:db8:0:1::2 2906, 132, 48 bytes, 1')
})

t.test('a TCP packet without SYN is of a session that began before; where no flags are, nothing is said', async test => {
  for (const [flags, isLate] of [
    [0x02, false],
    [0x12, false],
    [0x10, true],
    [0x11, true],
    [0x04, true],
  ] as const) {
    const segment = tcp(443, 51514).with(13, flags)
    for (const packet of [ip4(Protocol.tcp, segment), ip6(Protocol.tcp, segment)]) {
      read(packet)
      test.equal(event.isLate, isLate, `flags ${flags}`)
    }
  }
  read(ip4(Protocol.tcp, tcp(443, 51514).with(13, 0x10).slice(0, 13)))
  test.notOk(event.isLate)
  read(ip4(Protocol.udp, tcp(443, 51514).with(13, 0x10)))
  test.notOk(event.isLate)
})

t.test('a protocol without ports has none, whatever its first bytes are', async test => {
  for (const protocol of [Protocol.icmp, Protocol.gre, Protocol.esp, Protocol.ah, Protocol.igmp, 4, 41, 255]) {
    test.equal(read(ip4(protocol, [8, 0, 1, 2, 3, 4, 5, 6])), whole)
    test.equal(told(), `192.0.2.1 -1 > 198.51.100.2 -1, ${protocol}, 28 bytes, 1`)
  }
  test.equal(read(ip6(Protocol.icmp6, [128, 0, 1, 2])), whole)
  test.equal(told(), '2001:db8::1 -1 > 2001:db8:0:1::2 -1, 58, 44 bytes, 1')
  test.equal(read(ip6(59, [])), whole)
  test.equal(told(), '2001:db8::1 -1 > 2001:db8:0:1::2 -1, 59, 40 bytes, 1')
})

t.test('finds the ports after IPv4 options, and after IPv6 extension headers', async test => {
  test.equal(read(ip4(Protocol.tcp, tcp(7, 8), { options: new Array(40).fill(1) })), whole)
  test.equal(told(), '192.0.2.1 7 > 198.51.100.2 8, 6, 80 bytes, 1')
  const extensions = [...extension(60), ...extension(43, 1), ...extension(44), ...fragmentHeader(Protocol.udp, 0)]
  test.equal(read(ip6(0, [...extensions, ...udp(500, 4500)])), whole)
  test.equal(told(), `2001:db8::1 500 > 2001:db8:0:1::2 4500, 17, ${40 + extensions.length + 8} bytes, 1`)
})

t.test('takes ports from the first fragment only', async test => {
  test.equal(read(ip4(Protocol.udp, udp(5, 6), { fragment: 0x2000 })), whole)
  test.equal(event.destinationPort, 6)
  for (const offset of [1, 0x2001, 0x1fff]) {
    test.equal(read(ip4(Protocol.udp, udp(5, 6), { fragment: offset })), fragment)
    test.equal(told(), '192.0.2.1 -1 > 198.51.100.2 -1, 17, 28 bytes, 1')
  }
  test.equal(read(ip6(44, [...fragmentHeader(Protocol.tcp, 185), ...tcp(5, 6)])), fragment)
  test.equal(told(), '2001:db8::1 -1 > 2001:db8:0:1::2 -1, 6, 68 bytes, 1')
  // the part begins with an extension header in its first fragment: its own bytes there are not what the number says
  test.equal(read(ip6(44, [...fragmentHeader(60, 185), ...tcp(5, 6)])), fragment)
  test.equal(event.protocol, -1)
})

t.test('reads Ethernet with and without VLAN tags, and knows what is not IP', async test => {
  const packet = ip4(Protocol.tcp, tcp(9, 10))
  for (const tags of [[], [0x8100], [0x88a8, 0x8100], [0x9100, 0x8100, 0x8100, 0x8100]]) {
    test.equal(read(ethernet(0x0800, packet, tags), readEthernet), whole)
    test.equal(told(), '192.0.2.1 9 > 198.51.100.2 10, 6, 40 bytes, 1')
  }
  test.equal(read(ethernet(0x86dd, ip6(Protocol.udp, udp(1, 2))), readEthernet), whole)
  test.equal(read(ethernet(0x0800, packet, new Array(5).fill(0x8100)), readEthernet), notIp)
  test.equal(read(ethernet(0x0806, packet), readEthernet), notIp)
  test.equal(read(ethernet(46, packet), readEthernet), notIp)
  test.equal(told(), 'nothing')
})

t.test('a packet that is not what its type or version says is refused', async test => {
  const four = Uint8Array.from(ip4(Protocol.tcp, tcp(1, 2)))
  event.reset()
  test.equal(readPacket(0x86dd, four, 0, four.length, event), broken)
  test.equal(readPacket(0x0800, Uint8Array.from(ip6(6, tcp(1, 2))), 0, 60, event), broken)
  test.equal(read([0x50, ...new Array(60).fill(0)]), notIp)
  for (const first of [0x40, 0x44]) test.equal(read([first, ...ip4(6, tcp(1, 2)).slice(1)]), broken, 'a header shorter than a header')
  test.equal(read(ip4(6, tcp(1, 2), { length: 19 })), broken, 'a packet shorter than its header')
  test.equal(read([]), broken)
  test.equal(told(), 'nothing')
})

t.test('a copy that was cut short keeps what it has', async test => {
  const packet = ip4(Protocol.tcp, tcp(40000, 22), { options: [1, 1, 1, 1], length: 1500 })
  for (let end = 0; end <= packet.length; end++) {
    const reading = read(packet, readRawIp, end)
    test.equal(reading, end < 20 ? broken : end < 28 ? short : whole, `${end} bytes`)
    if (end >= 20) test.equal(event.bytes, 1500)
    if (end < 28) test.equal(event.sourcePort, -1)
  }
  const six = ip6(0, [...extension(60), ...extension(Protocol.udp), ...udp(1, 2)])
  for (let end = 0; end <= six.length; end++)
    test.equal(read(six, readRawIp, end), end < 40 ? broken : end < 60 ? short : whole, `${end} bytes`)
})

t.test('ports after the end that the packet states are not its ports', async test => {
  test.equal(read(ip4(Protocol.tcp, tcp(1, 2), { length: 22 })), short)
  test.equal(event.destinationPort, -1)
  test.equal(read(ip6(Protocol.tcp, tcp(1, 2), { length: 3 })), short)
  test.equal(event.destinationPort, -1)
})

t.test('a length that was left to the hardware is not made up', async test => {
  test.equal(read(ip4(Protocol.tcp, tcp(1, 2), { length: 0 })), whole)
  test.equal(event.bytes, -1)
  test.equal(read(ip6(Protocol.tcp, tcp(1, 2), { length: 0 })), whole)
  test.equal(event.bytes, -1)
})

t.test('extension headers without end end the reading', async test => {
  const chain = Array.from({ length: 100 }, () => extension(60)).flat()
  test.equal(read(ip6(60, [...chain, ...tcp(1, 2)])), short)
  test.equal(told(), `2001:db8::1 -1 > 2001:db8:0:1::2 -1, -1, ${40 + chain.length + 20} bytes, 1`)
})

const readers = { readRawIp, readEthernet, readArp: readPacket.bind(null, 0x0806), readIp6: readPacket.bind(null, 0x86dd) }

t.test('hostile bytes never throw, and what lies around the packet never matters', async test => {
  const seed = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.constantFrom(ip4(6, tcp(1, 2)), ip6(0, [...extension(44), ...fragmentHeader(60, 0), ...extension(17), ...udp(3, 4)])).chain(packet =>
      fc
        .tuple(fc.array(fc.tuple(fc.nat(packet.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(packet.length))
        .map(([changes, end]) => {
          const bytes = Uint8Array.from(packet)
          for (const [at, value] of changes) bytes[at] = value
          return bytes.subarray(0, end)
        }),
    ),
  )
  const outcome = (reader: typeof readRawIp, packet: Uint8Array, filling: number): string => {
    const around = new Uint8Array(packet.length + 200).fill(filling)
    around.set(packet, 100)
    event.reset()
    const reading = reader(around, 100, 100 + packet.length, event)
    const { words, sourcePort, destinationPort, protocol, bytes, packets } = event
    return [reading, ...words, sourcePort, destinationPort, protocol, bytes, packets].join()
  }
  for (const [name, reader] of Object.entries(readers)) {
    fc.assert(
      fc.property(seed, packet => outcome(reader, packet, 0) === outcome(reader, packet, 0xff)),
      { numRuns: 3000 },
    )
    test.pass(name)
  }
  test.equal(read(ip4(6, tcp(1, 2)), readRawIp, 1e9), whole, 'an end beyond the array is the end of the array')
})

t.test('any ends and ports come out as they went in', async test => {
  const address4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map(parts => parts.join('.'))
  const port = fc.nat(65535)
  fc.assert(
    fc.property(address4, address4, port, port, fc.nat(10), (source, destination, from, to, options) => {
      read(ip4(17, udp(from, to), { source, destination, options: new Array(4 * options).fill(1) }))
      return told() === `${source} ${from} > ${destination} ${to}, 17, ${28 + 4 * options} bytes, 1`
    }),
  )
  test.pass()
})
