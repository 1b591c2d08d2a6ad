// Dotted IPv4 where a message is known to have an address: read digit by digit from its beginning, so that nobody has to
// look for its end first. Agrees with agent/lib/address.ts, and leaves to it what stands too near the end or is no IPv4.

const DOT = 0x2e
const ZERO = 0x30
/** Three dots, four times three digits, and one byte behind. */
const LENGTH_MAX = 16

/** What `readDotted` read last, as a signed number: an unsigned one would have to be put on the heap. */
let address = 0

/**
 * Reads the IPv4 address at `at` and answers the offset behind it; -1 if there is none, or if `end` is within 16 bytes.
 * What may stand behind an address, the caller knows, and then has it put into an event.
 */
export function readDotted(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < LENGTH_MAX) return -1
  let value = 0
  let next = at
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[next++] !== DOT) return -1
    let octet = bytes[next++] - ZERO
    if (octet < 0 || octet > 9) return -1
    let digit = bytes[next] - ZERO
    if (digit >= 0 && digit <= 9) {
      // leading zeros are refused: readers disagree whether they mean octal
      if (octet === 0) return -1
      octet = octet * 10 + digit
      digit = bytes[++next] - ZERO
      if (digit >= 0 && digit <= 9) {
        octet = octet * 10 + digit
        if (octet > 255) return -1
        next++
      }
    }
    value = (value << 8) | octet
  }
  address = value
  return next
}

/** Writes the address that was read last into words[to, to + 4). */
export function putDotted(words: Uint32Array, to: number): void {
  words[to] = 0
  words[to + 1] = 0
  words[to + 2] = 0xffff
  words[to + 3] = address
}
