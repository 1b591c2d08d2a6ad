// What a packet's headers say, as numbers of an event: Ethernet with VLAN tags or none (IEEE 802.1Q), IPv4 (RFC 791), IPv6
// with its extension headers (RFC 8200), and the ports of TCP, UDP, SCTP, DCCP and UDP-Lite, which all have them in their
// first four bytes. ICMP, GRE, ESP and the rest are a protocol number. Of a tunnel the outer packet is what counts.
// Nothing is allocated. Packets that are cut short or hostile never throw and are never read outside bytes[start, end).
import { DESTINATION, type EventRecord, Protocol, SOURCE } from '../../event.ts'

/**
 * What became of a packet; from `fragment` on there are addresses in the event. `fragment`: not the first one, so it has
 * no ports. `short`: ports or protocol lay after the bytes that were copied, or after more extension headers than anyone sends.
 */
export const PacketReading = { broken: 0, notIp: 1, fragment: 2, short: 3, whole: 4 } as const
export type PacketReading = (typeof PacketReading)[keyof typeof PacketReading]

const EtherType = { ip4: 0x0800, ip6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8, oldServiceVlan: 0x9100 } as const

const ETHERNET_HEADER = 14
const VLAN_TAGS_MAX = 4
const IP4_HEADER = 20
const IP6_HEADER = 40
/** RFC 8200 names six that may follow each other; some may come twice. */
const EXTENSIONS_MAX = 8
const DCCP = 33
const NO_NEXT_HEADER = 59
const UDP_LITE = 136

const Extension = { hopByHop: 0, routing: 43, fragment: 44, destination: 60, hip: 139, shim6: 140 } as const

const big16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]
const big32 = (bytes: Uint8Array, at: number): number => ((big16(bytes, at) << 16) | big16(bytes, at + 2)) >>> 0

/** A frame with its Ethernet header, from its destination address on. `event` comes reset. */
export function readEthernet(bytes: Uint8Array, start: number, end: number, event: EventRecord): PacketReading {
  if (end > bytes.length) end = bytes.length
  if (end - start < ETHERNET_HEADER) return PacketReading.broken
  return readPacket(big16(bytes, start + ETHERNET_HEADER - 2), bytes, start + ETHERNET_HEADER, end, event)
}

/** What stands after an EtherType. `event` comes reset. */
export function readPacket(etherType: number, bytes: Uint8Array, start: number, end: number, event: EventRecord): PacketReading {
  if (end > bytes.length) end = bytes.length
  for (let tags = 0; tags < VLAN_TAGS_MAX && isVlan(etherType); tags++) {
    if (end - start < 4) return PacketReading.broken
    etherType = big16(bytes, start + 2)
    start += 4
  }
  if (etherType === EtherType.ip4) return readIp4(bytes, start, end, event)
  if (etherType === EtherType.ip6) return readIp6(bytes, start, end, event)
  return PacketReading.notIp
}

const isVlan = (type: number): boolean => type === EtherType.vlan || type === EtherType.serviceVlan || type === EtherType.oldServiceVlan

/** A packet without any link-layer header: its first four bits say which IP it is. `event` comes reset. */
export function readRawIp(bytes: Uint8Array, start: number, end: number, event: EventRecord): PacketReading {
  if (end > bytes.length) end = bytes.length
  if (start >= end) return PacketReading.broken
  const version = bytes[start] >> 4
  if (version === 4) return readIp4(bytes, start, end, event)
  return version === 6 ? readIp6(bytes, start, end, event) : PacketReading.notIp
}

function readIp4(bytes: Uint8Array, start: number, end: number, event: EventRecord): PacketReading {
  if (end - start < IP4_HEADER || bytes[start] >> 4 !== 4) return PacketReading.broken
  const header = (bytes[start] & 15) * 4
  // 0: segmentation is left to the hardware, and the packet longer than the field can say
  const length = big16(bytes, start + 2)
  if (header < IP4_HEADER || (length !== 0 && length < header)) return PacketReading.broken
  const { words } = event
  words[SOURCE] = words[SOURCE + 1] = words[DESTINATION] = words[DESTINATION + 1] = 0
  words[SOURCE + 2] = words[DESTINATION + 2] = 0xffff
  words[SOURCE + 3] = big32(bytes, start + 12)
  words[DESTINATION + 3] = big32(bytes, start + 16)
  describe(event, length === 0 ? -1 : length)
  const limit = length !== 0 && start + length < end ? start + length : end
  const protocol = bytes[start + 9]
  event.protocol = protocol
  if ((big16(bytes, start + 6) & 0x1fff) !== 0) return PacketReading.fragment
  return readPorts(protocol, bytes, start + header, limit, event)
}

function readIp6(bytes: Uint8Array, start: number, end: number, event: EventRecord): PacketReading {
  if (end - start < IP6_HEADER || bytes[start] >> 4 !== 6) return PacketReading.broken
  const { words } = event
  for (let i = 0; i < 4; i++) {
    words[SOURCE + i] = big32(bytes, start + 8 + 4 * i)
    words[DESTINATION + i] = big32(bytes, start + 24 + 4 * i)
  }
  // 0: a jumbogram (RFC 2675), or one that is yet to be segmented
  const payload = big16(bytes, start + 4)
  describe(event, payload === 0 && bytes[start + 6] !== NO_NEXT_HEADER ? -1 : IP6_HEADER + payload)
  const limit = payload !== 0 && start + IP6_HEADER + payload < end ? start + IP6_HEADER + payload : end
  let protocol = bytes[start + 6]
  let at = start + IP6_HEADER
  for (let extensions = 0; isExtension(protocol); extensions++) {
    if (extensions === EXTENSIONS_MAX || limit - at < 8) return PacketReading.short
    const kind = protocol
    protocol = bytes[at]
    if (kind === Extension.fragment) {
      if (big16(bytes, at + 2) >> 3 !== 0) {
        // what comes first in the fragmented part may be one more extension, which only the first fragment shows
        if (!isExtension(protocol)) event.protocol = protocol
        return PacketReading.fragment
      }
      at += 8
    } else at += (bytes[at + 1] + 1) * 8
  }
  event.protocol = protocol
  return readPorts(protocol, bytes, at, limit, event)
}

/** RFC 8200 section 4, and those of the IANA registry that are built alike. AH, ESP and Mobility count as protocols. */
const isExtension = (protocol: number): boolean =>
  protocol === Extension.hopByHop ||
  protocol === Extension.routing ||
  protocol === Extension.fragment ||
  protocol === Extension.destination ||
  protocol === Extension.hip ||
  protocol === Extension.shim6

function describe(event: EventRecord, length: number): void {
  event.hasSource = event.hasDestination = true
  event.bytes = length
  event.packets = 1
}

/** RFC 9293 section 3.1 */
const TCP_FLAGS = 13
const TCP_SYN = 2

function readPorts(protocol: number, bytes: Uint8Array, at: number, end: number, event: EventRecord): PacketReading {
  const hasPorts =
    protocol === Protocol.tcp || protocol === Protocol.udp || protocol === Protocol.sctp || protocol === DCCP || protocol === UDP_LITE
  if (!hasPorts) return PacketReading.whole
  if (end - at < 4) return PacketReading.short
  event.sourcePort = big16(bytes, at)
  event.destinationPort = big16(bytes, at + 2)
  if (protocol === Protocol.tcp && end - at > TCP_FLAGS) event.isLate = (bytes[at + TCP_FLAGS] & TCP_SYN) === 0
  return PacketReading.whole
}
