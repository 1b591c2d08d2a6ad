// Palo Alto Networks PAN-OS 4 to 11 and Panorama: logs in the default (comma-separated) format. CEF and LEEF, which
// can be configured in its place, are other formats and other recognisers.
import { Action, Clock, DESTINATION, type EventRecord, Protocol, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, find, findByte, isDigit, readIdentifier, startsWith } from '../../../lib/bytes.ts'
import { readDateTime, Stamp } from '../../../lib/calendar.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { Columns } from '../../tokenisers/columns.ts'
import { findLast, wordEnd } from '../../tokenisers/phrases.ts'
import { isOwnPlace } from '../../tokenisers/place.ts'
import { hasPorts, readProtocol } from '../../tokenisers/protocols.ts'
import { NO_WORD } from '../../tokenisers/words.ts'
import {
  actionWords,
  Column,
  harmlessVerdicts,
  type Layout,
  layouts,
  ordinarySubtypes,
  Reader,
  SEEN,
  typeWords,
} from './paloalto-layouts.ts'

const COMMA = 0x2c
/** How far into a message its type may stand, behind the headers of relays. */
const REACH = 300
const COUNT_MAX = 0xffff

const columns = new Columns(Math.max(...layouts.map(layout => layout.wanted)) - Column.subtype)
const stamp = new Stamp()

/** Where the column with the log's type begins, or NOT_OURS: date and time are around the first comma, then come a serial and a known type. */
function claims(message: Message): number {
  const { bytes, body, end } = message
  const first = findByte(bytes, body, Math.min(end, body + REACH), COMMA)
  if (first < 0) return NOT_OURS
  // some senders leave FUTURE_USE out, so that the receive time is the first column
  const isFirstMissing = first - body >= TIME_LENGTH && isDateTimeAt(bytes, first - TIME_LENGTH)
  const limit = Math.min(end, first + REACH)
  const timeEnd = isFirstMissing ? first : receiveTimeEnd(bytes, first + 1, limit)
  if (timeEnd < 0 || !(isFirstMissing || isNumberBefore(bytes, body, first))) return NOT_OURS
  if (!isOwnPlace(message, isFirstMissing ? first - TIME_LENGTH : numberStart(bytes, body, first))) return NOT_OURS
  const serialEnd = findByte(bytes, timeEnd + 1, limit, COMMA)
  const typeEnd = serialEnd < 0 ? -1 : findByte(bytes, serialEnd + 1, limit, COMMA)
  return typeEnd < 0 || typeWords.find(bytes, serialEnd + 1, typeEnd) === NO_WORD ? NOT_OURS : serialEnd + 1
}

/** `2026/11/20 12:00:01`, and with `-` and `T` the same. */
const TIME_LENGTH = 19
const DATE_LENGTH = 10
const CLOCK_LENGTH = 8

/** FUTURE_USE is a number or empty, and stands behind a blank where there is a header that could not be read. */
function isNumberBefore(bytes: Uint8Array, start: number, end: number): boolean {
  const at = numberStart(bytes, start, end)
  return at === start || bytes[at - 1] === 0x20
}

function numberStart(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && isDigit(bytes[at - 1])) at--
  return at
}

const isDateTimeAt = (bytes: Uint8Array, at: number): boolean => isDateAt(bytes, at) && isClockAt(bytes, at + DATE_LENGTH + 1)

function isDateAt(bytes: Uint8Array, at: number): boolean {
  const separator = bytes[at + 4]
  const isDate = (separator === 0x2f || separator === 0x2d) && bytes[at + 7] === separator
  return isDate && isDigit(bytes[at]) && isDigit(bytes[at + DATE_LENGTH - 1])
}

const isClockAt = (bytes: Uint8Array, at: number): boolean => bytes[at + 2] === 0x3a && bytes[at + 5] === 0x3a

/**
 * The comma behind the receive time at `at`, or -1. A relay that takes the date for the end of a header puts the fields of one behind
 * it: `2026/11/20 - - - 12:00:01`.
 */
function receiveTimeEnd(bytes: Uint8Array, at: number, limit: number): number {
  if (!isDateAt(bytes, at)) return -1
  const end = findByte(bytes, at + DATE_LENGTH, limit, COMMA)
  return isClockAt(bytes, at + DATE_LENGTH + 1) || (end - at > TIME_LENGTH && isClockAt(bytes, end - CLOCK_LENGTH)) ? end : -1
}

/** Columns are looked for behind the type, which is found without them. */
const column = (number: number): number => number - Column.subtype

/**
 * The time at which the log was generated has no zone. PAN-OS 10 and later repeat it with zone and milliseconds, in a far
 * column that differs by type and version. It is known by its form and by telling the same second, give or take a minute,
 * and is looked for from the right: no text that others choose (URL, user agent, file name) stands behind it.
 */
function readTime(bytes: Uint8Array, end: number, event: EventRecord): void {
  const generated = column(Column.generatedTime)
  if (!readDateTime(bytes, columns.start(generated), columns.end(generated), stamp)) return
  event.time = stamp.time
  event.clock = stamp.clock
  if (event.clock !== Clock.noZone) return
  for (let at = end - STAMP_LENGTH; at > columns.next; at--) {
    if (stampBytes[bytes[at]] === 0) {
      at -= TIME_LENGTH - 1
      continue
    }
    if (bytes[at + 10] !== 0x54 || bytes[at + 13] !== 0x3a || bytes[at + 7] !== 0x2d || bytes[at - 1] !== COMMA) continue
    if (!readDateTime(bytes, at, end, stamp) || stamp.clock !== Clock.exact) continue
    const zone = Math.round((event.time - stamp.time) / QUARTER_HOUR_MS) * QUARTER_HOUR_MS
    if (Math.abs(zone) > ZONE_MAX_MS || Math.abs(stamp.time + zone - event.time) > MINUTE_MS) continue
    event.time = stamp.time
    event.clock = Clock.exact
    return
  }
}

/** What `2026-11-20T12:00:01` is made of: a byte that is none of these belongs to no stamp, and 19 of them are passed over. */
const stampBytes = new Uint8Array(256)
for (const byte of ascii('0123456789-:T')) stampBytes[byte] = 1
/** The same with the shortest zone, `Z`. */
const STAMP_LENGTH = 20
const MINUTE_MS = 60_000
const QUARTER_HOUR_MS = 900_000
const ZONE_MAX_MS = 14 * 3_600_000

function readConnection(layout: Layout, event: EventRecord): Reading {
  const { bytes } = columns
  event.hasSource = columns.address(column(layout.source), event.words, SOURCE)
  event.hasDestination = columns.address(column(layout.source + 1), event.words, DESTINATION)
  if (!event.hasSource && !event.hasDestination) return Reading.unreadable
  event.action = readAction(layout)
  event.protocol = readProtocol(bytes, columns.start(column(layout.protocol)), columns.end(column(layout.protocol)))
  const sourcePort = columns.port(column(layout.sourcePort))
  const destinationPort = columns.port(column(layout.sourcePort + 1))
  // PAN-OS writes 0 where there are no ports, and halves of the SPI for ESP
  if (event.protocol !== Protocol.esp && event.protocol !== Protocol.ah && hasPorts(event.protocol) && sourcePort + destinationPort > 0) {
    event.sourcePort = sourcePort
    event.destinationPort = destinationPort
  }
  if (layout.bytes >= 0) event.bytes = columns.decimal(column(layout.bytes))
  if (layout.packets >= 0) event.packets = columns.decimal(column(layout.packets))
  if (layout.threat >= 0) event.rule = threatNumber(column(layout.threat))
  const repeats = columns.decimal(column(layout.repeats))
  if (repeats > 1) event.count = Math.min(repeats, COUNT_MAX)
  return Reading.event
}

function readAction(layout: Layout): number {
  const { bytes } = columns
  const action = actionWords.find(bytes, columns.start(column(layout.action)), columns.end(column(layout.action)))
  if (action < 0) return Action.other
  if (layout.threat < 0) return action === SEEN ? Action.allow : action
  if (action !== SEEN && action !== Action.allow) return action
  const isOrdinary =
    ordinarySubtypes.find(bytes, columns.start(column(Column.subtype)), columns.end(column(Column.subtype))) > 0 ||
    harmlessVerdicts.find(bytes, columns.start(column(layout.category)), columns.end(column(layout.category))) > 0
  return isOrdinary ? Action.allow : Action.detect
}

/** `SSH User Authentication Brute Force Attempt(40015)`, or the number alone; -1 if there is none. */
function threatNumber(number: number): number {
  const { bytes } = columns
  let end = columns.end(number)
  if (end > 0 && bytes[end - 1] === 0x29) end--
  let start = end
  while (start > columns.start(number) && isDigit(bytes[start - 1])) start--
  return readIdentifier(bytes, start, end)
}

const AUTH_FAIL = ascii('auth-fail')
const LOGIN_FROM = ascii('Login from: ')
const FROM = ascii('From: ')
const GLOBALPROTECT = ascii('globalprotect')
const System = { event: 8, description: 14 } as const

/** `auth-fail` of the firewall's own logins, `globalprotectgateway-auth-fail` and the like of PAN-OS before 9.1. */
function readSystem(event: EventRecord): Reading {
  const { bytes } = columns
  const id = columns.start(column(System.event))
  const idEnd = columns.end(column(System.event))
  if (find(bytes, id, idEnd, AUTH_FAIL) < 0) return Reading.ignored
  const start = columns.start(column(System.description))
  const end = columns.end(column(System.description))
  // GlobalProtect says the address before the user's name, other logins behind it: the name may hold anything
  const isPortal = startsWith(bytes, id, idEnd, GLOBALPROTECT)
  const from = isPortal ? find(bytes, start, end, LOGIN_FROM) : findLast(bytes, start, end, FROM)
  if (from < 0) return Reading.ignored
  const at = from + (isPortal ? LOGIN_FROM.length : FROM.length)
  let stop = wordEnd(bytes, at, end)
  while (stop > at && (bytes[stop - 1] === COMMA || bytes[stop - 1] === 0x2e)) stop--
  return failedLogin(readAddress(bytes, at, stop, event.words, SOURCE), event)
}

function failedLogin(hasSource: boolean, event: EventRecord): Reading {
  if (!hasSource) return Reading.unreadable
  event.hasSource = true
  event.action = Action.loginFailed
  return Reading.event
}

const GlobalProtect = { event: 8, public4: 15, public6: 16, status: 28 } as const
const AUTH = ascii('-auth')
const FAILURE = ascii('fail')

function readGlobalProtect(event: EventRecord): Reading {
  const { bytes } = columns
  const isLogin = find(bytes, columns.start(column(GlobalProtect.event)), columns.end(column(GlobalProtect.event)), AUTH) >= 0
  const failed = find(bytes, columns.start(column(GlobalProtect.status)), columns.end(column(GlobalProtect.status)), FAILURE) >= 0
  if (!isLogin || !failed) return Reading.ignored
  // the address of the other family is 0.0.0.0 or empty
  const hasFour = columns.address(column(GlobalProtect.public4), event.words, SOURCE) && event.words[SOURCE + 3] !== 0
  return failedLogin(hasFour || columns.address(column(GlobalProtect.public6), event.words, SOURCE), event)
}

const Authentication = { source: 8, result: 20 } as const

function readAuthentication(event: EventRecord): Reading {
  const start = columns.start(column(Authentication.result))
  if (find(columns.bytes, start, columns.end(column(Authentication.result)), FAILURE) < 0) return Reading.ignored
  return failedLogin(columns.address(column(Authentication.source), event.words, SOURCE), event)
}

/** A host that several logs together show to be compromised. */
function readCorrelation(layout: Layout, event: EventRecord): Reading {
  event.hasSource = columns.address(column(layout.source), event.words, SOURCE)
  if (!event.hasSource) return Reading.unreadable
  event.action = Action.detect
  return Reading.event
}

function readBy(layout: Layout, event: EventRecord): Reading {
  switch (layout.reader) {
    case Reader.connection:
      return readConnection(layout, event)
    case Reader.system:
      return readSystem(event)
    case Reader.globalProtect:
      return readGlobalProtect(event)
    case Reader.authentication:
      return readAuthentication(event)
    case Reader.correlation:
      return readCorrelation(layout, event)
    default:
      return Reading.ignored
  }
}

function read({ bytes, end }: Message, event: EventRecord, start: number): Reading {
  const typeEnd = findByte(bytes, start, end, COMMA)
  const layout = layouts[typeWords.find(bytes, start, typeEnd)]
  if (layout.reader === Reader.known) return Reading.ignored
  columns.split(bytes, typeEnd + 1, end, column(layout.wanted))
  const reading = readBy(layout, event)
  if (reading === Reading.event) readTime(bytes, end, event)
  return reading
}

export const paloalto: Recogniser = { name: 'paloalto', title: 'Palo Alto Networks PAN-OS', claims, read }
