// How the messages of Cisco ASA say their two ends, one reader a shape. Each reads bytes[start, end), the text behind the code,
// and answers the offset behind the last end that it found, or -1 if there is none.
import { DESTINATION, Direction, EventRecord, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, find, readPort, startsWith } from '../../../lib/bytes.ts'
import { findLast } from '../../tokenisers/phrases.ts'
import { endBefore, readEnd, swapEnds } from './cisco-asa-ends.ts'
import { readFields } from './cisco-asa-fields.ts'
import { type Recipe, Shape, STATED, unlistedPairs } from './cisco-asa-messages.ts'
import { numberBehind, readAllWords, readWords, statedAction } from './cisco-asa-words.ts'

function readPair(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  const source = readWords(bytes, start, end, recipe.word, event)
  if (source < 0) return -1
  event.action = recipe.action === STATED ? statedAction : recipe.action
  const next = readEnd(bytes, source, end, event, SOURCE)
  const destination = recipe.destination.length === 0 ? -1 : find(bytes, next < 0 ? source : next, end, recipe.destination)
  if (destination < 0) return next
  const last = readEnd(bytes, destination + recipe.destination.length, end, event, DESTINATION)
  return last < 0 ? next : last
}

const PAYLOAD = ascii(' IP payload:')
const quotedEnds = new EventRecord()

/** The ends of the packet that an ICMP error is about, if both can be read, else those of the error. */
function readQuoted(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  const next = readPair(recipe, bytes, start, end, event)
  const payload = next < 0 ? -1 : find(bytes, next, end, PAYLOAD)
  const source = payload < 0 ? -1 : find(bytes, payload, end, recipe.source)
  const destination = source < 0 ? -1 : find(bytes, source, end, recipe.destination)
  if (destination < 0) return next
  quotedEnds.reset()
  readEnd(bytes, source + recipe.source.length, end, quotedEnds, SOURCE)
  readEnd(bytes, destination + recipe.destination.length, end, quotedEnds, DESTINATION)
  if (!quotedEnds.hasSource || !quotedEnds.hasDestination) return next
  event.words.set(quotedEnds.words)
  event.hasSource = event.hasDestination = true
  event.sourcePort = quotedEnds.sourcePort
  event.destinationPort = quotedEnds.destinationPort
  return next
}

/** The source behind the last of its words; the destination behind the first of its own, best behind the source. */
function readApart(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  const source = findLast(bytes, start, end, recipe.source)
  if (source < 0 && recipe.destination.length === 0) return -1
  readAllWords(bytes, start, source < 0 ? end : source, event)
  event.action = recipe.action === STATED ? statedAction : recipe.action
  const next = source < 0 ? -1 : readEnd(bytes, source + recipe.source.length, end, event, SOURCE)
  if (recipe.destination.length === 0) return next
  let destination = next < 0 ? -1 : find(bytes, next, end, recipe.destination)
  if (destination < 0) destination = find(bytes, start, end, recipe.destination)
  const last = destination < 0 ? -1 : readEnd(bytes, destination + recipe.destination.length, end, event, DESTINATION)
  return Math.max(next, last)
}

/** Each one that is tried may cost a walk over the whole message. */
const ARROWS_MAX = 16

/**
 * The end in front of the recipe's word, and the one behind it. A user's name may hold an arrow: the last one that has both ends is the
 * device's, because names stand before the first end or, in parentheses, behind the second, where they are those of people inside.
 * Of more arrows than a device would ever write, none is.
 */
function readArrow(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  let last = -1
  let arrow = findLast(bytes, start, end, recipe.destination)
  for (let tried = 0; arrow >= 0 && tried < ARROWS_MAX; arrow = findLast(bytes, start, arrow, recipe.destination), tried++) {
    const next = readEndsAround(recipe, arrow, bytes, start, end, event)
    if (event.hasSource && event.hasDestination) return sayWords(recipe, arrow, bytes, start, event, next)
    if (last < 0) last = arrow
  }
  return last < 0 ? -1 : readAround(recipe, last, bytes, start, end, event)
}

/** In 407002 no blank follows. */
const EXCEEDED = ascii('exceeded.')

/** The same for the word that is known to be at `arrow`. */
function readAround(recipe: Recipe, arrow: number, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  return sayWords(recipe, arrow, bytes, start, event, readEndsAround(recipe, arrow, bytes, start, end, event))
}

/** Where the end in front of `arrow` begins. */
function firstEnd(bytes: Uint8Array, start: number, arrow: number): number {
  const word = endBefore(bytes, start, arrow)
  return startsWith(bytes, word, arrow, EXCEEDED) ? word + EXCEEDED.length : word
}

function readEndsAround(recipe: Recipe, arrow: number, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  event.hasSource = event.hasDestination = false
  const next = readEnd(bytes, firstEnd(bytes, start, arrow), arrow, event, SOURCE)
  const last = readEnd(bytes, arrow + recipe.destination.length, end, event, DESTINATION)
  return last < 0 ? next : last
}

/** What stands in front of the first end says protocol and action. Answers `next`. */
function sayWords(recipe: Recipe, arrow: number, bytes: Uint8Array, start: number, event: EventRecord, next: number): number {
  readAllWords(bytes, start, firstEnd(bytes, start, arrow), event)
  event.action = recipe.action === STATED ? statedAction : recipe.action
  return next
}

const FADDR = ascii(' faddr ')
const LADDR = ascii(' laddr ')

/** The foreign and the local address; `outbound` says that the local one began. */
function readForeign(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  const foreign = find(bytes, start, end, FADDR)
  const local = foreign < 0 ? -1 : find(bytes, foreign, end, LADDR)
  if (local < 0) return -1
  readAllWords(bytes, start, foreign, event)
  event.action = recipe.action
  readEnd(bytes, foreign + FADDR.length, end, event, SOURCE)
  const next = readEnd(bytes, local + LADDR.length, end, event, DESTINATION)
  // the end of a ping says no direction, but of the two sides only the one that sent it has an ICMP identifier
  const isLocalFirst =
    event.direction === Direction.unknown ? event.sourcePort === 0 && event.destinationPort > 0 : event.direction === Direction.outbound
  if (isLocalFirst) swapEnds(event)
  return next
}

const URL = ascii(' URL ')
/** No IPv6 address has more colons. */
const COLONS_MAX = 8

/** `192.0.2.1(user) Accessed URL [user@]198.51.100.2:http://...` */
function readUrl(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  event.action = recipe.action
  const next = readEnd(bytes, start, end, event, SOURCE)
  const url = next < 0 ? -1 : find(bytes, next, end, URL)
  if (url < 0) return next
  let at = url + URL.length
  let colons = 0
  for (let i = at; i < end && bytes[i] !== 0x20 && colons <= COLONS_MAX; i++) {
    if (bytes[i] === 0x40 && colons === 0) at = i + 1
    if (bytes[i] !== 0x3a) continue
    colons++
    if (readAddress(bytes, at, i, event.words, DESTINATION)) event.hasDestination = true
    else if (event.hasDestination) return i
  }
  return next
}

const IP = ascii('IP ')
const BYTES_SENT = ascii('Bytes xmt: ')
const BYTES_RECEIVED = ascii('Bytes rcv: ')

/** The address behind the last `IP`: the names of group and user stand before it, and a user chooses his name. */
function readPeer(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  event.action = recipe.action
  for (let at = findLast(bytes, start, end, IP); at >= 0; at = findLast(bytes, start, at, IP)) {
    let first = at + IP.length
    while (first < end && (bytes[first] === 0x3d || bytes[first] === 0x20 || bytes[first] === 0x3c)) first++
    let stop = first
    while (stop < end && bytes[stop] !== 0x20 && bytes[stop] !== 0x2c && bytes[stop] !== 0x3e) stop++
    event.hasSource = bytes[at - 1] === 0x20 && readAddress(bytes, first, stop, event.words, SOURCE)
    if (!event.hasSource) continue
    const sent = numberBehind(bytes, stop, end, BYTES_SENT)
    const received = numberBehind(bytes, stop, end, BYTES_RECEIVED)
    if (sent >= 0 && received >= 0) event.bytes = sent + received
    readAllWords(bytes, stop, end, event)
    return stop
  }
  return -1
}

const LOCAL = ascii('Local:')
const REMOTE = ascii('Remote:')

function readLocal(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  const local = find(bytes, start, end, LOCAL)
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

const hosts = ['Host ', 'host ', 'Peer[', 'Object '].map(ascii)
const TARGETED = ascii('targeted')
const DETECTED_TO = ascii('detected to ')
const HOST = ascii('host ')

/** An attacker, or with other words the one who is attacked. */
function readHost(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  event.action = recipe.action
  const victim = find(bytes, start, end, DETECTED_TO)
  if (victim >= 0) {
    const at = victim + DETECTED_TO.length
    return readEnd(bytes, startsWith(bytes, at, end, HOST) ? at + HOST.length : at, end, event, DESTINATION)
  }
  for (const host of hosts) {
    const found = find(bytes, start, end, host)
    if (found < 0) continue
    const first = found + host.length
    let stop = first
    while (stop < end && bytes[stop] !== 0x20 && bytes[stop] !== 0x5d) stop++
    const isVictim = find(bytes, start, end, TARGETED) >= 0
    const isRead = readAddress(bytes, first, stop, event.words, isVictim ? DESTINATION : SOURCE)
    if (isVictim) event.hasDestination = isRead
    else event.hasSource = isRead
    return stop
  }
  return -1
}

/** Both ends by the words that most messages use, for numbers that are not listed or were worded otherwise by some version. */
export function readAny(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  for (const words of unlistedPairs) {
    event.reset()
    const next = readPair(words, bytes, start, end, event)
    if (next < 0 || !event.hasSource || !event.hasDestination) continue
    if (recipe.action !== STATED) event.action = recipe.action
    return next
  }
  event.reset()
  return -1
}

export function readShape(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  switch (recipe.shape) {
    case Shape.pair:
    case Shape.built:
    case Shape.teardown:
      return readPair(recipe, bytes, start, end, event)
    case Shape.quoted:
      return readQuoted(recipe, bytes, start, end, event)
    case Shape.apart:
      return readApart(recipe, bytes, start, end, event)
    case Shape.opening:
      event.action = recipe.action
      return startsWith(bytes, start, end, recipe.source) ? readEnd(bytes, start + recipe.source.length, end, event, SOURCE) : -1
    case Shape.arrow:
      return readArrow(recipe, bytes, start, end, event)
    case Shape.before: {
      const word = find(bytes, start, end, recipe.destination)
      return word < 0 ? -1 : readAround(recipe, word, bytes, start, end, event)
    }
    case Shape.foreign:
      return readForeign(recipe, bytes, start, end, event)
    case Shape.url:
      return readUrl(recipe, bytes, start, end, event)
    case Shape.peer:
      return readPeer(recipe, bytes, start, end, event)
    case Shape.onePeer: {
      const peer = find(bytes, start, end, IP)
      return peer === findLast(bytes, start, end, IP) ? readPeer(recipe, bytes, start, end, event) : -1
    }
    case Shape.local:
      return readLocal(recipe, bytes, start, end, event)
    case Shape.host:
      return readHost(recipe, bytes, start, end, event)
    case Shape.fields:
      return readFields(recipe, bytes, start, end, event)
    default:
      return readAny(recipe, bytes, start, end, event)
  }
}
