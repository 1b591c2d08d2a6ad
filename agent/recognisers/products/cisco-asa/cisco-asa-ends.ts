// The two ends of a connection as Cisco ASA writes them: `outside:192.0.2.1/443`, `inside/10.0.0.1(51234)`,
// `NP Identity Ifc:10.0.0.1/68`, `[2001:db8::1]/443`, `10.0.0.1(192.0.2.1)/80`, each perhaps with `(mapped/port)` and `(user)` behind it.
import { DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { readAddress, readIPv4 } from '../../../lib/address.ts'
import { ascii, BLANK, isDigit, readDecimal, readPort } from '../../../lib/bytes.ts'
import { putDotted, readDotted } from '../../tokenisers/dotted.ts'
import { Words } from '../../tokenisers/words.ts'

const OPEN = 0x28
const CLOSE = 0x29
const SLASH = 0x2f
const COLON = 0x3a

/** Words that may stand between `from` and the end: parts of an interface's name, `PAT address`, `laddr`. */
const SKIPPED_WORDS = 3
/** A user's name in parentheses is not longer. */
const GROUP_MAX = 256
const PORT_MAX = 65535
const PORT_DIGITS = 5

/** Services that ASA writes by name where it speaks of itself, as its command line does ('TCP Ports' in the CLI guide). */
const services = new Words({
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  tacacs: 49,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  www: 80,
  http: 80,
  kerberos: 750,
  pop3: 110,
  sunrpc: 111,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  'netbios-ssn': 139,
  imap4: 143,
  snmp: 161,
  snmptrap: 162,
  ldap: 389,
  https: 443,
  isakmp: 500,
  syslog: 514,
  ldaps: 636,
  h323: 1720,
  pptp: 1723,
  radius: 1645,
  'radius-acct': 1646,
  nfs: 2049,
  sip: 5060,
})

const stops = new Uint8Array(256)
for (const byte of ascii(' ,;()<>')) stops[byte] = 1

/** Letters, digits, `-` and `_`, of which the names of interfaces are made. */
const nameBytes = new Uint8Array(256)
for (const byte of ascii('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_')) nameBytes[byte] = 1

const isStop = (byte: number): boolean => stops[byte] === 1

/** What the last `readToken` found besides the address; a word with a colon or a slash inside is an end even if it is a name. */
let port = -1
let isEnd = false

/** Whether the last `readEnd` since `beginEnds` found a name; an end that is neither a name nor an address is damaged. */
export let wasName = false

export function beginEnds(): void {
  wasName = false
}

/**
 * Reads the end at `at` into `event` as source or destination and answers the offset behind it and its parentheses; -1 if
 * nothing that could be an end is within the next words. A name in the address's place counts as an end: it has a port.
 */
export function readEnd(bytes: Uint8Array, at: number, end: number, event: EventRecord, side: number): number {
  const plain = readPlainEnd(bytes, at, end, event, side)
  return plain >= 0 ? plain : readAnyEnd(bytes, at, end, event, side)
}

/** Nearly every end is `interface:192.0.2.1/443 `, and is read in one go; -1 for all others. */
function readPlainEnd(bytes: Uint8Array, at: number, end: number, event: EventRecord, side: number): number {
  let colon = bytes[at] === BLANK ? at + 1 : at
  while (colon < end && nameBytes[bytes[colon]] === 1) colon++
  if (colon >= end || bytes[colon] !== COLON) return -1
  const slash = readDotted(bytes, colon + 1, end)
  if (slash < 0 || bytes[slash] !== SLASH) return -1
  let value = 0
  let stop = slash + 1
  for (; stop < end && isDigit(bytes[stop]) && stop - slash <= PORT_DIGITS; stop++) value = value * 10 + bytes[stop] - 0x30
  if (stop === slash + 1 || value > PORT_MAX || (stop < end && bytes[stop] !== BLANK)) return -1
  putDotted(event.words, side)
  port = value
  wasName = false
  if (side === SOURCE) {
    event.hasSource = true
    event.sourcePort = value
  } else {
    event.hasDestination = true
    event.destinationPort = value
  }
  return skipGroups(bytes, stop, end)
}

function readAnyEnd(bytes: Uint8Array, at: number, end: number, event: EventRecord, side: number): number {
  let start = at
  for (let word = 0; word <= SKIPPED_WORDS; word++) {
    while (start < end && (bytes[start] === BLANK || bytes[start] === 0x3d || bytes[start] === OPEN || bytes[start] === 0x3c)) start++
    let stop = start
    while (stop < end && !isStop(bytes[stop])) stop++
    port = -1
    const hasAddress = readToken(bytes, start, trimmed(bytes, start, stop), event.words, side)
    if (hasAddress || isEnd) {
      wasName = !hasAddress && hasName(bytes, start, stop)
      const next = skipGroups(bytes, stop, end)
      if (side === SOURCE) {
        event.hasSource = hasAddress
        event.sourcePort = port
      } else {
        event.hasDestination = hasAddress
        event.destinationPort = port
      }
      return next
    }
    if (stop >= end || bytes[stop] === 0x2c || bytes[stop] === 0x3b) return -1
    start = stop + 1
  }
  return -1
}

/** A letter behind the interface that is no hexadecimal digit, or a sign that only names have. */
function hasName(bytes: Uint8Array, start: number, stop: number): boolean {
  let at = start
  for (let i = start; i < stop; i++) if (bytes[i] === COLON) at = i + 1
  for (; at < stop; at++) {
    const lower = bytes[at] | 0x20
    if ((lower >= 0x67 && lower <= 0x7a) || bytes[at] === 0x2d || bytes[at] === 0x5f) return true
  }
  return false
}

/** Without the full stop, colon or quote that ends a sentence. */
function trimmed(bytes: Uint8Array, start: number, end: number): number {
  let stop = end
  while (stop > start && (bytes[stop - 1] === 0x2e || bytes[stop - 1] === 0x22 || (bytes[stop - 1] === COLON && bytes[stop - 2] !== COLON)))
    stop--
  return stop
}

function readToken(bytes: Uint8Array, start: number, stop: number, words: Uint32Array, side: number): boolean {
  let firstColon = -1
  let colons = 0
  let firstSlash = -1
  let slash = -1
  let sign = -1
  for (let i = start; i < stop; i++) {
    const byte = bytes[i]
    if (byte === COLON) {
      if (++colons === 1) firstColon = i
    } else if (byte === SLASH) {
      if (firstSlash < 0) firstSlash = i
      slash = i
    } else if (byte === 0x40) sign = i
  }
  isEnd = slash >= 0 || colons > 0
  const head = slash < 0 ? stop : slash
  if (slash >= 0) port = readService(bytes, slash + 1, stop)
  if (colons === 1 && firstColon < head && readFour(bytes, firstColon + 1, head, words, side)) return true
  // an interface may be called `dc1`, which could be the first group of an IPv6 address as well
  const isNamed = colons > 1 && firstColon < head && !isFirstGroup(bytes, start, firstColon)
  if (isNamed && readAddress(bytes, firstColon + 1, head, words, side)) return true
  if (readAddress(bytes, start, head, words, side)) return true
  if (colons > 1 && firstColon < head && readAddress(bytes, firstColon + 1, head, words, side)) return true
  if (firstSlash >= 0 && readAddress(bytes, firstSlash + 1, stop, words, side)) {
    port = -1
    return true
  }
  if (colons > 1 && readAddress(bytes, behindName(bytes, start, head), head, words, side)) return true
  return sign >= 0 && readAddress(bytes, sign + 1, head, words, side)
}

/** Where the address begins behind the name of an interface that has colons of its own: `v1:outside:192.0.2.1`. */
function behindName(bytes: Uint8Array, start: number, end: number): number {
  let colon = start - 1
  let dots = 0
  for (let at = end - 1; at >= start; at--) {
    const byte = bytes[at]
    if (byte === 0x2e) dots++
    if (byte === COLON) colon = at
    // IPv4 has no colons, and beyond a byte that no address has is the name
    if (byte === COLON && dots > 0) return at + 1
    if (byte !== COLON && byte !== 0x2e && !isDigit(byte) && ((byte | 0x20) < 0x61 || (byte | 0x20) > 0x66)) break
  }
  return colon + 1
}

/** Whether addresses in use begin so (IANA's registry): 2000 to 3fff, fc00 and above, 64 (RFC 6052), or nothing, as in `::1`. */
function isFirstGroup(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length === 0 || (length === 2 && bytes[start] === 0x36 && bytes[start + 1] === 0x34)) return true
  if (length !== 4) return false
  return bytes[start] === 0x32 || bytes[start] === 0x33 || ((bytes[start] | 0x20) === 0x66 && (bytes[start + 1] | 0x20) >= 0x63)
}

/** The common case first: IPv4 behind an interface's name. */
function readFour(bytes: Uint8Array, start: number, end: number, words: Uint32Array, at: number): boolean {
  const value = readIPv4(bytes, start, end)
  if (value < 0) return false
  words[at] = words[at + 1] = 0
  words[at + 2] = 0xffff
  words[at + 3] = value
  return true
}

const readService = (bytes: Uint8Array, start: number, end: number): number =>
  isDigit(bytes[start]) ? readPort(bytes, start, end) : services.find(bytes, start, end)

/** Past `(port)`, ` (mapped/port)`, `(user, 9999:group)`, `(real)/port` and the blanks before them. */
function skipGroups(bytes: Uint8Array, at: number, end: number): number {
  let next = at
  for (;;) {
    const open = bytes[next] === BLANK || bytes[next] === 0x3e ? next + 1 : next
    if (open >= end || bytes[open] !== OPEN) return next
    const limit = Math.min(end, open + GROUP_MAX)
    let close = open + 1
    while (close < limit && bytes[close] !== CLOSE) close++
    if (close >= limit) return next
    if (port < 0) port = portOf(readDecimal(bytes, open + 1, close))
    next = close + 1
    if (bytes[next] !== SLASH || !isDigit(bytes[next + 1])) continue
    let stop = next + 1
    while (stop < end && isDigit(bytes[stop])) stop++
    if (port < 0) port = readPort(bytes, next + 1, stop)
    next = stop
  }
}

const portOf = (number: number): number => (number <= PORT_MAX ? number : -1)

/** `before` ends in an end, perhaps with parentheses behind it: where that end begins. */
export function endBefore(bytes: Uint8Array, start: number, before: number): number {
  let at = before
  while (at > start && bytes[at - 1] === CLOSE) {
    while (at > start && bytes[at - 1] !== OPEN) at--
    at--
    if (at > start && bytes[at - 1] === BLANK) at--
  }
  while (at > start && bytes[at - 1] !== BLANK && bytes[at - 1] !== OPEN) at--
  return Math.max(at, start)
}

/** Source and destination change places. */
export function swapEnds(event: EventRecord): void {
  const { words, hasSource, sourcePort } = event
  for (let i = 0; i < 4; i++) {
    const word = words[SOURCE + i]
    words[SOURCE + i] = words[DESTINATION + i]
    words[DESTINATION + i] = word
  }
  event.hasSource = event.hasDestination
  event.hasDestination = hasSource
  event.sourcePort = event.destinationPort
  event.destinationPort = sourcePort
}
