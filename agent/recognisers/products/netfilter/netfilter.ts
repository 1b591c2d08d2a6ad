// Linux netfilter: what the LOG target of iptables and the log statement of nftables write through the kernel, with the
// prefixes of UFW, firewalld, Shorewall, SuSEfirewall2, OpenWrt, Proxmox VE, EdgeOS, VyOS and UniFi. The kernel says
// what the packet was, never what became of it: that is only in the prefix, which the administrator or the product chose.
// Source: net/netfilter/nf_log_syslog.c of the kernel.
import { Action, DESTINATION, type EventRecord, Protocol, SOURCE } from '../../../event.ts'
import { ascii, BLANK, find, findByte, isLetter, readIdentifier, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { END, Pairs } from '../../tokenisers/pairs.ts'
import { isOfDaemon, isOwnPlace, isRelayedByDaemon } from '../../tokenisers/place.ts'
import { hasPorts, readProtocol } from '../../tokenisers/protocols.ts'
import { readRulePrefix } from '../../tokenisers/rule-prefix.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

const Field = { source: 1, destination: 2, length: 3, protocol: 4, sourcePort: 5, destinationPort: 6 } as const

const pairs = new Pairs({
  SRC: Field.source,
  DST: Field.destination,
  LEN: Field.length,
  PROTO: Field.protocol,
  SPT: Field.sourcePort,
  DPT: Field.destinationPort,
  // kernels before 2.6.36 (home routers still run them) repeat the level inside the line
  '<1>SRC': Field.source,
  '<1>LEN': Field.length,
  '<1>SPT': Field.sourcePort,
})

const OPEN = 0x5b
const CLOSE = 0x5d
const EQUALS = 0x3d
const QUOTE = 0x22
const KERNEL_TAG = ascii('kernel')
const ULOGD = ascii('ulogd')
const IN = ascii('IN=')
const KERNEL = new Needle('kernel:')
const DESCRIPTION = ascii('DESCR=')
const DESCRIPTION_END = ascii('" IN=')
/** How the description of a policy of UniFi's own begins. */
const policies = new Words({ block: Action.drop, drop: Action.drop, reject: Action.reject, allow: Action.allow, return: Action.allow })
const DASH = 0x2d
const DESCRIPTION_WORD = new Needle(' DESCR=')
const SOURCE_KEY = new Needle('SRC=')
const DESTINATION_KEY = new Needle(' DST=')
/** How far into a message the packet may begin: behind headers, prefix, interfaces and hardware addresses. */
const REACH = 400
/** The longest address, and brackets or a level. */
const ADDRESS_MAX = 48

/** Where ` SRC=` stands that ` DST=` follows, or -1. */
function packetStart(message: Message): number {
  const { bytes, body, end } = message
  const limit = Math.min(end, quotedFrom(bytes, body, Math.min(end, body + REACH)))
  for (let at = SOURCE_KEY.find(bytes, body, limit); at >= 0; at = SOURCE_KEY.find(bytes, at + 1, limit)) {
    const before = bytes[at - 1]
    if (at === body || (before !== 0x20 && before !== 0x3e)) continue
    if (DESTINATION_KEY.find(bytes, at, Math.min(end, at + ADDRESS_MAX + DESTINATION_KEY.length)) >= 0) return at
  }
  return -1
}

/**
 * Where a quotation begins, or `end`: kernels quote nothing but the description of a rule (UniFi: `DESCR="..."`) and a prefix (firewalld
 * up to 1.0: `"filter_IN_public_REJECT: "IN=`), web servers what strangers ask them for.
 */
function quotedFrom(bytes: Uint8Array, start: number, end: number): number {
  const quote = findByte(bytes, start, end, QUOTE)
  if (quote < 0 || startsWith(bytes, quote - DESCRIPTION.length, quote, DESCRIPTION)) return end
  const close = isBeginning(bytes, start, quote) ? findByte(bytes, quote + 1, end, QUOTE) : -1
  return close >= 0 && startsWith(bytes, close + 1, end, IN) ? end : quote
}

/** Whether nothing stands in front of `at` but the kernel's tag, its clock and its processor: `[32800.864][    C0]`. */
function isBeginning(bytes: Uint8Array, start: number, at: number): boolean {
  let isInside = startsWith(bytes, start, at, KERNEL_TAG)
  for (let i = start; i < at; i++) {
    if (bytes[i] === OPEN) isInside = true
    else if (bytes[i] === CLOSE) isInside = false
    else if (!isInside && bytes[i] !== BLANK) return false
  }
  return true
}

/** Whether the kernel wrote the line, or ulogd for it. */
function isOfKernel(message: Message): boolean {
  const { bytes, tagStart, tagEnd } = message
  const name = startsWith(bytes, tagStart, tagEnd, KERNEL_TAG) ? KERNEL_TAG : startsWith(bytes, tagStart, tagEnd, ULOGD) ? ULOGD : undefined
  return name !== undefined && !isLetter(bytes[tagStart + name.length]) && !isRelayedByDaemon(message)
}

/** Where ` SRC=` stands, or NOT_OURS. */
function claims(message: Message): number {
  const packet = packetStart(message)
  if (packet < 0 || isOfKernel(message)) return packet
  if (isOfDaemon(message) || !isInterfaceInPlace(message, packet)) return NOT_OURS
  return packet
}

/**
 * Whether the interfaces, which kernels write in front of the addresses, are where nobody but the kernel put them: behind the prefix of a
 * rule, which is at the very beginning if the line has a tag, and else behind a few words.
 */
function isInterfaceInPlace(message: Message, packet: number): boolean {
  const { bytes, body } = message
  const start = behindBrackets(bytes, body, packet)
  const found = interfacesStart(bytes, start, packet)
  const interfaces = found < 0 && start > body ? packet : found
  if (interfaces <= start) return interfaces === start
  if (message.tagEnd === message.tagStart) return isOwnPlace(message, interfaces - 1)
  // one word, as a prefix, and perhaps a blank behind it
  return findByte(bytes, start, interfaces - 1, BLANK) < 0 && findByte(bytes, start, interfaces, EQUALS) < 0
}

/** Past the kernel's tag, its clock, prefixes in brackets, and a description behind them: `kernel: [3.8] [LAN-3-D] DESCR="..."`. */
function behindBrackets(bytes: Uint8Array, start: number, end: number): number {
  let at = startsWith(bytes, start, end, KERNEL.text) ? start + KERNEL.length : start
  for (;;) {
    while (at < end && bytes[at] === BLANK) at++
    const isDescribed = at > start && startsWith(bytes, at, end, DESCRIPTION)
    const close = isDescribed ? find(bytes, at, end, DESCRIPTION_END) : bytes[at] === OPEN ? findByte(bytes, at, end, CLOSE) : -1
    if (close < 0) return at
    at = close + 1
  }
}

/** Reads what the rule put before IN=, in front of `packet`. */
function readPrefix(message: Message, packet: number, event: EventRecord): void {
  const { bytes } = message
  const kernel = KERNEL.find(bytes, message.start, packet)
  const start = kernel >= 0 ? kernel + KERNEL.length : Math.max(message.start, message.hostEnd)
  const end = prefixEnd(bytes, start, packet)
  readRulePrefix(bytes, start, end, event)
  if (event.action === Action.other && startsWith(bytes, end, packet, DESCRIPTION_WORD.text))
    readDescription(bytes, start, end, packet, event)
}

/**
 * UniFi's own policies between zones have no letter: `[GUEST_WAN-30004] DESCR="[GUEST_WAN]Block Unauthorized Traffic"`. Their description
 * begins with what they do; the rest of it is free text.
 */
function readDescription(bytes: Uint8Array, first: number, start: number, packet: number, event: EventRecord): void {
  const zones = findByte(bytes, start, packet, OPEN)
  const close = zones === start + DESCRIPTION_WORD.length + 1 ? findByte(bytes, zones, packet, CLOSE) : -1
  if (close < 0) return
  let stop = close + 1
  while (stop < packet && isLetter(bytes[stop])) stop++
  const action = policies.find(bytes, close + 1, stop)
  if (action === NO_WORD) return
  event.action = action
  let dash = start
  while (dash > first && bytes[dash] !== DASH) dash--
  event.rule = readIdentifier(bytes, dash + 1, findByte(bytes, dash, start, CLOSE))
}

/** Where `IN=` is, or -1. */
function interfacesStart(bytes: Uint8Array, start: number, packet: number): number {
  let at = find(bytes, start, packet, IN)
  while (at > start && isLetter(bytes[at - 1])) at = find(bytes, at + 1, packet, IN)
  return at
}

/** Where the interfaces begin, or before that the description of a rule, which is free text. */
function prefixEnd(bytes: Uint8Array, start: number, packet: number): number {
  const interfaces = interfacesStart(bytes, start, packet)
  const end = interfaces < 0 ? packet : interfaces
  const description = DESCRIPTION_WORD.find(bytes, start, end)
  return description < 0 ? end : description
}

const RESERVED = new Needle(' RES=')
const SYN = ascii('SYN ')
const URGENT = ascii('URGP=')

/** Whether the flags of a TCP packet, which stand between two words behind the ports, are there without SYN. */
function isWithoutSyn(bytes: Uint8Array, start: number, end: number): boolean {
  const from = RESERVED.find(bytes, start, end)
  if (from < 0) return false
  for (let at = from + RESERVED.length; at < end; at++) {
    if (bytes[at] === SYN[0] && startsWith(bytes, at, end, SYN)) return false
    if (bytes[at] === URGENT[0] && startsWith(bytes, at, end, URGENT)) return true
  }
  return false
}

function read(message: Message, event: EventRecord, start: number): Reading {
  const { bytes, end } = message
  readPrefix(message, start, event)
  pairs.begin(bytes, start, end)
  let isRead = false
  for (let field = pairs.next(); field !== END && !isRead; field = pairs.next()) {
    switch (field) {
      case Field.source:
        if (!event.hasSource) event.hasSource = pairs.address(event.words, SOURCE)
        break
      case Field.destination:
        if (!event.hasDestination) event.hasDestination = pairs.address(event.words, DESTINATION)
        break
      case Field.length:
        // the first is the packet's, a second one UDP's
        if (event.bytes < 0) event.bytes = pairs.decimal()
        break
      case Field.protocol:
        event.protocol = readProtocol(bytes, pairs.start, pairs.end)
        // an ICMP error goes on with the packet that it is about: [SRC=... DST=... PROTO=UDP SPT=... DPT=...]
        isRead = !hasPorts(event.protocol)
        break
      case Field.sourcePort:
        event.sourcePort = pairs.port()
        break
      case Field.destinationPort:
        event.destinationPort = pairs.port()
        isRead = true
        break
    }
  }
  event.isLate = event.protocol === Protocol.tcp && isWithoutSyn(bytes, pairs.end, end)
  return event.hasSource || event.hasDestination ? Reading.event : Reading.unreadable
}

export const netfilter: Recogniser = {
  name: 'netfilter',
  title: 'Linux netfilter (iptables, nftables, UniFi, EdgeOS)',
  claims,
  read,
}
