// Addresses that may belong to somebody: neither made for documentation (RFC 5737, 3849, 9637) nor used inside a network only.
import { parseAddress } from '../agent/lib/address.ts'
import { NetworkKind, Networks } from '../agent/triage/networks.ts'

const documentation = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']
const networks = new Networks(documentation)

/** What may be an address: four decimal numbers, or hexadecimal groups with colons between them. */
const CANDIDATE = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)|(?<![\w.:])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?![\w:]|\.\d)/gi

/** Each such address in the text once, as it is spelled there. Versions (`17.5.14.1`) look like addresses and are among them. */
export function realAddresses(text: string): string[] {
  const found = [...text.matchAll(CANDIDATE)].map(([candidate]) => candidate)
  return [...new Set(found)].filter(candidate => {
    const words = parseAddress(candidate)
    return words !== undefined && networks.kindOf(words, 0) === NetworkKind.foreign
  })
}
