// SonicWall firewalls (SonicOS, 'enhanced' and default syslog format) and what the SMA appliances write in it:
// id=firewall sn=... time="..." fw=... pri= c= m= msg="..." src=ip:port:interface[:host] dst=... proto=tcp/https ...
// Source: SonicOS 6.5 and 7.0 Log Events Reference Guide, 'Index of Syslog Tag Field Descriptions'.
import { Action, DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { findByte, isDigit, readDecimal, readPort } from '../../../lib/bytes.ts'
import { readDateTime, Stamp } from '../../../lib/calendar.ts'
import type { Message } from '../../../message.ts'
import { Reading, type Recogniser } from '../../recogniser.ts'
import { isDaemon } from '../../tokenisers/daemon.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { bothWays, END, Pairs, Span } from '../../tokenisers/pairs.ts'
import { hasPorts, readProtocol } from '../../tokenisers/protocols.ts'
import { NO_WORD } from '../../tokenisers/words.ts'
import { actionOfNumber, actionOfText, firewallActions } from './sonicwall-events.ts'

const Field = {
  time: 1,
  m: 2,
  msg: 3,
  src: 4,
  dst: 5,
  proto: 6,
  sent: 7,
  rcvd: 8,
  spkt: 9,
  rpkt: 10,
  rule: 11,
  sid: 12,
  fw_action: 13,
} as const
/** IPv6 addresses stand apart, bare or as [address]:port, beside a src= that then has no address. */
const pairs = new Pairs({ ...Field, srcV6: Field.src, dstV6: Field.dst })

const SERIAL = new Needle(' sn=')
const COLON = 0x3a
const BLANK = 0x20
/** How far into a message its serial number may stand, behind the headers of relays. */
const REACH = 300

/** Where `id=... sn=` begins, or -1. */
function identity(message: Message): number {
  const { bytes, body } = message
  let at = SERIAL.find(bytes, body, Math.min(message.end, body + REACH))
  if (at < 0) return -1
  while (at > body && bytes[at - 1] === BLANK) at--
  while (at > body && bytes[at - 1] !== BLANK && bytes[at - 1] !== 0x3e) at--
  return bytes[at] === 0x69 && bytes[at + 1] === 0x64 && bytes[at + 2] === 0x3d ? at : -1
}

/** Where the parts of `ip:port:interface:host` meet, for one end of a connection; offsets behind the address and around the port. */
const part = { addressEnd: 0, portStart: 0, portEnd: 0 }

/**
 * Splits bytes[start, end) = `ip:port:interface:host`, of which any part may be missing or empty. An IPv6 address has
 * colons of its own: there the interface, whose name is never hexadecimal, says that the group before it is the port.
 */
function split(bytes: Uint8Array, start: number, end: number): void {
  let at = start
  if (bytes[start] === 0x5b) {
    const close = findByte(bytes, start, end, 0x5d)
    at = part.addressEnd = close < 0 ? end : close + 1
  } else {
    const colon = findByte(bytes, start, end, COLON)
    if (colon < 0 || isDotted(bytes, start, colon)) at = part.addressEnd = colon < 0 ? end : colon
    else {
      splitIPv6(bytes, start, end)
      return
    }
  }
  part.portStart = Math.min(at + 1, end)
  const behind = findByte(bytes, part.portStart, end, COLON)
  part.portEnd = behind < 0 ? end : behind
}

function splitIPv6(bytes: Uint8Array, start: number, end: number): void {
  part.addressEnd = part.portStart = part.portEnd = end
  let at = start
  let last = -1
  let before = -1
  for (; at < end; at++) {
    const byte = bytes[at]
    if (byte === COLON) {
      before = last
      last = at
    } else if (!isHexadecimal(byte)) break
  }
  if (at === end || before < 0) return
  part.addressEnd = before
  part.portStart = before + 1
  part.portEnd = last
}

/** Does it begin as an IPv4 address? A group of IPv6 has no dot behind it. */
function isDotted(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && isDigit(bytes[at])) at++
  return at > start && bytes[at] === 0x2e
}

const isHexadecimal = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

const stamp = new Stamp()
const text = new Span()

function decideAction(bytes: Uint8Array, number: number, done: number): number {
  const numbered = actionOfNumber(number)
  // the number knows a login from a packet; whether the packet went through, fw_action knows best
  if (numbered === Action.loginFailed || numbered === Action.end) return numbered
  if (done !== NO_WORD && (done !== Action.allow || numbered === NO_WORD)) return done
  if (numbered !== NO_WORD && numbered !== Action.detect) return numbered
  const said = actionOfText(bytes, text.start, text.end)
  if (numbered === Action.detect) return said === Action.drop || said === Action.deny ? said : numbered
  return said === NO_WORD ? Action.other : said
}

/** `15 (LAN->WAN)`: the number of an access rule and the zones between which it stands; some have a name instead. */
function readRule(bytes: Uint8Array, start: number, end: number): number {
  const blank = findByte(bytes, start, end, BLANK)
  const rule = blank > 0 && bytes[blank + 1] !== 0x28 ? -1 : readDecimal(bytes, start, blank < 0 ? end : blank)
  return rule < 2 ** 32 ? rule : -1
}

function read(message: Message, event: EventRecord): Reading {
  const { bytes, end } = message
  let number = -1
  let done: number = NO_WORD
  let sentBytes = -1
  let receivedBytes = -1
  let sentPackets = -1
  let receivedPackets = -1
  let signature = -1
  let isAboutConnection = false
  text.clear()
  pairs.begin(bytes, identity(message), end)
  for (let field = pairs.next(); field !== END; field = pairs.next()) {
    switch (field) {
      case Field.time:
        if (readDateTime(bytes, pairs.start, pairs.end, stamp)) {
          event.time = stamp.time
          event.clock = stamp.clock
        }
        break
      case Field.m:
        number = pairs.decimal()
        break
      case Field.msg:
        pairs.keep(text)
        break
      case Field.src:
        isAboutConnection = true
        split(bytes, pairs.start, pairs.end)
        if (!event.hasSource) event.hasSource = readAddress(bytes, pairs.start, part.addressEnd, event.words, SOURCE)
        if (event.sourcePort < 0) event.sourcePort = readPort(bytes, part.portStart, part.portEnd)
        break
      case Field.dst:
        isAboutConnection = true
        split(bytes, pairs.start, pairs.end)
        if (!event.hasDestination) event.hasDestination = readAddress(bytes, pairs.start, part.addressEnd, event.words, DESTINATION)
        if (event.destinationPort < 0) event.destinationPort = readPort(bytes, part.portStart, part.portEnd)
        break
      case Field.proto: {
        const slash = findByte(bytes, pairs.start, pairs.end, 0x2f)
        event.protocol = readProtocol(bytes, pairs.start, slash < 0 ? pairs.end : slash)
        break
      }
      case Field.sent:
        sentBytes = pairs.decimal()
        break
      case Field.rcvd:
        receivedBytes = pairs.decimal()
        break
      case Field.spkt:
        sentPackets = pairs.decimal()
        break
      case Field.rpkt:
        receivedPackets = pairs.decimal()
        break
      case Field.rule:
        if (event.rule < 0) event.rule = readRule(bytes, pairs.start, pairs.end)
        break
      case Field.sid:
        signature = pairs.identifier()
        break
      case Field.fw_action:
        done = firewallActions.find(bytes, pairs.start, pairs.end)
        break
    }
  }
  event.action = decideAction(bytes, number, done)
  event.bytes = bothWays(sentBytes, receivedBytes)
  event.packets = bothWays(sentPackets, receivedPackets)
  if (signature >= 0) event.rule = signature
  if (!hasPorts(event.protocol)) event.sourcePort = event.destinationPort = -1
  if (event.hasSource || event.hasDestination) return Reading.event
  return isAboutConnection ? Reading.unreadable : Reading.ignored
}

export const sonicwall: Recogniser = {
  name: 'sonicwall',
  title: 'SonicWall',
  claims: message => !isDaemon(message) && identity(message) >= 0,
  read,
}
