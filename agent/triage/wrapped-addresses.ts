// Private addresses inside other addresses. What looks like a public IPv6 address may carry the private IPv4 address of a host, and a
// multicast address the private prefix of a network. Triage goes by the outer address, because whoever is outside may choose
// his own so that it looks like this; but what looks like this leaves as a pseudonym. A false match costs a pseudonym, nothing else.
import { NetworkKind } from './networks.ts'

interface Wrapping {
  readonly name: string
  /** Where it is described. */
  readonly source: string
  /** Of an address in four words, of network kind `kind`. */
  holds(a: number, b: number, c: number, d: number, kind: number): boolean
}

/** RFC 1918, RFC 6598 and RFC 3927. Loopback is nobody. */
function isPrivate(address: number): boolean {
  const first = address >>> 24
  if (first === 10) return true
  const two = address >>> 16
  return (two & 0xfff0) === 0xac10 || two === 0xc0a8 || (two & 0xffc0) === 0x6440 || two === 0xa9fe
}

/** The 32 bits from bit 16 of the first word on. */
const between = (first: number, second: number): number => ((first << 16) | (second >>> 16)) >>> 0

/** Groups that a person wrote as if they were decimal: 192:168:1:5 for 192.168.1.5. */
function fromDigits(group: number): number {
  let value = 0
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = (group >>> shift) & 15
    if (digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= 255 ? value : -1
}

/** Bits 64 to 71 are 0 there, and so is what follows the IPv4 address; prefixes of 32, 40, 48, 56, 64 and 96 bits. */
function isTranslated(b: number, c: number, d: number): boolean {
  if (c >>> 24 !== 0) return false
  // also addresses that people make like it
  if (isPrivate(d)) return true
  if ((d & 0xffffff) !== 0) return false
  if (isPrivate(((c << 8) | (d >>> 24)) >>> 0)) return true
  if (d !== 0) return false
  if (isPrivate(((b << 24) | c) >>> 0)) return true
  if ((c & 0xff) !== 0) return false
  if (isPrivate(((b << 16) | (c >>> 8)) >>> 0)) return true
  if ((c & 0xffff) !== 0) return false
  return isPrivate(((b << 8) | (c >>> 16)) >>> 0) || (c === 0 && isPrivate(b))
}

function isInDecimal(c: number, d: number): boolean {
  const first = fromDigits(c >>> 16)
  const second = fromDigits(c & 0xffff)
  const third = fromDigits(d >>> 16)
  const fourth = fromDigits(d & 0xffff)
  if (first < 0 || second < 0 || third < 0 || fourth < 0) return false
  return isPrivate(((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0)
}

export const wrappings: readonly Wrapping[] = [
  { name: 'Teredo server', source: 'RFC 4380 section 4', holds: (a, b) => a === 0x20010000 && isPrivate(b) },
  { name: 'Teredo client, inverted', source: 'RFC 4380 section 4', holds: (a, _b, _c, d) => a === 0x20010000 && isPrivate(~d >>> 0) },
  // with and without the universal bit
  { name: 'ISATAP', source: 'RFC 5214 section 6.1', holds: (_a, _b, c, d) => (c & 0xfdffffff) === 0x5efe && isPrivate(d) },
  { name: 'NAT64 with a prefix of its own', source: 'RFC 6052 section 2.2', holds: (_a, b, c, d) => isTranslated(b, c, d) },
  // prefixes of 32 bits with whole addresses behind them; others have no place of their own
  { name: '6rd', source: 'RFC 5969 section 4', holds: (a, b) => a >>> 29 === 1 && isPrivate(b) },
  { name: 'MAP', source: 'RFC 7597 section 6', holds: (_a, _b, c, d) => c >>> 16 === 0 && isPrivate(between(c, d)) },
  // bits 64 to 71 are 0 there, and parameters follow
  {
    name: 'MAP by its drafts',
    source: 'draft-ietf-softwire-map-03 of RFC 7597',
    holds: (_a, _b, c, d) => c >>> 24 === 0 && isPrivate(((c << 8) | (d >>> 24)) >>> 0),
  },
  { name: '4rd', source: 'RFC 7600 section 4.5', holds: (_a, _b, c, d) => c >>> 16 === 0x0300 && isPrivate(between(c, d)) },
  // any prefix, and in front of the host's address that of its router; whoever makes an address of his own puts it there too
  { name: '6a44, or any other that ends in one', source: 'RFC 6751 section 5', holds: (_a, _b, _c, d) => isPrivate(d) },
  { name: 'groups that read as decimal', source: 'RFC 7707 section 4.1.2', holds: (_a, _b, c, d) => isInDecimal(c, d) },
  {
    name: 'mapped address, NAT64 or ISATAP with its port read as one or two more groups',
    source: 'SonicWall writes address:port without brackets',
    holds: (a, _b, c, d) =>
      ((c >>> 16 === 0xffff || c >>> 16 === 0x5efe) && isPrivate(between(c, d))) || ((a === 0 || a === 0x64ff9b) && isPrivate(c)),
  },
  // the low bits of a host's address; of node information queries too (RFC 4620 section 5)
  {
    name: 'solicited-node',
    source: 'RFC 4291 section 2.7.1',
    holds: (a, b, c, d) => a === 0xff020000 && b === 0 && (c === 1 || c === 2) && d >>> 24 === 0xff,
  },
  // with flags a group is not assigned to anything known: a prefix (RFC 3306), a rendezvous point (RFC 3956) or an interface
  // identifier (RFC 4489) may stand in it, and no group is ever an attacker
  { name: 'multicast with flags', source: 'RFC 3306, RFC 3956, RFC 4489', holds: a => a >>> 24 === 0xff && (a & 0x00f00000) !== 0 },
  {
    name: 'hardware address of a host of ours',
    source: 'RFC 4291 appendix A',
    holds: (_a, _b, c, d, kind) => kind === NetworkKind.oursPublic && (c & 0xff) === 0xff && d >>> 24 === 0xfe,
  },
]

/** RFC 6034: 234.x.y.z is a group of the network x.y.z.0/24 or a larger one. */
const isGroupOfPrivate = (address: number): boolean => address >>> 24 === 234 && isPrivate((address << 8) >>> 0)

/** Whether the address at words[at, at + 4), of that `NetworkKind`, shows a private one to whoever reads it. */
export function showsPrivate(words: Uint32Array, at: number, kind: number): boolean {
  const a = words[at]
  const b = words[at + 1]
  const c = words[at + 2]
  const d = words[at + 3]
  if (a === 0 && b === 0 && c === 0xffff) return kind === NetworkKind.special && isGroupOfPrivate(d)
  for (let row = 0; row < wrappings.length; row++) if (wrappings[row].holds(a, b, c, d, kind)) return true
  return false
}
