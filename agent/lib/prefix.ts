// Network prefixes as ranges of 128-bit space; IPv4 lies in ::ffff:0:0/96.
import { parseAddress } from './address.ts'

const toBigInt = (words: Uint32Array): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)

/** The range of `address/length` (or of one address), or undefined if the text is no prefix. Host bits are ignored. */
export function parsePrefix(text: string): { first: bigint; last: bigint } | undefined {
  const [address, length, ...rest] = text.split('/')
  const words = parseAddress(address)
  if (words === undefined || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const width = address.includes(':') ? 128 : 32
  const bits = length === undefined ? width : Number(length)
  if (bits > width) return undefined
  const free = BigInt(width - bits)
  const first = (toBigInt(words) >> free) << free
  return { first, last: first + (1n << free) - 1n }
}
