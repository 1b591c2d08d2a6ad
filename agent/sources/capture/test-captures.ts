// For tests: capture files, built as their drafts say (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
import { be32 } from '../packets/test-packets.ts'

const number = (value: number, size: number, bigEndian: boolean): number[] => {
  const bytes = Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256)
  return bigEndian ? bytes.reverse() : bytes
}
const padded = (bytes: readonly number[]): number[] => [...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(0)]

export interface TestPacket {
  readonly bytes: readonly number[]
  /** ms since 1970. */
  readonly time?: number
  /** How long it was on the wire. */
  readonly original?: number
}

export interface ClassicOptions {
  readonly bigEndian?: boolean
  readonly nano?: boolean
  /** With the longer records of a modified libpcap. */
  readonly modified?: boolean
  readonly version?: readonly [number, number]
}

export const START_MS = 1_790_000_000_000

export function classic(linkType: number, packets: readonly TestPacket[], options: ClassicOptions = {}): Uint8Array {
  const { bigEndian = false, nano = false, modified = false, version = [2, 4] } = options
  const n = (value: number, size = 4) => number(value, size, bigEndian)
  const magic = modified ? 0xa1b2cd34 : nano ? 0xa1b23c4d : 0xa1b2c3d4
  const header = [...n(magic), ...n(version[0], 2), ...n(version[1], 2), ...n(0), ...n(0), ...n(262144), ...n(linkType)]
  const records = packets.flatMap(({ bytes, time = START_MS, original = bytes.length }) => [
    ...n(Math.floor(time / 1000)),
    ...n((time % 1000) * (nano ? 1_000_000 : 1000)),
    ...n(bytes.length),
    ...n(original),
    ...(modified ? n(0, 8) : []),
    ...bytes,
  ])
  return Uint8Array.from([...header, ...records])
}

/** Blocks of one section. */
export function blocks(bigEndian = false) {
  const n = (value: number, size = 4) => number(value, size, bigEndian)
  const block = (type: number, body: readonly number[], length = padded(body).length + 12): number[] => [
    ...n(type),
    ...n(length),
    ...padded(body),
    ...n(length),
  ]
  const option = (code: number, value: readonly number[]) => [...n(code, 2), ...n(value.length, 2), ...padded(value)]
  return {
    n,
    block,
    option,
    section: () => block(0x0a0d0d0a, [...n(0x1a2b3c4d), ...n(1, 2), ...n(0, 2), ...n(0xffff_ffff), ...n(0xffff_ffff)]),
    interface: (linkType: number, options: readonly number[] = [], kept = 262144) =>
      block(1, [...n(linkType, 2), ...n(0, 2), ...n(kept), ...options]),
    packet: ({ bytes, original = bytes.length }: TestPacket, of = 0, units = START_MS * 1000, captured = bytes.length) =>
      block(6, [...n(of), ...n(Math.floor(units / 2 ** 32)), ...n(units % 2 ** 32), ...n(captured), ...n(original), ...bytes]),
    oldPacket: ({ bytes }: TestPacket, of = 0, units = START_MS * 1000) =>
      block(2, [
        ...n(of, 2),
        ...n(7, 2),
        ...n(Math.floor(units / 2 ** 32)),
        ...n(units % 2 ** 32),
        ...n(bytes.length),
        ...n(bytes.length),
        ...bytes,
      ]),
    simple: (bytes: readonly number[], original = bytes.length) => block(3, [...n(original), ...bytes]),
  }
}

/** A packet of the log as libpcap writes it, on a machine of either byte order; `length` overrides the last attribute's. */
export function logged(bigEndian: boolean, protocol: number, packet: readonly number[], length = packet.length + 4): number[] {
  const two = (value: number) => (bigEndian ? [value >> 8, value & 255] : [value & 255, value >> 8])
  const attribute = (type: number, value: readonly number[], claimed = value.length + 4) => [
    ...two(claimed),
    ...two(type),
    ...value,
    ...new Array<number>((4 - (value.length % 4)) % 4).fill(0),
  ]
  return [
    ...[protocol === 0x86dd ? 10 : 2, 0, 0, 5],
    ...(protocol === 0 ? [] : attribute(1, [protocol >> 8, protocol & 255, 1, 0])),
    ...attribute(10, [...Buffer.from('DROP '), 0]),
    ...attribute(5, be32(3)),
    ...attribute(9, packet, length),
  ]
}
