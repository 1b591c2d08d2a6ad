// The capture file of Wireshark and dumpcap (draft-ietf-opsawg-pcapng): blocks in sections, each section with its own byte
// order and its own interfaces. Packets are read, whatever else there is (names, statistics, secrets) is passed over.
import {
  boundedTime,
  CAPTURED_MAX_BYTES,
  type CapturedPacket,
  type CaptureFormat,
  damaged,
  read16,
  read32,
  tooLong,
} from './pcap-packet.ts'
import type { ByteWindow } from './pcap-window.ts'

/** The same in both byte orders. */
export const SECTION = 0x0a0d0d0a

const Block = { interface: 1, oldPacket: 2, simplePacket: 3, packet: 6 } as const
/** Type, length, and the length again at the end. */
const HEADER = 8
const FRAME = 12
const TRAILER = 4
const LENGTHS_DIFFER = 'a block whose two lengths differ'
/** In front of a packet's bytes, after the block's header. */
const PACKET_FIELDS = 20
const SIMPLE_FIELDS = 4
const INTERFACE_FIELDS = 8
const BYTE_ORDER = 0x1a2b3c4d
/** Captured bytes, padding and room for options, of which there are seldom 100 bytes. */
const BLOCK_MAX_BYTES = CAPTURED_MAX_BYTES + 65_536
const INTERFACES_MAX = 4096

const Option = { end: 0, timeResolution: 9, timeOffset: 14 } as const

interface Interface {
  readonly linkType: number
  readonly keptBytes: number
  unitsPerMs: number
  offsetMs: number
}

export class PcapngFormat implements CaptureFormat {
  private bigEndian = false
  private interfaces: Interface[] = []
  /** The length that a block has to end with, all else of which was passed over. */
  private trailer = 0

  get isMidway(): boolean {
    return this.trailer > 0
  }

  next(window: ByteWindow, packet: CapturedPacket): boolean {
    while (this.endBlock(window, packet) && window.end - window.at >= FRAME) {
      const { bytes, at, end } = window
      const type = read32(bytes, at, this.bigEndian)
      if (type === SECTION) {
        this.startSection(window, packet)
        continue
      }
      const length = read32(bytes, at + 4, this.bigEndian)
      if (length < FRAME || length % 4 !== 0) throw damaged(window, packet, `a block of ${length} bytes`)
      if (type !== Block.packet && type !== Block.interface && type !== Block.simplePacket && type !== Block.oldPacket) {
        this.passOver(window, length)
        continue
      }
      if (length > BLOCK_MAX_BYTES) throw damaged(window, packet, tooLong(length))
      if (end - at < length) return false
      if (read32(bytes, at + length - 4, this.bigEndian) !== length) throw damaged(window, packet, LENGTHS_DIFFER)
      if (type === Block.interface) this.addInterface(window, length, packet)
      else {
        if (type === Block.simplePacket) this.takeSimple(window, length, packet)
        else this.takePacket(window, length, type === Block.packet, packet)
        window.at = at + length
        return true
      }
      window.at = at + length
    }
    return false
  }

  private startSection(window: ByteWindow, packet: CapturedPacket): void {
    const { bytes, at } = window
    this.bigEndian = read32(bytes, at + 8, true) === BYTE_ORDER
    if (read32(bytes, at + 8, this.bigEndian) !== BYTE_ORDER) throw damaged(window, packet, 'a section without byte order')
    const length = read32(bytes, at + 4, this.bigEndian)
    if (length < 28 || length % 4 !== 0) throw damaged(window, packet, `a section header of ${length} bytes`)
    this.interfaces = []
    this.passOver(window, length)
  }

  private passOver(window: ByteWindow, length: number): void {
    window.skip(length - TRAILER)
    this.trailer = length
  }

  /** True if no block is open. */
  private endBlock(window: ByteWindow, packet: CapturedPacket): boolean {
    if (this.trailer === 0) return true
    if (window.end - window.at < TRAILER) return false
    if (read32(window.bytes, window.at, this.bigEndian) !== this.trailer) throw damaged(window, packet, LENGTHS_DIFFER)
    window.at += TRAILER
    this.trailer = 0
    return true
  }

  private addInterface(window: ByteWindow, length: number, packet: CapturedPacket): void {
    const { bytes, at } = window
    if (length < FRAME + INTERFACE_FIELDS) throw damaged(window, packet, 'an interface without link type')
    if (this.interfaces.length >= INTERFACES_MAX) throw damaged(window, packet, `more than ${INTERFACES_MAX} interfaces`)
    const linkType = read16(bytes, at + HEADER, this.bigEndian)
    const limit = read32(bytes, at + HEADER + 4, this.bigEndian)
    const found: Interface = { linkType, keptBytes: limit === 0 ? 0xffff_ffff : limit, unitsPerMs: 1000, offsetMs: 0 }
    readOptions(bytes, at + HEADER + INTERFACE_FIELDS, at + length - 4, this.bigEndian, found)
    this.interfaces.push(found)
  }

  /** The enhanced packet block, or the packet block of earlier drafts, which counts drops in half of the interface's number. */
  private takePacket(window: ByteWindow, length: number, isEnhanced: boolean, packet: CapturedPacket): void {
    const { bytes, at } = window
    const { bigEndian } = this
    if (length < FRAME + PACKET_FIELDS) throw damaged(window, packet, `a packet block of ${length} bytes`)
    const number = isEnhanced ? read32(bytes, at + HEADER, bigEndian) : read16(bytes, at + HEADER, bigEndian)
    const captured = read32(bytes, at + HEADER + 12, bigEndian)
    const start = at + HEADER + PACKET_FIELDS
    const from = this.interfaceOf(number, window, packet)
    if (captured > CAPTURED_MAX_BYTES) throw damaged(window, packet, tooLong(captured))
    if (captured > length - FRAME - PACKET_FIELDS) throw damaged(window, packet, 'a packet that is longer than its block')
    const units = read32(bytes, at + HEADER + 4, bigEndian) * 2 ** 32 + read32(bytes, at + HEADER + 8, bigEndian)
    packet.isCut = captured < read32(bytes, at + HEADER + 16, bigEndian)
    packet.time = boundedTime(units / from.unitsPerMs + from.offsetMs)
    this.fill(packet, start, captured, from)
  }

  /** Of the first interface, without time; how much of it was kept follows from the interface's limit. */
  private takeSimple(window: ByteWindow, length: number, packet: CapturedPacket): void {
    if (length < FRAME + SIMPLE_FIELDS) throw damaged(window, packet, `a packet block of ${length} bytes`)
    const from = this.interfaceOf(0, window, packet)
    const original = read32(window.bytes, window.at + HEADER, this.bigEndian)
    const captured = Math.min(original, from.keptBytes, length - FRAME - SIMPLE_FIELDS)
    packet.isCut = captured < original
    packet.time = -1
    this.fill(packet, window.at + HEADER + SIMPLE_FIELDS, captured, from)
  }

  private fill(packet: CapturedPacket, start: number, captured: number, from: Interface): void {
    packet.number++
    packet.start = start
    packet.end = start + captured
    packet.linkType = from.linkType
    packet.bigEndian = this.bigEndian
  }

  private interfaceOf(number: number, window: ByteWindow, packet: CapturedPacket): Interface {
    if (number >= this.interfaces.length) throw damaged(window, packet, `a packet of interface ${number}, which was not described`)
    return this.interfaces[number]
  }
}

function readOptions(bytes: Uint8Array, at: number, end: number, bigEndian: boolean, found: Interface): void {
  while (end - at >= 4) {
    const code = read16(bytes, at, bigEndian)
    const length = read16(bytes, at + 2, bigEndian)
    const value = at + 4
    if (code === Option.end || length > end - value) return
    // the top bit chooses between powers of 2 and of 10
    if (code === Option.timeResolution && length >= 1)
      found.unitsPerMs = ((bytes[value] & 0x80) === 0 ? 10 : 2) ** (bytes[value] & 0x7f) / 1000
    if (code === Option.timeOffset && length >= 8) {
      const [first, second] = [read32(bytes, value, bigEndian), read32(bytes, value + 4, bigEndian)]
      found.offsetMs = (bigEndian ? (first | 0) * 2 ** 32 + second : (second | 0) * 2 ** 32 + first) * 1000
    }
    at = value + ((length + 3) & ~3)
  }
}
