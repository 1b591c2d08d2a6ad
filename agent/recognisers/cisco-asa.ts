// Cisco ASA, Firepower Threat Defense, PIX and the Firewall Services Module: `%ASA-4-106023: Deny tcp src ...`, in all the
// spellings of the code in front (`%ASA-session-5-106100`, `%FTD--6-852002`, `ASA-2-106006` that lost its per cent sign).
// IOS, NX-OS, ACE and the like write other facilities there, and are other products.
import { Action, Direction, DESTINATION, type EventRecord, SOURCE } from '../event.ts'
import { readAddress } from '../lib/address.ts'
import { ascii, find, isDigit, readPort, startsWith } from '../lib/bytes.ts'
import { readBsdTime, Stamp } from '../lib/calendar.ts'
import type { Message } from '../message.ts'
import { endBefore, readEnd, swapEnds } from './cisco-asa-ends.ts'
import { readFields } from './cisco-asa-fields.ts'
import { type Recipe, recipeFor, Shape, STATED, unlistedPairs } from './cisco-asa-messages.ts'
import { numberBehind, readLateProtocol, readWords } from './cisco-asa-words.ts'
import { findLast } from './phrases.ts'
import { hasPorts } from './protocols.ts'
import { Reading, type Recogniser } from './recogniser.ts'

const products = ['ASA', 'FTD', 'PIX', 'FWSM', 'NGIPS'].map(ascii)
const PERCENT = 0x25
const DASH = 0x2d
/** How far into a message its code may stand, behind the headers of relays, and how long the code may be. */
const REACH = 300
const CODE_MAX = 32
const ID_DIGITS = 6
const COUNT_MAX = 0xffff

/** Of the last `findCode`: its six digits, where it begins and where the text behind it does. */
let id = 0
let codeStart = 0
let textStart = 0

function findCode(message: Message): boolean {
  const { bytes, body } = message
  const end = Math.min(message.end, body + REACH)
  if (bytes[body] !== PERCENT && readCode(bytes, body, message.end)) return true
  for (let i = body; i < end; i++) {
    const byte = bytes[i]
    if (byte === PERCENT) {
      if (readCode(bytes, i + 1, message.end)) return true
    } else if (byte === 0x22 || byte === 0x7b || (byte === 0x3d && bytes[i + 1] !== 0x20)) return false // text of someone else, that may quote a code
  }
  return false
}

function readCode(bytes: Uint8Array, at: number, end: number): boolean {
  for (const product of products) {
    if (bytes[at] !== product[0] || !startsWith(bytes, at, end, product)) continue
    const limit = Math.min(end - ID_DIGITS, at + CODE_MAX)
    for (let i = at + product.length; i < limit && bytes[i] !== 0x20 && bytes[i] !== 0x3a; i++) {
      if (bytes[i] !== DASH || !isDigit(bytes[i + 1]) || !isDigit(bytes[i + 2])) continue
      let value = 0
      let digits = 0
      let stop = i + 1
      for (; stop < end && isDigit(bytes[stop]); stop++, digits++) value = value * 10 + bytes[stop] - 0x30
      if (digits !== ID_DIGITS) continue
      id = value
      codeStart = at
      // the blank in front of the text stays: the words that ends follow are looked for with their blanks
      textStart = bytes[stop] === 0x3a ? stop + 1 : stop
      return true
    }
  }
  return false
}

/** The two ends by the recipe's words; the offset behind the last one that was found, or -1 if there is none. */
function readPair(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  const source = find(bytes, textStart, end, recipe.source)
  if (source < 0) return -1
  const stated = readWords(bytes, textStart, source, event)
  event.action = recipe.action === STATED ? stated : recipe.action
  const next = readEnd(bytes, source + recipe.source.length, end, event, SOURCE)
  const from = next < 0 ? source + recipe.source.length : next
  const destination = recipe.destination.length === 0 ? -1 : find(bytes, from, end, recipe.destination)
  if (destination < 0) return next
  const last = readEnd(bytes, destination + recipe.destination.length, end, event, DESTINATION)
  return last < 0 ? next : last
}

/** The source behind the last of its words; the destination behind the first of its own, best behind the source. */
function readApart(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  const source = findLast(bytes, textStart, end, recipe.source)
  if (source < 0 && recipe.destination.length === 0) return -1
  event.action = recipe.action
  readWords(bytes, textStart, source < 0 ? end : source, event)
  const next = source < 0 ? -1 : readEnd(bytes, source + recipe.source.length, end, event, SOURCE)
  if (recipe.destination.length === 0) return next
  let destination = next < 0 ? -1 : find(bytes, next, end, recipe.destination)
  if (destination < 0) destination = find(bytes, textStart, end, recipe.destination)
  const last = destination < 0 ? -1 : readEnd(bytes, destination + recipe.destination.length, end, event, DESTINATION)
  return Math.max(next, last)
}

/** The end in front of the recipe's word, and the one behind it. */
function readArrow(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  const arrow = find(bytes, textStart, end, recipe.destination)
  if (arrow < 0) return -1
  const start = endBefore(bytes, textStart, arrow)
  const stated = readWords(bytes, textStart, start, event)
  event.action = recipe.action === STATED ? stated : recipe.action
  const next = readEnd(bytes, start, arrow, event, SOURCE)
  const last = readEnd(bytes, arrow + recipe.destination.length, end, event, DESTINATION)
  return last < 0 ? next : last
}

const FADDR = ascii(' faddr ')
const LADDR = ascii(' laddr ')

/** The foreign and the local address; `outbound` says that the local one began. */
function readForeign(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  const foreign = find(bytes, textStart, end, FADDR)
  const local = foreign < 0 ? -1 : find(bytes, foreign, end, LADDR)
  if (local < 0) return -1
  readWords(bytes, textStart, foreign, event)
  event.action = recipe.action
  readEnd(bytes, foreign + FADDR.length, end, event, SOURCE)
  const next = readEnd(bytes, local + LADDR.length, end, event, DESTINATION)
  // the end of a ping says no direction, but of the two sides only the one that sent it has an ICMP identifier
  const isLocalFirst = event.direction === Direction.unknown ? event.sourcePort === 0 && event.destinationPort > 0 : event.direction === Direction.outbound
  if (isLocalFirst) swapEnds(event)
  return next
}

const URL = ascii(' URL ')
/** No IPv6 address has more colons. */
const COLONS_MAX = 8

/** `192.0.2.1(user) Accessed URL [user@]198.51.100.2:http://...` */
function readUrl(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  event.action = recipe.action
  const next = readEnd(bytes, textStart, end, event, SOURCE)
  const url = next < 0 ? -1 : find(bytes, next, end, URL)
  if (url < 0) return next
  let start = url + URL.length
  let colons = 0
  for (let i = start; i < end && bytes[i] !== 0x20 && colons <= COLONS_MAX; i++) {
    if (bytes[i] === 0x40 && colons === 0) start = i + 1
    if (bytes[i] !== 0x3a) continue
    colons++
    if (readAddress(bytes, start, i, event.words, DESTINATION)) event.hasDestination = true
    else if (event.hasDestination) return i
  }
  return next
}

const IP = ascii('IP ')
const BYTES_SENT = ascii('Bytes xmt: ')
const BYTES_RECEIVED = ascii('Bytes rcv: ')

/** The address behind the last `IP`: the names of group and user stand before it, and a user chooses his name. */
function readPeer(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  event.action = recipe.action
  for (let at = findLast(bytes, textStart, end, IP); at >= 0; at = findLast(bytes, textStart, at, IP)) {
    let start = at + IP.length
    while (start < end && (bytes[start] === 0x3d || bytes[start] === 0x20 || bytes[start] === 0x3c)) start++
    let stop = start
    while (stop < end && bytes[stop] !== 0x20 && bytes[stop] !== 0x2c && bytes[stop] !== 0x3e) stop++
    event.hasSource = bytes[at - 1] === 0x20 && readAddress(bytes, start, stop, event.words, SOURCE)
    if (!event.hasSource) continue
    const sent = numberBehind(bytes, stop, end, BYTES_SENT)
    const received = numberBehind(bytes, stop, end, BYTES_RECEIVED)
    if (sent >= 0 && received >= 0) event.bytes = sent + received
    readWords(bytes, stop, end, event)
    return stop
  }
  return -1
}

const LOCAL = ascii('Local:')
const REMOTE = ascii('Remote:')

function readLocal(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  const local = find(bytes, textStart, end, LOCAL)
  const remote = local < 0 ? -1 : find(bytes, local, end, REMOTE)
  if (remote < 0) return -1
  event.action = recipe.action
  event.hasSource = readColonPort(bytes, local + LOCAL.length, remote, event.words, SOURCE)
  event.sourcePort = colonPort
  event.hasDestination = readColonPort(bytes, remote + REMOTE.length, end, event.words, DESTINATION)
  event.destinationPort = colonPort
  return remote
}

let colonPort = -1

/** `address:port`: the last colon is the port's. */
function readColonPort(bytes: Uint8Array, at: number, end: number, words: Uint32Array, side: number): boolean {
  let start = at
  while (start < end && bytes[start] === 0x20) start++
  let stop = start
  while (stop < end && bytes[stop] !== 0x20) stop++
  let colon = stop
  while (colon > start && bytes[colon] !== 0x3a) colon--
  colonPort = readPort(bytes, colon + 1, stop)
  return readAddress(bytes, start, colon, words, side)
}

const hosts = ['Host ', 'host ', 'Peer['].map(ascii)
const TARGETED = ascii('targeted')
const DETECTED_TO = ascii('detected to host ')

/** An attacker, or with other words the one who is attacked. */
function readHost(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  event.action = recipe.action
  for (const host of hosts) {
    const found = find(bytes, textStart, end, host)
    if (found < 0) continue
    const start = found + host.length
    let stop = start
    while (stop < end && bytes[stop] !== 0x20 && bytes[stop] !== 0x5d) stop++
    const isVictim = find(bytes, textStart, end, TARGETED) >= 0 || find(bytes, textStart, end, DETECTED_TO) >= 0
    const isRead = readAddress(bytes, start, stop, event.words, isVictim ? DESTINATION : SOURCE)
    if (isVictim) event.hasDestination = isRead
    else event.hasSource = isRead
    return stop
  }
  return -1
}

/** Both ends by the words that most messages use, for numbers that are not listed or were worded otherwise by some version. */
function readAny(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  for (const words of unlistedPairs) {
    event.reset()
    const next = readPair(words, bytes, end, event)
    if (next < 0 || !event.hasSource || !event.hasDestination) continue
    if (recipe.action !== STATED) event.action = recipe.action
    return next
  }
  event.reset()
  return -1
}

function readShape(recipe: Recipe, bytes: Uint8Array, end: number, event: EventRecord): number {
  switch (recipe.shape) {
    case Shape.pair:
    case Shape.built:
    case Shape.teardown:
      return readPair(recipe, bytes, end, event)
    case Shape.apart:
      return readApart(recipe, bytes, end, event)
    case Shape.arrow:
    case Shape.before:
      return readArrow(recipe, bytes, end, event)
    case Shape.foreign:
      return readForeign(recipe, bytes, end, event)
    case Shape.url:
      return readUrl(recipe, bytes, end, event)
    case Shape.peer:
      return readPeer(recipe, bytes, end, event)
    case Shape.local:
      return readLocal(recipe, bytes, end, event)
    case Shape.host:
      return readHost(recipe, bytes, end, event)
    case Shape.fields:
      return readFields(recipe, bytes, textStart, end, event)
    default:
      return readAny(recipe, bytes, end, event)
  }
}

const BYTES = ascii(' bytes ')
const HIT_COUNT = ascii(' hit-cnt ')
const SIGNATURE = ascii(' IPS:')
/** Below, a port is a service's; above, mostly the one that a client was given (RFC 6335). */
const SYSTEM_PORTS = 1024

/** What stands behind the ends or follows from them. */
function finish(recipe: Recipe, bytes: Uint8Array, next: number, end: number, event: EventRecord): void {
  if (recipe.protocol >= 0) event.protocol = recipe.protocol
  else if (event.protocol < 0) readLateProtocol(bytes, next, end, event)
  if (!hasPorts(event.protocol) || event.protocol === GRE) event.sourcePort = event.destinationPort = -1
  if (recipe.shape === Shape.built && event.direction === Direction.outbound) swapEnds(event)
  if (event.action === Action.end && recipe.shape !== Shape.peer) event.bytes = numberBehind(bytes, next, end, BYTES)
  // the side with a service's port did not begin
  const isSourceService = event.sourcePort >= 0 && event.sourcePort < SYSTEM_PORTS && event.destinationPort >= SYSTEM_PORTS
  if (recipe.shape === Shape.teardown && isSourceService) swapEnds(event)
  if (recipe.shape === Shape.arrow) {
    const hits = numberBehind(bytes, next, end, HIT_COUNT)
    if (hits > 1) event.count = Math.min(hits, COUNT_MAX)
  }
  if (id >= 400000 && id < 401000) event.rule = numberBehind(bytes, textStart - 1, end, SIGNATURE)
}

const GRE = 47
const stamp = new Stamp()

/** The device's own time, where a relay's header stands before it: `... host :Nov 20 2026 12:00:01 GMT: %ASA-...`. */
function readTime(message: Message, event: EventRecord): void {
  const { bytes, body } = message
  for (let at = codeStart - 16; at >= body; at--) {
    const isWordStart = at === body || bytes[at - 1] === 0x20 || bytes[at - 1] === 0x3a
    if (!isWordStart || !readBsdTime(bytes, at, codeStart, stamp)) continue
    event.time = stamp.time
    event.clock = stamp.clock
    return
  }
}

/** Whose messages may come without an address by the documentation. */
const isWithoutEnds = (shape: number): boolean =>
  shape === Shape.apart || shape === Shape.peer || shape === Shape.host || shape === Shape.any || shape === Shape.local

export const ciscoAsa: Recogniser = {
  name: 'cisco-asa',
  title: 'Cisco ASA, FTD, PIX and FWSM',
  claims(message) {
    return findCode(message)
  },
  read(message, event) {
    if (!findCode(message)) return Reading.unreadable
    const recipe = recipeFor(id)
    if (recipe.shape === Shape.ignored) return Reading.ignored
    const { bytes, end } = message
    let next = readShape(recipe, bytes, end, event)
    if (next < 0 && recipe.shape === Shape.pair) next = readAny(recipe, bytes, end, event)
    if (next < 0) return isWithoutEnds(recipe.shape) ? Reading.ignored : Reading.unreadable
    // ASA writes names in place of addresses (`names`, object names): what is left without any is not of use
    if (!event.hasSource && !event.hasDestination) return Reading.ignored
    finish(recipe, bytes, next, end, event)
    readTime(message, event)
    return Reading.event
  },
}
