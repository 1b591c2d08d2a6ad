// The headers that most messages have, read in one go: `<PRI>key=`, `<PRI>%CODE`, `<PRI>Mmm dd [yyyy ]hh:mm:ss: %CODE`, and
// `<PRI>Mmm dd [yyyy ]hh:mm:ss [host ]` before `%CODE`, `tag: `, `tag[pid]: `, `key=` or `1,`. Says yes only where syslog-header.ts would read the same: what could be a zone, a
// year, a second header or a verdict is left to that. Three times as fast, and most of a busy box's messages. Allocates nothing.
import { Clock } from '../../event.ts'
import { isDigit } from '../../lib/bytes.ts'
import { readBsdTime, readZone, Stamp } from '../../lib/calendar.ts'
import type { Message } from '../../message.ts'
import { isRelay, mayBeForwarder } from './syslog-relay.ts'
import { isCiscoCode, isLetter, isName, isNotName, NAME_MAX, PID_MAX, PRIORITY_MAX, readWord, Word, WordKind } from './syslog-word.ts'

const BLANK = 0x20
const PERCENT = 0x25
const COMMA = 0x2c
const COLON = 0x3a
const LESS = 0x3c
const EQUALS = 0x3d
const GREATER = 0x3e
const OPEN = 0x5b
const CLOSE = 0x5d

/** Nothing shorter is looked at: then no fixed place of a time or after it lies beyond a message's end. */
const LENGTH_MIN = 32
/** `Nov 20 `, `2026 ` and `12:00:01`. */
const DAY_LENGTH = 7
const YEAR_LENGTH = 5
const CLOCK_LENGTH = 8
/** No zone's name is longer. */
const ZONE_MAX = 5
/** `1,` of PAN-OS; longer numbers could begin a time or an octet count. */
const COUNT_MAX = 3

/** The day of the last message as text and as time: the text is compared, and only the clock is read. */
interface Day {
  month: number
  day: number
  year: number
  ms: number
}
const undated: Day = { month: 0, day: 0, year: 0, ms: 0 }
const dated: Day = { month: 0, day: 0, year: 0, ms: 0 }
const stamp = new Stamp()
const second = new Word()

/** Fills `message` from bytes[start, end), without line breaks at the end; false if that takes another reader, which starts over. */
export function readCommonHeader(message: Message, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < LENGTH_MIN || bytes[start] !== LESS) return false
  let priority = 0
  let at = start + 1
  for (; at < start + 4 && isDigit(bytes[at]); at++) priority = priority * 10 + bytes[at] - 0x30
  if (bytes[at] !== GREATER || at === start + 1 || priority > PRIORITY_MAX) return false
  at++
  message.bytes = bytes
  message.start = start
  message.end = end
  message.priority = priority
  message.hostStart = start
  message.hostEnd = start
  message.tagStart = start
  message.tagEnd = start
  message.relayTagStart = start
  message.relayTagEnd = start
  if (isLetter(bytes[at]) && bytes[at + 3] === BLANK) {
    const after = readTime(message, bytes, at)
    if (after < 0) return false
    if (bytes[after] === BLANK) return readHost(message, bytes, after + 1, end)
    // Cisco closes its time with a colon, and the text follows
    return bytes[after] === COLON && bytes[after + 1] === BLANK && readText(message, bytes, after + 2, end)
  }
  message.time = 0
  message.clock = Clock.absent
  message.body = at
  return bytes[at] === PERCENT || (isLetter(bytes[at]) && isKey(bytes, at, end))
}

function isKey(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && isName(bytes[at])) at++
  return at < end && bytes[at] === EQUALS
}

/** `Mmm dd [yyyy ]hh:mm:ss` at `at`: the offset after it, or -1. */
function readTime(message: Message, bytes: Uint8Array, at: number): number {
  const hasYear = bytes[at + DAY_LENGTH + 2] !== COLON
  const date = hasYear ? dated : undated
  const clock = at + DAY_LENGTH + (hasYear ? YEAR_LENGTH : 0)
  const hour = two(bytes, clock)
  const minute = two(bytes, clock + 3)
  const seconds = two(bytes, clock + 6)
  if (bytes[clock - 1] !== BLANK || bytes[clock + 2] !== COLON || bytes[clock + 5] !== COLON) return -1
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || seconds < 0 || seconds > 60) return -1
  const sinceMidnight = ((hour * 60 + minute) * 60 + seconds) * 1000
  const month = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
  const day = (bytes[at + 4] << 16) | (bytes[at + 5] << 8) | bytes[at + 6]
  const year = hasYear ? wordAt(bytes, at + DAY_LENGTH) : 0
  const isKnown = month === date.month && day === date.day && year === date.year
  if (!isKnown) {
    if (!readDay(bytes, at, clock, hasYear)) return -1
    date.month = month
    date.day = day
    date.year = year
    date.ms = stamp.time - sinceMidnight
  }
  message.clock = hasYear ? Clock.noZone : Clock.noYearNoZone
  message.time = date.ms + sinceMidnight
  return clock + CLOCK_LENGTH
}

const wordAt = (bytes: Uint8Array, at: number): number => (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]

/** Fills `stamp` from day and clock by the general reader; false if they are none, or spelt otherwise. */
function readDay(bytes: Uint8Array, at: number, clock: number, hasYear: boolean): boolean {
  const isDay = (isDigit(bytes[at + 4]) || bytes[at + 4] === BLANK) && isDigit(bytes[at + 5]) && bytes[at + 6] === BLANK
  const end = clock + CLOCK_LENGTH
  return isDay && readBsdTime(bytes, at, end, stamp) && stamp.next === end && stamp.clock === (hasYear ? Clock.noZone : Clock.noYearNoZone)
}

function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 0x30
  const ones = bytes[at + 1] - 0x30
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones
}

/** A host at `at`, the colon in blanks that Cisco ASA puts after it, and what follows; or a tag in its place. */
function readHost(message: Message, bytes: Uint8Array, at: number, end: number): boolean {
  const limit = Math.min(end, at + NAME_MAX)
  let stop = at
  while (stop < limit && isName(bytes[stop])) stop++
  if (stop >= limit || (!isLetter(bytes[at]) && !isDigit(bytes[at]))) return false
  if ((stop - at <= ZONE_MAX || isSign(bytes[at + 3])) && mayBeZoneOrYear(bytes, at, stop, end)) return false
  if (bytes[stop] === OPEN) return isLetter(bytes[at]) && readProcess(message, bytes, at, stop, end)
  if (bytes[stop] !== BLANK || isNotName(bytes, at, stop) || mayBeForwarder(bytes, at, end)) return false
  message.hostStart = at
  message.hostEnd = stop
  const next = stop + 1
  if (next + 1 >= end) return false
  return readText(message, bytes, bytes[next] === COLON && bytes[next + 1] === BLANK ? next + 2 : next, end)
}

/** `GMT+1`, `UTC-03` */
const isSign = (byte: number): boolean => byte === 0x2b || byte === 0x2d

const mayBeZoneOrYear = (bytes: Uint8Array, at: number, stop: number, end: number): boolean =>
  (isDigit(bytes[at]) && stop - at === 4) || !Number.isNaN(readZone(bytes, at, end, stamp))

/** What follows host and blanks: a tag that is taken, or text that none can be taken from. */
function readText(message: Message, bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 3 >= end) return false
  const first = bytes[at]
  message.body = at
  if (first === PERCENT) return true
  const limit = Math.min(end, at + NAME_MAX)
  let stop = at
  while (stop < limit && isName(bytes[stop])) stop++
  if (stop >= limit) return false
  const byte = bytes[stop]
  if (isDigit(first)) return byte === COMMA && isCount(bytes, at, stop)
  if (!isLetter(first) || bytes[at + 3] === BLANK) return false
  if (byte === OPEN) return readProcess(message, bytes, at, stop, end)
  if (byte === COLON) return readLabel(message, bytes, at, stop, end)
  return byte === EQUALS
}

function isCount(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > COUNT_MAX) return false
  for (let i = start; i < end; i++) if (!isDigit(bytes[i])) return false
  return true
}

/** `name[pid]: ` */
function readProcess(message: Message, bytes: Uint8Array, at: number, open: number, end: number): boolean {
  const limit = Math.min(end, open + PID_MAX) - 2
  let close = open + 1
  while (close < limit && isName(bytes[close])) close++
  if (close >= limit || close === open + 1 || bytes[close] !== CLOSE || bytes[close + 1] !== COLON || bytes[close + 2] !== BLANK)
    return false
  return takeTag(message, bytes, at, open, close + 3, end)
}

/** `name: `, unless a second label or a time follows: then the name may be a host's. */
function readLabel(message: Message, bytes: Uint8Array, at: number, colon: number, end: number): boolean {
  if (bytes[colon + 1] !== BLANK || isNotName(bytes, at, colon) || isCiscoCode(bytes, at, colon)) return false
  const next = colon + 2
  if (next + 4 >= end || isDigit(bytes[next]) || bytes[next] === 0x2a || bytes[next] === 0x2e) return false
  if (isLetter(bytes[next]) && bytes[next + 3] === BLANK) return false
  second.at = -1
  return readWord(bytes, next, end, second) !== WordKind.label && takeTag(message, bytes, at, colon, next, end)
}

function takeTag(message: Message, bytes: Uint8Array, at: number, stop: number, next: number, end: number): boolean {
  message.tagStart = at
  message.tagEnd = stop
  message.body = next
  // more blanks, a byte order mark or nothing at all
  if (next >= end || bytes[next] <= BLANK || bytes[next] >= 0x80 || bytes[next] === LESS) return false
  // behind a relay's tag there may be that of a program
  if (!isLetter(bytes[next])) return true
  if (!isRelay(message)) return true
  second.at = -1
  return readWord(bytes, next, end, second) < WordKind.label
}
