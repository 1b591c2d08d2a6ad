// Linux netfilter: what the LOG target of iptables and the log statement of nftables write through the kernel, with the
// prefixes of UFW, firewalld, Shorewall, SuSEfirewall2, OpenWrt, Proxmox VE, EdgeOS, VyOS and UniFi. The kernel says
// what the packet was, never what became of it: that is only in the prefix, which the administrator or the product chose.
// Source: net/netfilter/nf_log_syslog.c of the kernel.
import { DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { ascii, find, findByte, isLetter, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { isDaemon } from '../../tokenisers/daemon.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { END, Pairs } from '../../tokenisers/pairs.ts'
import { hasPorts, readProtocol } from '../../tokenisers/protocols.ts'
import { readRulePrefix } from '../../tokenisers/rule-prefix.ts'

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

const IN = ascii('IN=')
const KERNEL = new Needle('kernel:')
const DESCRIPTION = ascii('DESCR=')
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
 * Where a quotation begins, or `end`: kernels quote nothing but the description of a rule (UniFi: `DESCR="..."`), web servers what
 * strangers ask them for.
 */
function quotedFrom(bytes: Uint8Array, start: number, end: number): number {
  const quote = findByte(bytes, start, end, 0x22)
  return quote < 0 || startsWith(bytes, quote - DESCRIPTION.length, quote, DESCRIPTION) ? end : quote
}

/** Reads what the rule put before IN=, in front of `packet`. */
function readPrefix(message: Message, packet: number, event: EventRecord): void {
  const { bytes } = message
  const kernel = KERNEL.find(bytes, message.start, packet)
  const start = kernel >= 0 ? kernel + KERNEL.length : Math.max(message.start, message.hostEnd)
  readRulePrefix(bytes, start, prefixEnd(bytes, start, packet), event)
}

/** Where the interfaces begin, or before that the description of a rule, which is free text. */
function prefixEnd(bytes: Uint8Array, start: number, packet: number): number {
  let end = find(bytes, start, packet, IN)
  while (end > start && isLetter(bytes[end - 1])) end = find(bytes, end + 1, packet, IN)
  if (end < 0) end = packet
  const description = DESCRIPTION_WORD.find(bytes, start, end)
  return description < 0 ? end : description
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
  return event.hasSource || event.hasDestination ? Reading.event : Reading.unreadable
}

export const netfilter: Recogniser = {
  name: 'netfilter',
  title: 'Linux netfilter (iptables, nftables, UniFi, EdgeOS)',
  claims: message => (isDaemon(message) ? NOT_OURS : packetStart(message)),
  read,
}
