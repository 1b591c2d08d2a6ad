// One packet of a capture file, and what all capture formats share.
import { Failure } from '../../errors.ts'
import type { ByteWindow } from './pcap-window.ts'

/** One object is reused for all packets of a file. Its bytes are those of the window, until more are pushed. */
export class CapturedPacket {
  /** How many packets were read, this one being the last. */
  number = 0
  start = 0
  end = 0
  /** Fewer bytes were kept than the packet had. */
  isCut = false
  /** ms since 1970; -1 if it is not stated, or is no time this side of the year 10000. */
  time = -1
  linkType = 0
  /** Byte order of the machine that captured, which some link types depend on. */
  bigEndian = false
}

/** MAXIMUM_SNAPLEN of libpcap, which is also what tcpdump and dumpcap take by default. */
export const CAPTURED_MAX_BYTES = 262_144

export interface CaptureFormat {
  /** True while waiting for the end of a block that is being skipped. */
  readonly isMidway: boolean
  /** Takes the next packet out of the window; false if it is not all there. Throws Failure 'capture-damaged'. */
  next(window: ByteWindow, packet: CapturedPacket): boolean
}

export function damaged(window: ByteWindow, packet: CapturedPacket, what: string): Failure {
  return new Failure('capture-damaged', `at byte ${window.offset} of the capture, after ${packet.number} packets: ${what}`)
}

export const tooLong = (claimed: number): string => `a packet of ${claimed} bytes; the limit is ${CAPTURED_MAX_BYTES}`

const YEAR_10000_MS = 253_402_300_800_000

/** A time as events have it. */
export const boundedTime = (ms: number): number => (ms >= 0 && ms < YEAR_10000_MS ? Math.floor(ms) : -1)

export const read16 = (bytes: Uint8Array, at: number, bigEndian: boolean): number =>
  bigEndian ? (bytes[at] << 8) | bytes[at + 1] : bytes[at] | (bytes[at + 1] << 8)

export const read32 = (bytes: Uint8Array, at: number, bigEndian: boolean): number =>
  (bigEndian
    ? (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
    : bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
