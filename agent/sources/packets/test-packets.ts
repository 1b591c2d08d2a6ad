// Hand-made packets for tests: headers as in their RFCs, with documentation addresses.
import { parseAddress } from '../../lib/address.ts'

const words = (address: string): number[] => {
  const parsed = parseAddress(address)
  if (parsed === undefined) throw new Error(address)
  return [...parsed]
}
const be16 = (value: number): number[] => [(value >> 8) & 255, value & 255]
export const be32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]

export interface Endpoints {
  readonly source?: string
  readonly destination?: string
}

/** `options` must be a multiple of 4 bytes; `length` overrides the total length. */
export function ip4(
  protocol: number,
  payload: readonly number[],
  more: Endpoints & { options?: number[]; fragment?: number; length?: number } = {},
): number[] {
  const { source = '192.0.2.1', destination = '198.51.100.2', options = [], fragment = 0 } = more
  const header = 20 + options.length
  const length = more.length ?? header + payload.length
  return [
    0x40 | (header / 4),
    0,
    ...be16(length),
    ...be16(7),
    ...be16(fragment),
    64,
    protocol,
    0,
    0,
    ...be32(words(source)[3]),
    ...be32(words(destination)[3]),
    ...options,
    ...payload,
  ]
}

export function ip6(next: number, payload: readonly number[], more: Endpoints & { length?: number } = {}): number[] {
  const { source = '2001:db8::1', destination = '2001:db8:0:1::2' } = more
  const address = (text: string) => words(text).flatMap(be32)
  return [0x60, 0, 0, 0, ...be16(more.length ?? payload.length), next, 64, ...address(source), ...address(destination), ...payload]
}

/** An extension header of (extra + 1) * 8 bytes. */
export const extension = (next: number, extra = 0): number[] => [next, extra, ...new Array<number>(6 + 8 * extra).fill(0)]
export const fragmentHeader = (next: number, offset: number): number[] => [next, 0, ...be16(offset << 3), 0, 0, 0, 1]

export const tcp = (source: number, destination: number): number[] => [
  ...be16(source),
  ...be16(destination),
  ...be32(1),
  ...be32(0),
  0x50,
  2,
  ...be16(1024),
  ...be32(0),
]
export const udp = (source: number, destination: number): number[] => [...be16(source), ...be16(destination), ...be16(8), 0, 0]

export const ethernet = (etherType: number, payload: readonly number[], tags: readonly number[] = []): number[] => [
  ...[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2],
  ...tags.flatMap(tag => [...be16(tag), 0, 42]),
  ...be16(etherType),
  ...payload,
]

const le16 = (value: number): number[] => [value & 255, (value >> 8) & 255]
const padded = (bytes: number[]): number[] => [...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(0)]

export const attribute = (type: number, value: readonly number[]): number[] => padded([...le16(value.length + 4), ...le16(type), ...value])

/** A netlink message of the packet log, as the kernel sends it on a little-endian machine. */
export function nflogMessage(group: number, attributes: readonly number[], type = 4 << 8): number[] {
  const length = 20 + attributes.length
  return [...le16(length), ...le16(length >> 16), ...le16(type), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, ...be16(group), ...attributes]
}
