// What stands in front of IP in a captured packet, by its link type (https://www.tcpdump.org/linktypes.html).
import type { EventRecord } from '../../event.ts'
import { PacketReading, readEthernet, readPacket, readRawIp } from '../packets/ip-header.ts'
import { type NflogRecord, readNflogBody } from '../packets/nflog-record.ts'
import { type CapturedPacket, read16 } from './pcap-packet.ts'

export const LinkType = {
  bsdLoopback: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  openBsdLoopback: 108,
  linuxCooked: 113,
  ip4: 228,
  ip6: 229,
  nflog: 239,
  linuxCooked2: 276,
} as const

const known: ReadonlySet<number> = new Set(Object.values(LinkType))

export const isKnownLink = (linkType: number): boolean => known.has(linkType)

/** In front of the packet: its address family. */
const LOOPBACK_HEADER = 4
const COOKED_HEADER = 16
const COOKED2_HEADER = 20

/**
 * Reads a packet into `event`, which comes reset; of an NFLOG packet, the rule's words are in `record`. A packet of a link
 * type that is not known is `notIp`. May change the packet's bytes.
 */
export function readLink(bytes: Uint8Array, packet: CapturedPacket, event: EventRecord, record: NflogRecord): PacketReading {
  const { start, end } = packet
  switch (packet.linkType) {
    case LinkType.ethernet:
      return readEthernet(bytes, start, end, event)
    case LinkType.raw:
    case LinkType.ip4:
    case LinkType.ip6:
    case LinkType.rawBsd:
    case LinkType.rawOpenBsd:
      return readRawIp(bytes, start, end, event)
    case LinkType.bsdLoopback:
    case LinkType.openBsdLoopback:
      return readRawIp(bytes, start + LOOPBACK_HEADER, end, event)
    case LinkType.linuxCooked:
      if (end - start < COOKED_HEADER) return PacketReading.broken
      return readPacket(read16(bytes, start + COOKED_HEADER - 2, true), bytes, start + COOKED_HEADER, end, event)
    case LinkType.linuxCooked2:
      if (end - start < COOKED2_HEADER) return PacketReading.broken
      return readPacket(read16(bytes, start, true), bytes, start + COOKED2_HEADER, end, event)
    case LinkType.nflog:
      return readLogged(bytes, packet, event, record)
    default:
      return PacketReading.notIp
  }
}

function readLogged(bytes: Uint8Array, packet: CapturedPacket, event: EventRecord, record: NflogRecord): PacketReading {
  const { start, end } = packet
  if (packet.bigEndian || packet.isCut) repairAttributes(bytes, packet)
  if (!readNflogBody(bytes, start, end, record)) return PacketReading.broken
  const { protocol, packetStart, packetEnd } = record
  return protocol <= 0 ? readRawIp(bytes, packetStart, packetEnd, event) : readPacket(protocol, bytes, packetStart, packetEnd, event)
}

const ATTRIBUTE_HEADER = 4

/**
 * Makes attributes what the kernel of this machine would have written: lengths and types little-endian, which are in the
 * byte order of the machine that captured, and the last one as long as its bytes, if the capture cut it.
 */
function repairAttributes(bytes: Uint8Array, { start, end, bigEndian, isCut }: CapturedPacket): void {
  for (let at = start + ATTRIBUTE_HEADER; end - at >= ATTRIBUTE_HEADER; ) {
    let length = read16(bytes, at, bigEndian)
    const next = at + ((length + 3) & ~3)
    if (isCut && length > end - at) length = end - at
    const type = read16(bytes, at + 2, bigEndian)
    bytes[at] = length & 255
    bytes[at + 1] = length >> 8
    bytes[at + 2] = type & 255
    bytes[at + 3] = type >> 8
    if (length < ATTRIBUTE_HEADER) return
    at = next
  }
}
