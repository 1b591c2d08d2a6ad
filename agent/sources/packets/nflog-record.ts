// One packet of the kernel's packet log: where its bytes are, and what the kernel knew about it
// (linux/netfilter/nfnetlink_log.h, net/netfilter/nfnetlink_log.c). Reads numbers and offsets into one reused record;
// bytes that are cut short or forged never throw and are never followed out of their message.
// Netlink's own fields are in the machine's byte order: little-endian, as on every machine the agent runs on. What the
// kernel's log puts into attributes is in network order.

/** What a message is. `other`: DONE, an answer, another subsystem. `broken`: impossible length, nothing after it can be found. */
export const NflogReading = { broken: 0, other: 1, packet: 2 } as const
export type NflogReading = (typeof NflogReading)[keyof typeof NflogReading]

/** -1 in a number says that the kernel did not state it; equal offsets, that there are no such bytes. */
export class NflogRecord {
  /** Where the next message begins; where the bytes end if there is none. */
  next = 0
  group = 0
  /** Protocol family of the hook: AF_INET 2, AF_BRIDGE 7, AF_INET6 10, NFPROTO_NETDEV 5. */
  family = 0
  /** Counts the packets of the group, modulo 2^32. */
  sequence = -1
  hook = -1
  /** EtherType of the packet: 0x0800, 0x86dd, ... */
  protocol = -1
  mark = -1
  /** Numbers of interfaces. */
  input = -1
  output = -1
  /** When the packet came in, ms since 1970. */
  time = -1
  /** ARPHRD_ number of the input interface. */
  hardwareType = -1
  packetStart = 0
  packetEnd = 0
  /** The rule's prefix without its terminating zero. */
  prefixStart = 0
  prefixEnd = 0
  /** Link-layer header, in front of the packet on the wire. */
  linkStart = 0
  linkEnd = 0
}

const NETLINK_HEADER = 16
const FAMILY_HEADER = 4
const ATTRIBUTE_HEADER = 4
/** NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET */
const PACKET_TYPE = 4 << 8
/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of the type. */
const TYPE_MASK = 0x3fff

const Attribute = {
  header: 1,
  mark: 2,
  timestamp: 3,
  input: 4,
  output: 5,
  payload: 9,
  prefix: 10,
  sequence: 12,
  hardwareType: 15,
  hardwareHeader: 16,
} as const

const native16 = (bytes: Uint8Array, at: number): number => bytes[at] | (bytes[at + 1] << 8)
const native32 = (bytes: Uint8Array, at: number): number => (native16(bytes, at) | (native16(bytes, at + 2) << 16)) >>> 0
const big16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]
const big32 = (bytes: Uint8Array, at: number): number => ((big16(bytes, at) << 16) | big16(bytes, at + 2)) >>> 0

const aligned = (length: number): number => (length + 3) & ~3

/**
 * Reads the netlink message at `at` of bytes[at, end), and sets `record.next`. The record's other fields hold only if the
 * answer is `packet`; a packet without payload attribute (copy range 0) has equal offsets.
 */
export function readNflog(bytes: Uint8Array, at: number, end: number, record: NflogRecord): NflogReading {
  if (end > bytes.length) end = bytes.length
  record.next = end
  if (end - at < NETLINK_HEADER) return NflogReading.broken
  const length = native32(bytes, at)
  if (length < NETLINK_HEADER || length > end - at) return NflogReading.broken
  const last = at + length
  record.next = Math.min(end, at + aligned(length))
  if (native16(bytes, at + 4) !== PACKET_TYPE || length < NETLINK_HEADER + FAMILY_HEADER) return NflogReading.other
  readNflogBody(bytes, at + NETLINK_HEADER, last, record)
  return NflogReading.packet
}

/** What follows netlink's header, at bytes[start, end); capture files hold this alone. False if it is too short. */
export function readNflogBody(bytes: Uint8Array, start: number, end: number, record: NflogRecord): boolean {
  clear(record)
  if (end - start < FAMILY_HEADER) return false
  record.family = bytes[start]
  record.group = big16(bytes, start + 2)
  readAttributes(bytes, start + FAMILY_HEADER, end, record)
  return true
}

function clear(record: NflogRecord): void {
  record.sequence = record.hook = record.protocol = record.mark = record.input = record.output = -1
  record.time = record.hardwareType = -1
  record.packetStart = record.packetEnd = record.prefixStart = record.prefixEnd = record.linkStart = record.linkEnd = 0
}

/** Ends at the first attribute whose length is impossible; one that is shorter than its value is skipped. */
function readAttributes(bytes: Uint8Array, at: number, end: number, record: NflogRecord): void {
  while (end - at >= ATTRIBUTE_HEADER) {
    const length = native16(bytes, at)
    if (length < ATTRIBUTE_HEADER || length > end - at) return
    const value = at + ATTRIBUTE_HEADER
    const size = length - ATTRIBUTE_HEADER
    switch (native16(bytes, at + 2) & TYPE_MASK) {
      case Attribute.header:
        if (size < 4) break
        record.protocol = big16(bytes, value)
        record.hook = bytes[value + 2]
        break
      case Attribute.payload:
        record.packetStart = value
        record.packetEnd = value + size
        break
      case Attribute.sequence:
        if (size >= 4) record.sequence = big32(bytes, value)
        break
      case Attribute.prefix:
        record.prefixStart = value
        record.prefixEnd = size > 0 && bytes[value + size - 1] === 0 ? value + size - 1 : value + size
        break
      case Attribute.input:
        if (size >= 4) record.input = big32(bytes, value)
        break
      case Attribute.output:
        if (size >= 4) record.output = big32(bytes, value)
        break
      case Attribute.mark:
        if (size >= 4) record.mark = big32(bytes, value)
        break
      case Attribute.timestamp:
        if (size >= 16) record.time = readTime(bytes, value)
        break
      case Attribute.hardwareType:
        if (size >= 2) record.hardwareType = big16(bytes, value)
        break
      case Attribute.hardwareHeader:
        record.linkStart = value
        record.linkEnd = value + size
        break
    }
    at += aligned(length)
  }
}

/** Two 64-bit numbers, seconds and microseconds; -1 if they are no time this side of the year 10000. */
function readTime(bytes: Uint8Array, at: number): number {
  const seconds = big32(bytes, at) * 2 ** 32 + big32(bytes, at + 4)
  const microseconds = big32(bytes, at + 8) * 2 ** 32 + big32(bytes, at + 12)
  if (seconds >= 253_402_300_800 || microseconds >= 1_000_000) return -1
  return seconds * 1000 + Math.floor(microseconds / 1000)
}

/** How many packets a group lost between two that came, from their sequence numbers; 0 for the first. */
export function lostBetween(before: number, now: number): number {
  if (before < 0 || now < 0) return 0
  const lost = (now - before - 1) >>> 0
  // what looks like going backwards is a group that was bound anew, and began at 0 again
  return lost < 0x8000_0000 ? lost : 0
}
