// IP addresses as four 32-bit words in network order; IPv4 as the mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2),
// so that one comparison serves both families. Reading allocates nothing.

const DOT = 0x2e
const ZERO = 0x30
/** Of IPv6 with a dotted quad at its end (RFC 4291 section 2.2). */
const LENGTH_MAX = 45

const groups = new Uint16Array(8)

/** Reads dotted IPv4 or any spelling of IPv6 (brackets and %zone allowed) from bytes[start, end); false if it is not one. */
export function readAddress(bytes: Uint8Array, start: number, end: number, words: Uint32Array, at: number): boolean {
  if (end - start < 2) return false
  if (bytes[start] === 0x5b && bytes[end - 1] === 0x5d) return readAddress6(bytes, start + 1, end - 1, words, at)
  if (readDotted(bytes, start, end)) {
    words[at] = 0
    words[at + 1] = 0
    words[at + 2] = 0xffff
    words[at + 3] = dotted
    return true
  }
  return readAddress6(bytes, start, end, words, at)
}

/** The address as an unsigned number, or -1. Leading zeros are refused: readers disagree whether they mean octal. */
export function readIPv4(bytes: Uint8Array, start: number, end: number): number {
  return readDotted(bytes, start, end) ? dotted >>> 0 : -1
}

/** What `readDotted` read last, as a signed number: an unsigned one may have to be put on the heap. */
let dotted = 0

function readDotted(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 7 || end - start > 15) return false
  let value = 0
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== DOT) return false
    if (at >= end) return false
    let octet = bytes[at++] - ZERO
    if (octet < 0 || octet > 9) return false
    let digit = at < end ? bytes[at] - ZERO : -1
    if (digit >= 0 && digit <= 9) {
      if (octet === 0) return false
      octet = octet * 10 + digit
      at++
      digit = at < end ? bytes[at] - ZERO : -1
      if (digit >= 0 && digit <= 9) {
        octet = octet * 10 + digit
        if (octet > 255) return false
        at++
      }
    }
    value = (value << 8) | octet
  }
  dotted = value
  return at === end
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

function readAddress6(bytes: Uint8Array, start: number, end: number, words: Uint32Array, at: number): boolean {
  const limit = Math.min(end, start + LENGTH_MAX + 1)
  for (let i = start; i < limit; i++) if (bytes[i] === 0x25) end = i // %zone names an interface of the sender, not a host
  if (end - start < 2 || end - start > LENGTH_MAX) return false
  let count = 0
  let gap = -1
  let i = start
  if (bytes[i] === 0x3a) {
    if (bytes[i + 1] !== 0x3a) return false
    gap = 0
    i += 2
  }
  while (i < end) {
    if (count > 7) return false
    let value = 0
    const first = i
    for (; i < end; i++) {
      const digit = hexDigit(bytes[i])
      if (digit < 0) break
      value = value * 16 + digit
    }
    if (i < end && bytes[i] === 0x2e) {
      const tail = readIPv4(bytes, first, end)
      if (tail < 0 || count > 6) return false
      groups[count++] = tail >>> 16
      groups[count++] = tail & 0xffff
      i = end
      break
    }
    if (i === first || i - first > 4) return false
    groups[count++] = value
    if (i === end) break
    if (bytes[i] !== 0x3a) return false
    i++
    if (i === end) return false
    if (bytes[i] === 0x3a) {
      if (gap >= 0) return false
      gap = count
      i++
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false
  const shift = 8 - count
  for (let group = 0; group < 8; group += 2) {
    const high = gap < 0 || group < gap ? groups[group] : group < gap + shift ? 0 : groups[group - shift]
    const next = group + 1
    const low = gap < 0 || next < gap ? groups[next] : next < gap + shift ? 0 : groups[next - shift]
    words[at + (group >> 1)] = ((high << 16) | low) >>> 0
  }
  return true
}

const scratch = new Uint32Array(4)

/** The same for a string: the words of an address, or undefined. */
export function parseAddress(text: string): Uint32Array | undefined {
  const bytes = Buffer.from(text, 'latin1')
  return readAddress(bytes, 0, bytes.length, scratch, 0) ? scratch.slice() : undefined
}

/** Text of the address at words[at, at + 4): dotted IPv4, or IPv6 as RFC 5952 spells it. */
export function formatAddress(words: Uint32Array, at = 0): string {
  const last = words[at + 3]
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff)
    return `${last >>> 24}.${(last >>> 16) & 255}.${(last >>> 8) & 255}.${last & 255}`
  const parts: number[] = []
  for (let i = 0; i < 4; i++) parts.push(words[at + i] >>> 16, words[at + i] & 0xffff)
  let best = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (i + run < 8 && parts[i + run] === 0) run++
    if (run > length) {
      best = i
      length = run
    }
    if (run > 0) i += run - 1
  }
  const text = (list: number[]) => list.map(part => part.toString(16)).join(':')
  return best < 0 ? text(parts) : `${text(parts.slice(0, best))}::${text(parts.slice(best + length))}`
}
