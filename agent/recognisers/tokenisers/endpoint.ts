// One end of a connection, an address with a port, in the forms that products write:
//
//   192.0.2.1:443   [2001:db8::1]:443   192.0.2.1[500]   2001:db8::1[500]   192.0.2.1/443   192.0.2.1(443)   [192.0.2.1]:443
//   192.0.2.1:443:X1:host   2001:db8::1:443:X1   192.0.2.1::X1
//
// An IPv6 address has colons of its own. Without brackets all of it is the address, unless the product always states a port, or
// what stands behind a colon can't be part of an address (`X1`, an interface): then the group in front of that was the port.
import { type EventRecord, SOURCE } from '../../event.ts'
import { readAddress } from '../../lib/address.ts'
import { ascii, readPort } from '../../lib/bytes.ts'
import { putDotted, readDotted } from './dotted.ts'

const COLON = 0x3a
const DOT = 0x2e
const OPEN = 0x5b
const CLOSE = 0x5d
const PERCENT = 0x25

/** What a byte may be: part of an address, or the mark between address and port, or what ends the port. */
const ADDRESS = 1
const MARK = 2
const PORT_END = 4
const kinds = new Uint8Array(256)
for (const byte of ascii('0123456789abcdefABCDEF.:')) kinds[byte] |= ADDRESS
for (const byte of ascii(':[/(')) kinds[byte] |= MARK
for (const byte of ascii(':])')) kinds[byte] |= PORT_END

/** Of the endpoint that was split last: where its address and its port begin and end; either may be empty. */
const part = { addressStart: 0, addressEnd: 0, portStart: 0, portEnd: 0 }

/**
 * Reads the endpoint bytes[start, end) as the `side` SOURCE or DESTINATION of `event`, and fills in what the event lacks there:
 * an address or port that it has stays. False if it has no address then. `isPortSure`: no address comes without a port.
 */
export function readEndpoint(bytes: Uint8Array, start: number, end: number, event: EventRecord, side: number, isPortSure = false): boolean {
  part.addressStart = start
  // the end of an IPv4 address is found by reading it; bytes behind `end` may be looked at, and are no part of it
  const next = readDotted(bytes, start, bytes.length)
  const isDotted = next > 0 && (next === end || (next < end && (kinds[bytes[next]] & MARK) !== 0))
  if (isDotted) splitAt(bytes, next, end)
  else split(bytes, start, end, isPortSure)
  const isSource = side === SOURCE
  if (!(isSource ? event.hasSource : event.hasDestination)) {
    const hasAddress = isDotted || readAddress(bytes, part.addressStart, part.addressEnd, event.words, side)
    if (isDotted) putDotted(event.words, side)
    if (isSource) event.hasSource = hasAddress
    else event.hasDestination = hasAddress
  }
  if (isSource && event.sourcePort < 0) event.sourcePort = readPort(bytes, part.portStart, part.portEnd)
  if (!isSource && event.destinationPort < 0) event.destinationPort = readPort(bytes, part.portStart, part.portEnd)
  return isSource ? event.hasSource : event.hasDestination
}

/** The address ends at `at`, and a port may follow the mark there. */
function splitAt(bytes: Uint8Array, at: number, end: number): void {
  part.addressEnd = at
  let stop = Math.min(at + 1, end)
  part.portStart = stop
  while (stop < end && (kinds[bytes[stop]] & PORT_END) === 0) stop++
  part.portEnd = stop
}

function split(bytes: Uint8Array, start: number, end: number, isPortSure: boolean): void {
  let at = start
  let colon = -1
  let before = -1
  if (bytes[start] === OPEN) {
    while (at < end && bytes[at] !== CLOSE) at++
    splitAt(bytes, Math.min(at + 1, end), end)
    if (at < end) {
      // readAddress knows brackets around IPv6 only
      part.addressStart = start + 1
      part.addressEnd = at
    }
    return
  }
  let hasDot = false
  for (; at < end && (kinds[bytes[at]] & ADDRESS) !== 0; at++) {
    if (bytes[at] === DOT) hasDot = true
    else if (bytes[at] === COLON) {
      if (hasDot) break
      before = colon
      colon = at
    }
  }
  // a zone, as in fe80::1%eth0
  if (at < end && bytes[at] === PERCENT) while (at < end && (bytes[at] === COLON || (kinds[bytes[at]] & MARK) === 0)) at++
  if (at === end && isPortSure && colon >= 0) splitAt(bytes, colon, end)
  else if (at === end || (kinds[bytes[at]] & MARK) !== 0) splitAt(bytes, at, end)
  else splitAt(bytes, before < 0 ? end : before, end)
}
