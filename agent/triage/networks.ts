// Which network an address belongs to. Built once from prefixes into sorted, non-overlapping ranges of 128-bit space (IPv4 lies in
// ::ffff:0:0/96), so that any number of prefixes costs one binary search and allocates nothing. Nearly all addresses are
// IPv4, and nearly every first octet belongs to one network: those are answered by one look into a small table.
import { parsePrefix } from '../lib/prefix.ts'

export const NetworkKind = { foreign: 0, internal: 1, oursPublic: 2, special: 3 } as const

/** RFC 1918, 6598, 3927, 1122; RFC 4193, 4291, 3879. */
const internal4 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '127.0.0.0/8']
const internal6 = ['fe80::/10', 'fc00::/7', 'fec0::/10', '::1/128', '64:ff9b:1::/48']
/** Not a host: unspecified, multicast, broadcast and reserved. */
const special = ['0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8']

/** Of several kinds that hold an address the first decides: what is internal stays internal whatever the member states. */
const byPrecedence = [NetworkKind.internal, NetworkKind.special, NetworkKind.oursPublic] as const

interface Range {
  readonly first: bigint
  readonly last: bigint
  readonly kind: number
}

function ranges(prefixes: readonly string[], kind: number): Range[] {
  return prefixes.map(prefix => {
    const range = parsePrefix(prefix)
    if (range === undefined) throw new RangeError(`'${prefix}' is not a network prefix`)
    return { ...range, kind }
  })
}

/** IPv4 networks as they appear in prefixes of IPv6 that are reserved for it; other wrappings: wrapped-addresses.ts. NAT64 (RFC 6052), 6to4 (RFC 3056), SIIT (RFC 2765) and the old compatible form (RFC 4291). */
function embedded(range: Range): Range[] {
  const mask = (1n << 32n) - 1n
  const first = range.first & mask
  const last = range.last & mask
  const nat64 = 0x64ff9bn << 96n
  const sixToFour = 0x2002n << 112n
  const translated = 0xffff0000n << 32n
  return [
    { ...range, first, last },
    { ...range, first: translated | first, last: translated | last },
    { ...range, first: nat64 | first, last: nat64 | last },
    { ...range, first: sixToFour | (first << 80n), last: sixToFour | (last << 80n) | ((1n << 80n) - 1n) },
  ]
}

const IPV4 = 0xffff
const OCTET = 2 ** 24

export class Networks {
  private readonly starts: Uint32Array
  private readonly kinds: Uint8Array
  /** By first octet of an IPv4 address: the ranges in which `octet.0.0.0` and `octet.255.255.255` lie. */
  private readonly firstRange: Uint32Array
  private readonly lastRange: Uint32Array

  /** `member`: prefixes of the member's public addresses. Throws RangeError for text that is no prefix. */
  constructor(member: readonly string[]) {
    const inside = ranges(internal4, NetworkKind.internal)
    const stated = ranges(member, NetworkKind.oursPublic)
    const all = [
      ...inside,
      ...inside.flatMap(embedded),
      ...ranges(internal6, NetworkKind.internal),
      ...ranges(special, NetworkKind.special),
      ...stated,
      ...stated.filter(range => range.first >> 32n === BigInt(IPV4) && range.last >> 32n === BigInt(IPV4)).flatMap(embedded),
    ]
    const edges = all
      .flatMap(({ first, last, kind }) => [
        { at: first, kind, step: 1 },
        { at: last + 1n, kind, step: -1 },
      ])
      .sort((a, b) => Number(a.at > b.at) - Number(a.at < b.at))
    const open = [0, 0, 0, 0]
    const kinds: number[] = []
    const starts: bigint[] = []
    edges.forEach(({ at, kind, step }, i) => {
      open[kind] += step
      // `::` is the first edge; nothing begins behind the last address
      if (edges[i + 1]?.at === at || at >> 128n !== 0n) return
      const deciding = byPrecedence.find(one => open[one] > 0) ?? NetworkKind.foreign
      if (deciding === kinds.at(-1)) return
      kinds.push(deciding)
      starts.push(at)
    })
    this.kinds = Uint8Array.from(kinds)
    this.starts = Uint32Array.from(starts.flatMap(at => [96n, 64n, 32n, 0n].map(shift => Number((at >> shift) & 0xffffffffn))))
    const rangeOf = (address: number) => this.rangeOfAny(Uint32Array.of(0, 0, IPV4, address), 0)
    this.firstRange = Uint32Array.from({ length: 256 }, (_, octet) => rangeOf(octet * OCTET))
    this.lastRange = Uint32Array.from({ length: 256 }, (_, octet) => rangeOf(octet * OCTET + OCTET - 1))
  }

  /** A number of `NetworkKind` for the address at words[at, at + 4). */
  kindOf(words: Uint32Array, at: number): number {
    if (words[at + 2] === IPV4 && words[at] === 0 && words[at + 1] === 0) return this.kindOfIPv4(words[at + 3])
    return this.kinds[this.rangeOfAny(words, at)]
  }

  private kindOfIPv4(address: number): number {
    const octet = address >>> 24
    let low = this.firstRange[octet]
    let high = this.lastRange[octet]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.starts[middle * 4 + 3] <= address) low = middle
      else high = middle - 1
    }
    return this.kinds[low]
  }

  private rangeOfAny(words: Uint32Array, at: number): number {
    const { starts } = this
    let low = 0
    let high = this.kinds.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      let word = 0
      while (word < 3 && starts[middle * 4 + word] === words[at + word]) word++
      if (starts[middle * 4 + word] <= words[at + word]) low = middle
      else high = middle
    }
    return low
  }
}
