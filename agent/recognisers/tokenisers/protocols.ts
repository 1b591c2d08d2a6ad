// IP protocols as devices write them: by IANA number or by name in either case.
import { readDecimal } from '../../lib/bytes.ts'
import { Words } from './words.ts'

/** IANA's assigned internet protocol numbers, with the spellings that gateways use beside the registered keyword. */
const protocols = new Words({
  hopopt: 0,
  icmp: 1,
  icmpv4: 1,
  igmp: 2,
  ipip: 4,
  ipencap: 4,
  ipv4: 4,
  tcp: 6,
  egp: 8,
  igp: 9,
  udp: 17,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  icmp6: 58,
  icmpv6: 58,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  eigrp: 88,
  ospf: 89,
  ospfigp: 89,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  carp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
})

/** The protocol in bytes[start, end) as its number 0-255, or -1. */
export function readProtocol(bytes: Uint8Array, start: number, end: number): number {
  const number = end - start <= 3 ? readDecimal(bytes, start, end) : -1
  if (number >= 0) return number <= 255 ? number : -1
  return protocols.find(bytes, start, end)
}

/** ICMP has types and codes where others have ports, and some devices print them in the same place. */
export const hasPorts = (protocol: number): boolean => protocol !== 1 && protocol !== 58
