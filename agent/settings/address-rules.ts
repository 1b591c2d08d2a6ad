// Which addresses, gateways and networks fit together. Pure; a fault is a text for people, '' is none.
import { isIPv4 } from 'node:net'
import { parsePrefix } from '../lib/prefix.ts'
import { isAddress } from './shapes.ts'

const rangeOf = (text: string): { first: bigint; last: bigint } => parsePrefix(text) ?? { first: 0n, last: 0n }

/** Ranges in which no card has its own address (RFC 1122 section 3.2.1.3, RFC 4291 sections 2.5.2, 2.5.3 and 2.7). */
const unusable: readonly (readonly [range: string, why: string])[] = [
  ['0.0.0.0/8', 'is no address of a machine'],
  ['127.0.0.0/8', 'is an address of loopback'],
  ['224.0.0.0/3', 'is an address of multicast, or reserved'],
  ['::/128', 'is no address of a machine'],
  ['::1/128', 'is an address of loopback'],
  ['ff00::/8', 'is an address of multicast'],
]

const whyUnusable = (address: string): string => {
  const at = rangeOf(address).first
  const found = unusable.find(([text]) => {
    const { first, last } = rangeOf(text)
    return isIPv4(address) === isIPv4(text.split('/')[0]) && first <= at && at <= last
  })
  return found?.[1] ?? ''
}

/** What is wrong with an address that a card is to have, with its prefix length. */
export function interfaceFault(text: string): string {
  const [address, length] = text.split('/')
  if (!isAddress(address)) return 'must be addresses with prefix length such as 192.0.2.10/24'
  const v4 = isIPv4(address)
  if (length === undefined) return `${address} lacks its prefix length, for example ${address}/${v4 ? 24 : 64}`
  if (parsePrefix(text) === undefined || Number(length) === 0) return `/${length} is no prefix length of ${v4 ? 'IPv4' : 'IPv6'}`
  const why = whyUnusable(address)
  if (why !== '') return `${address} ${why}`
  const { first, last } = rangeOf(text)
  const own = rangeOf(address).first
  if (v4 && Number(length) < 31 && own === first) return `${text} is the network itself, not an address in it`
  if (v4 && Number(length) < 31 && own === last) return `${text} is the broadcast address of its network`
  return ''
}

const linkLocal = rangeOf('fe80::/10')

/** What is wrong with gateways beside the addresses: each has to be reachable by one of the same family. */
export function networkFaults(addresses: readonly string[], gateways: readonly string[]): string[] {
  const faults: string[] = []
  for (const gateway of gateways) {
    const v4 = isIPv4(gateway)
    const family = v4 ? 'IPv4' : 'IPv6'
    const at = rangeOf(gateway).first
    const near = addresses.filter(address => isIPv4(address.split('/')[0]) === v4)
    const isNear =
      (!v4 && at >= linkLocal.first && at <= linkLocal.last) || near.some(one => rangeOf(one).first <= at && at <= rangeOf(one).last)
    if (whyUnusable(gateway) !== '') faults.push(`${gateway}: ${whyUnusable(gateway)}`)
    else if (near.length === 0) faults.push(`${gateway}: an ${family} gateway needs a static ${family} address in network.address`)
    else if (!isNear) faults.push(`${gateway}: lies in no network of network.address (${near.join(', ')})`)
    else if (near.some(one => rangeOf(one.split('/')[0]).first === at)) faults.push(`${gateway}: is the address of the box itself`)
    if (gateways.some(other => other !== gateway && isIPv4(other) === v4 && gateways.indexOf(other) < gateways.indexOf(gateway)))
      faults.push(`${gateway}: there is another ${family} gateway already`)
  }
  return faults
}
