// Who counts as one caller where only an address is known: an IPv4 address, or the /64 of an IPv6 one, which is the least
// that one customer of a provider gets (RFC 6177).
import ipaddr from 'ipaddr.js'

export function networkOf(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? `${parsed.parts.slice(0, 4).map(toHex).join(':')}::/64` : parsed.toString()
}

const toHex = (part: number): string => part.toString(16)
