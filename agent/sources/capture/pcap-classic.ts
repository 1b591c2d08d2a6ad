// The classic capture file (draft-ietf-opsawg-pcap, pcap-savefile(5)): one header, then records; times in micro- or
// nanoseconds, either byte order, and the longer records of a modified libpcap that Linux distributions once had.
import { Failure } from '../../errors.ts'
import { isKnownLink } from './pcap-link.ts'
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

export const FILE_HEADER_BYTES = 24

const RECORD_HEADER_BYTES = 16
/** With interface, protocol and packet type after it. */
const MODIFIED_HEADER_BYTES = 24

interface Kind {
  readonly bigEndian: boolean
  readonly unitsPerMs: number
  readonly recordHeader: number
}

const kind = (bigEndian: boolean, unitsPerMs: number, recordHeader: number): Kind => ({ bigEndian, unitsPerMs, recordHeader })

/** By the first four bytes, in network order. */
const kinds: ReadonlyMap<number, Kind> = new Map([
  [0xa1b2c3d4, kind(true, 1000, RECORD_HEADER_BYTES)],
  [0xd4c3b2a1, kind(false, 1000, RECORD_HEADER_BYTES)],
  [0xa1b23c4d, kind(true, 1_000_000, RECORD_HEADER_BYTES)],
  [0x4d3cb2a1, kind(false, 1_000_000, RECORD_HEADER_BYTES)],
  [0xa1b2cd34, kind(true, 1000, MODIFIED_HEADER_BYTES)],
  [0x34cdb2a1, kind(false, 1000, MODIFIED_HEADER_BYTES)],
])

export const isClassic = (magic: number): boolean => kinds.has(magic)

/** Takes the file's header, all of which has to be in the window. Throws Failure 'capture-unreadable'. */
export function openClassic(window: ByteWindow): CaptureFormat {
  const { bytes, at } = window
  const found = kinds.get(read32(bytes, at, true))
  if (found === undefined) throw new Error('openClassic is called only after isClassic')
  const { bigEndian, unitsPerMs, recordHeader } = found
  const version = `${read16(bytes, at + 4, bigEndian)}.${read16(bytes, at + 6, bigEndian)}`
  if (version !== '2.4') throw new Failure('capture-unreadable', `capture format version ${version} is not supported, only 2.4`)
  // above 16 bits it may say how long checksums of frames are, which stand after the packet and don't matter here
  const linkType = read32(bytes, at + 20, bigEndian) & 0xffff
  if (!isKnownLink(linkType)) throw new Failure('capture-unreadable', `link type ${linkType} is not supported`)
  window.skip(FILE_HEADER_BYTES)
  return new ClassicFormat(bigEndian, unitsPerMs, recordHeader, linkType)
}

class ClassicFormat implements CaptureFormat {
  readonly isMidway = false
  private readonly bigEndian: boolean
  private readonly unitsPerMs: number
  private readonly recordHeader: number
  private readonly linkType: number

  constructor(bigEndian: boolean, unitsPerMs: number, recordHeader: number, linkType: number) {
    this.bigEndian = bigEndian
    this.unitsPerMs = unitsPerMs
    this.recordHeader = recordHeader
    this.linkType = linkType
  }

  next(window: ByteWindow, packet: CapturedPacket): boolean {
    const { bytes, at, end } = window
    const { bigEndian, recordHeader } = this
    if (end - at < recordHeader) return false
    const captured = read32(bytes, at + 8, bigEndian)
    if (captured > CAPTURED_MAX_BYTES) throw damaged(window, packet, tooLong(captured))
    const start = at + recordHeader
    if (end - start < captured) return false
    packet.number++
    packet.start = start
    packet.end = start + captured
    packet.isCut = captured < read32(bytes, at + 12, bigEndian)
    packet.time = boundedTime(read32(bytes, at, bigEndian) * 1000 + read32(bytes, at + 4, bigEndian) / this.unitsPerMs)
    packet.linkType = this.linkType
    packet.bigEndian = bigEndian
    window.at = start + captured
    return true
  }
}
