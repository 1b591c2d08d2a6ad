// pfSense and OPNsense: the packet filter's log in the format of filterlog, and failed logins to the web interface of
// pfSense, and what packages on them tell of connections. Other daemons (sshd, dhcpd, ...) are other products.
// Source: docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html; OPNsense writes the same columns,
// with a hash where pfSense has the rule's tracker number.
import { Action, DESTINATION, Direction, type EventRecord, Protocol, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, find, findByte, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { Columns } from '../../tokenisers/columns.ts'
import { findLast } from '../../tokenisers/phrases.ts'
import { isOfDaemon, isOwnPlace, isRelayedByDaemon } from '../../tokenisers/place.ts'
import { readProtocol } from '../../tokenisers/protocols.ts'
import { Words } from '../../tokenisers/words.ts'
import { packageName, readPackage } from './pfsense-packages.ts'

const FILTERLOG = ascii('filterlog')
/** How far into a message its identity may stand, behind the headers of relays. */
const REACH = 300

const Column = { tracker: 3, action: 6, direction: 7, version: 8 } as const

/** Where IPv4 and IPv6 differ. IPv4 has the protocol's number before its name, IPv6 behind it: both are read by number. */
const Four = { protocol: 15, length: 17, source: 18 } as const
const Six = { protocol: 13, length: 14, source: 15 } as const
const WANTED = Four.source + 6

/** pf drops what it blocks without a word and answers what it rejects (pf.conf(5): block drop, block return). */
const actions = new Words({ pass: Action.allow, block: Action.drop, reject: Action.reject })
const directions = new Words({ in: Direction.inbound, out: Direction.outbound })

const columns = new Columns(WANTED)

/** Where the columns begin; -1 if this is no line of filterlog. */
function columnsStart(message: Message): number {
  const { bytes, body, end } = message
  if (message.tagEnd > message.tagStart) return startsWith(bytes, message.tagStart, message.tagEnd, FILTERLOG) ? body : -1
  const limit = Math.min(end, body + REACH)
  const name = find(bytes, body, limit, FILTERLOG)
  // a word of its own, as a tag behind a header that could not be read
  if (name < 0 || (name > body && bytes[name - 1] !== 0x20) || !isTagEnd(bytes[name + FILTERLOG.length])) return -1
  if (!isOwnPlace(message, name)) return -1
  const comma = findByte(bytes, name, limit, 0x2c)
  let start = comma < 0 ? limit : comma
  while (start > name && bytes[start - 1] !== 0x20) start--
  return comma < 0 || start === name ? -1 : start
}

const isTagEnd = (byte: number): boolean => byte === 0x3a || byte === 0x5b || byte === 0x20

const SYN = 0x53

/** Whether the column has the flags of a TCP packet, and no SYN among them. */
function isWithoutSyn(bytes: Uint8Array, column: number): boolean {
  const start = columns.start(column)
  const end = columns.end(column)
  return end > start && findByte(bytes, start, end, SYN) < 0
}

function readFilter(bytes: Uint8Array, start: number, end: number, event: EventRecord): Reading {
  columns.split(bytes, start, end)
  const version = columns.decimal(Column.version)
  // CARP and other logs of neither version have no addresses in a known place
  if (version !== 4 && version !== 6) return Reading.unreadable
  const layout = version === 4 ? Four : Six
  event.hasSource = columns.address(layout.source, event.words, SOURCE)
  event.hasDestination = columns.address(layout.source + 1, event.words, DESTINATION)
  if (!event.hasSource || !event.hasDestination) return Reading.unreadable
  const action = actions.find(bytes, columns.start(Column.action), columns.end(Column.action))
  event.action = action < 0 ? Action.other : action
  const direction = directions.find(bytes, columns.start(Column.direction), columns.end(Column.direction))
  event.direction = direction < 0 ? Direction.unknown : direction
  event.protocol = readProtocol(bytes, columns.start(layout.protocol), columns.end(layout.protocol))
  event.bytes = columns.decimal(layout.length)
  event.rule = columns.identifier(Column.tracker)
  // behind the addresses of other protocols stand other things
  if (event.protocol === Protocol.tcp || event.protocol === Protocol.udp) {
    event.sourcePort = columns.port(layout.source + 2)
    event.destinationPort = columns.port(layout.source + 3)
    event.isLate = event.protocol === Protocol.tcp && isWithoutSyn(bytes, layout.source + 5)
  }
  return Reading.event
}

// What the web interfaces say of a failed login: pfSense and OPNsense. The name, which may hold anything, is in quotes
// before the address: it is read from the right.
const logins = [
  { phrase: ascii('webConfigurator authentication error for '), from: ascii(' from: ') },
  { phrase: ascii('Web GUI authentication error for '), from: ascii(' from ') },
]
const PAGE = ascii('.php: ')
const SLASH = 0x2f
const OPEN = 0x28
const BRACKET = 0x5d

/**
 * `/index.php: webConfigurator authentication error for user 'admin' from: 192.0.2.1` ends in the offset of the
 * address, `end` if there is none, -1 if this is no such message.
 */
function loginFrom(message: Message): number {
  const { bytes, body, end } = message
  if (bytes[body] !== SLASH || isOfDaemon(message)) return -1
  const page = find(bytes, body, Math.min(end, body + REACH), PAGE)
  if (page < 0) return -1
  const text = page + PAGE.length
  for (const { phrase, from } of logins) {
    if (!startsWith(bytes, text, end, phrase)) continue
    const at = findLast(bytes, text, end, from)
    // what is claimed to be forwarded for may be more text like this, and so may the name: then the address is not known
    const isSure = at < 0 || bytes[end - 1] !== BRACKET || find(bytes, text, end, from) === at
    return at < 0 || !isSure ? end : at + from.length
  }
  return -1
}

function readLogin(bytes: Uint8Array, at: number, end: number, event: EventRecord): Reading {
  // pfSense puts what a proxy claims to forward for in brackets behind the address: anyone may claim that
  let stop = at
  while (stop < end && bytes[stop] !== 0x20 && bytes[stop] !== 0x5b) stop++
  event.hasSource = readAddress(bytes, at, stop, event.words, SOURCE)
  if (!event.hasSource) return Reading.unreadable
  event.action = Action.loginFailed
  return Reading.event
}

/** Where the columns begin, or the address of a failed login, or the name of a package. */
function claims(message: Message): number {
  if (isRelayedByDaemon(message)) return NOT_OURS
  const columns = columnsStart(message)
  if (columns >= 0) return columns
  const login = loginFrom(message)
  return login >= 0 ? login : packageName(message)
}

function read(message: Message, event: EventRecord, start: number): Reading {
  const { bytes, body, end } = message
  // columns begin with a number, if not with a comma
  const isPackage = start < body || (start === body && start < end && bytes[start] === OPEN)
  if (isPackage) return readPackage(message, event, start)
  const isLogin = bytes[body] === SLASH && loginFrom(message) === start
  return isLogin ? readLogin(bytes, start, end, event) : readFilter(bytes, start, end, event)
}

export const pfsense: Recogniser = { name: 'pfsense', title: 'pfSense and OPNsense', claims, read }
