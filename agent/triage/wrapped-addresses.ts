// Private addresses inside other addresses. What looks like a public IPv6 address may carry the private IPv4 address of a host, and a
// multicast address the private prefix of a network. Triage goes by the outer address, because whoever is outside may choose
// his own so that it looks like this; but what looks like this leaves as a pseudonym. A false match costs a pseudonym, nothing else.
import { NetworkKind } from './networks.ts'

/** An address in four words, of network kind `kind`. */
interface Wrapped {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly kind: number
}

interface Wrapping {
  readonly name: string
  /** Where it is described. */
  readonly source: string
  holds(address: Wrapped): boolean
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

/** RFC 6052 section 2.2: bits 64 to 71 are 0, and so is what follows the IPv4 address. */
const isTranslated = (c: number): boolean => c >>> 24 === 0

export const wrappings: readonly Wrapping[] = [
  { name: 'Teredo server', source: 'RFC 4380 section 4', holds: ({ a, b }) => a === 0x20010000 && isPrivate(b) },
  { name: 'Teredo client, inverted', source: 'RFC 4380 section 4', holds: ({ a, d }) => a === 0x20010000 && isPrivate(~d >>> 0) },
  // with and without the universal bit
  { name: 'ISATAP', source: 'RFC 5214 section 6.1', holds: ({ c, d }) => (c & 0xfdffffff) === 0x5efe && isPrivate(d) },
  { name: 'NAT64, prefix of 32', source: 'RFC 6052 section 2.2', holds: ({ b, c, d }) => c === 0 && d === 0 && isPrivate(b) },
  {
    name: 'NAT64, prefix of 40',
    source: 'RFC 6052 section 2.2',
    holds: ({ b, c, d }) => isTranslated(c) && (c & 0xffff) === 0 && d === 0 && isPrivate(((b << 8) | (c >>> 16)) >>> 0),
  },
  {
    name: 'NAT64, prefix of 48',
    source: 'RFC 6052 section 2.2',
    holds: ({ b, c, d }) => isTranslated(c) && (c & 0xff) === 0 && d === 0 && isPrivate(((b << 16) | (c >>> 8)) >>> 0),
  },
  {
    name: 'NAT64, prefix of 56',
    source: 'RFC 6052 section 2.2',
    holds: ({ b, c, d }) => isTranslated(c) && d === 0 && isPrivate(((b << 24) | c) >>> 0),
  },
  {
    name: 'NAT64, prefix of 64',
    source: 'RFC 6052 section 2.2',
    holds: ({ c, d }) => isTranslated(c) && (d & 0xffffff) === 0 && isPrivate(((c << 8) | (d >>> 24)) >>> 0),
  },
  {
    name: 'NAT64, prefix of 96, and addresses made like it by hand',
    source: 'RFC 6052 section 2.2, RFC 7707 section 4.1.2',
    holds: ({ c, d }) => isTranslated(c) && isPrivate(d),
  },
  // prefixes of 32 bits with whole addresses behind them; others have no place of their own
  { name: '6rd', source: 'RFC 5969 section 4', holds: ({ a, b }) => a >>> 29 === 1 && isPrivate(b) },
  { name: 'MAP', source: 'RFC 7597 section 6', holds: ({ c, d }) => c >>> 16 === 0 && isPrivate(between(c, d)) },
  {
    name: 'groups that read as decimal',
    source: 'RFC 7707 section 4.1.2',
    holds: ({ c, d }) => {
      const parts = [fromDigits(c >>> 16), fromDigits(c & 0xffff), fromDigits(d >>> 16), fromDigits(d & 0xffff)]
      return !parts.includes(-1) && isPrivate(((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) >>> 0)
    },
  },
  {
    name: 'mapped address or ISATAP with its port read as one more group',
    source: 'SonicWall writes address:port without brackets',
    holds: ({ c, d }) => (c >>> 16 === 0xffff || c >>> 16 === 0x5efe) && isPrivate(between(c, d)),
  },
  // the low bits of a host's address
  {
    name: 'solicited-node',
    source: 'RFC 4291 section 2.7.1',
    holds: ({ a, b, c, d }) => a === 0xff020000 && b === 0 && c === 1 && d >>> 24 === 0xff,
  },
  {
    name: 'node information',
    source: 'RFC 4620 section 5',
    holds: ({ a, b, c, d }) => a === 0xff020000 && b === 0 && c === 2 && d >>> 24 === 0xff,
  },
  // with flags a group is not assigned to anything known: a prefix (RFC 3306), a rendezvous point (RFC 3956) or an interface
  // identifier (RFC 4489) may stand in it, and no group is ever an attacker
  {
    name: 'multicast of a prefix of its own',
    source: 'RFC 3306, RFC 3956, RFC 4489',
    holds: ({ a }) => a >>> 24 === 0xff && (a & 0x00f00000) !== 0,
  },
  {
    name: 'hardware address of a host of ours',
    source: 'RFC 4291 appendix A',
    holds: ({ c, d, kind }) => kind === NetworkKind.oursPublic && (c & 0xff) === 0xff && d >>> 24 === 0xfe,
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
  const address = { a, b, c, d, kind }
  return wrappings.some(({ holds }) => holds(address))
}
