// Linux netfilter: what the LOG target of iptables and the log statement of nftables write through the kernel, with the
// prefixes of UFW, firewalld, Shorewall, SuSEfirewall2, OpenWrt, Proxmox VE, EdgeOS, VyOS and UniFi. The kernel says
// what the packet was, never what became of it: that is only in the prefix, which the administrator or the product chose.
// Source: net/netfilter/nf_log_syslog.c of the kernel.
import { DESTINATION, type EventRecord, SOURCE } from '../event.ts'
import { ascii, find } from '../lib/bytes.ts'
import type { Message } from '../message.ts'
import { readPrefix } from './netfilter-prefix.ts'
import { END, Pairs } from './pairs.ts'
import { hasPorts, readProtocol } from './protocols.ts'
import { Reading, type Recogniser } from './recogniser.ts'

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

const SOURCE_KEY = ascii('SRC=')
const DESTINATION_KEY = ascii(' DST=')
/** How far into a message the packet may begin: behind headers, prefix, interfaces and hardware addresses. */
const REACH = 400
/** The longest address, and brackets or a level. */
const ADDRESS_MAX = 48

/** Where ` SRC=` stands that ` DST=` follows, or -1. */
function packetStart(message: Message): number {
  const { bytes, body, end } = message
  const limit = Math.min(end, body + REACH)
  for (let at = find(bytes, body, limit, SOURCE_KEY); at >= 0; at = find(bytes, at + 1, limit, SOURCE_KEY)) {
    const before = bytes[at - 1]
    if (at === body || (before !== 0x20 && before !== 0x3e)) continue
    if (find(bytes, at, Math.min(end, at + ADDRESS_MAX + DESTINATION_KEY.length), DESTINATION_KEY) >= 0) return at
  }
  return -1
}

function read(message: Message, event: EventRecord): Reading {
  const { bytes, end } = message
  const start = packetStart(message)
  readPrefix(message, start, event)
  pairs.begin(bytes, start, end)
  let embedded = false
  for (let field = pairs.next(); field !== END && !embedded; field = pairs.next()) {
    switch (field) {
      case Field.source:
        if (!event.hasSource) event.hasSource = pairs.address(event.words, SOURCE)
        break
      case Field.destination:
        // an ICMP error carries the packet that it is about: [SRC=... DST=... SPT=...]
        embedded = event.hasDestination
        if (!embedded) event.hasDestination = pairs.address(event.words, DESTINATION)
        break
      case Field.length:
        // the first is the packet's, a second one UDP's
        if (event.bytes < 0) event.bytes = pairs.decimal()
        break
      case Field.protocol:
        if (event.protocol < 0) event.protocol = readProtocol(bytes, pairs.start, pairs.end)
        break
      case Field.sourcePort:
        if (event.sourcePort < 0) event.sourcePort = pairs.port()
        break
      case Field.destinationPort:
        if (event.destinationPort < 0) event.destinationPort = pairs.port()
        break
    }
  }
  if (!hasPorts(event.protocol)) event.sourcePort = event.destinationPort = -1
  return event.hasSource || event.hasDestination ? Reading.event : Reading.unreadable
}

export const netfilter: Recogniser = {
  name: 'netfilter',
  title: 'Linux netfilter (iptables, nftables, UniFi, EdgeOS)',
  claims: message => packetStart(message) >= 0,
  read,
}
