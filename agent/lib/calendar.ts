// Dates and times as machines write them into logs: RFC 3339 and its looser cousins, and the BSD form with or without
// a year. Reads bytes, writes numbers, allocates nothing.
import { isDigit, isLetter, readTwoDigits as two } from './bytes.ts'

/** What a stamp lacks; same numbers as `Clock` of an event. */
const EXACT = 1
const NO_ZONE = 2
const NO_YEAR_NO_ZONE = 3
const NO_YEAR = 4

/** One reading: `time` in ms since 1970 of the wall clock stated (as if UTC where no zone is), `next` the offset after it. */
export class Stamp {
  time = 0
  clock = 0
  next = 0
}

// most messages are of the day of the one before
let lastDate = -1
let lastDays = 0

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (year 0 to 9999, month 1-12, day 1-31). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const date = (year << 9) | (month << 5) | day
  if (date === lastDate) return lastDays
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1
  lastDate = date
  lastDays = era * 146097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719468
  return lastDays
}

/** Zones that loggers write by name, in minutes east of UTC; ambiguous ones (IST, CST) are left out on purpose. */
const zones: ReadonlyMap<number, number> = new Map(
  Object.entries({
    utc: 0,
    gmt: 0,
    bst: 60,
    wet: 0,
    west: 60,
    cet: 60,
    cest: 120,
    met: 60,
    mest: 120,
    eet: 120,
    eest: 180,
    msk: 180,
    est: -300,
    edt: -240,
    cdt: -300,
    mst: -420,
    mdt: -360,
    pst: -480,
    pdt: -420,
    akst: -540,
    akdt: -480,
    hst: -600,
    jst: 540,
    kst: 540,
    aest: 600,
    aedt: 660,
    acst: 570,
    awst: 480,
    nzst: 720,
    nzdt: 780,
  }).map(([name, minutes]) => [nameHash(Buffer.from(name), 0, name.length), minutes]),
)

function nameHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let i = start; i < end; i++) hash = hash * 32 + ((bytes[i] | 0x20) - 0x60)
  return hash
}

/** What may stand in a host name beside letters: then the letters before it were no zone. */
const isNameByte = (byte: number): boolean => isLetter(byte) || isDigit(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f

const monthKeys = 'janfebmaraprmayjunjulaugsepoctnovdec'
const months: ReadonlyMap<number, number> = new Map(
  Array.from({ length: 12 }, (_, i) => [nameHash(Buffer.from(monthKeys), i * 3, i * 3 + 3), i + 1]),
)

/** Month 1-12 of the three letters at `at`, or 0. */
function readMonth(bytes: Uint8Array, at: number): number {
  return isLetter(bytes[at]) && isLetter(bytes[at + 1]) && isLetter(bytes[at + 2]) ? (months.get(nameHash(bytes, at, at + 3)) ?? 0) : 0
}

let cursor = 0

/** hh:mm:ss with an optional fraction at `cursor`; ms of the day, or -1. Moves `cursor`. */
function readClock(bytes: Uint8Array, end: number): number {
  const at = cursor
  const hour = bytes[at + 1] === 0x3a ? (isDigit(bytes[at]) ? bytes[at] - 0x30 : -1) : two(bytes, at)
  const colon = bytes[at + 1] === 0x3a ? at + 1 : at + 2
  if (colon + 6 > end || bytes[colon] !== 0x3a || bytes[colon + 3] !== 0x3a) return -1
  const minute = two(bytes, colon + 1)
  const second = two(bytes, colon + 4)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1
  cursor = colon + 6
  let ms = 0
  if (cursor + 1 < end && (bytes[cursor] === 0x2e || bytes[cursor] === 0x2c) && isDigit(bytes[cursor + 1])) {
    let scale = 100
    for (cursor++; cursor < end && isDigit(bytes[cursor]); cursor++, scale /= 10) ms += (bytes[cursor] - 0x30) * scale
  }
  return ((hour * 60 + minute) * 60 + second) * 1000 + Math.floor(ms)
}

/** Z, +hh:mm, +hhmm, +hh or a zone name at `cursor`; minutes east of UTC, or NaN. Moves `cursor` over what it took. */
export function readZone(bytes: Uint8Array, at: number, end: number, stamp: Stamp): number {
  const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : 0
  if (sign !== 0 && at + 3 <= end) {
    const hours = two(bytes, at + 1)
    const colon = bytes[at + 3] === 0x3a ? 1 : 0
    const hasMinutes = at + 5 + colon <= end && two(bytes, at + 3 + colon) >= 0
    const minutes = hasMinutes ? two(bytes, at + 3 + colon) : 0
    if (hours < 0 || hours > 14 || minutes > 59) return Number.NaN
    stamp.next = at + (hasMinutes ? 5 + colon : 3)
    return sign * (hours * 60 + minutes)
  }
  if ((bytes[at] === 0x5a || bytes[at] === 0x7a) && !(at + 1 < end && isLetter(bytes[at + 1]))) {
    stamp.next = at + 1
    return 0
  }
  let last = at
  while (last < end && last - at < 5 && isLetter(bytes[last])) last++
  if (last - at === 3 && last < end && (bytes[last] === 0x2b || bytes[last] === 0x2d)) return readNamedOffset(bytes, at, end, stamp)
  const isWhole = last === end || !isNameByte(bytes[last]) // `gmt_fw1` is a host, not a zone
  const minutes = isWhole && last - at >= 3 ? zones.get(nameHash(bytes, at, last)) : undefined
  if (minutes === undefined) return Number.NaN
  stamp.next = last
  return minutes
}

/** `UTC+2:00`, `GMT-3` and `UTC+0530` as FortiAnalyzer writes them; in capitals, because `gmt-1` and `gmt-fw1` may be hosts. */
function readNamedOffset(bytes: Uint8Array, at: number, end: number, stamp: Stamp): number {
  const name = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
  if (name !== 0x555443 && name !== 0x474d54) return Number.NaN
  let stop = at + 4
  let hours = 0
  for (; stop < end && stop < at + 6 && isDigit(bytes[stop]); stop++) hours = hours * 10 + bytes[stop] - 0x30
  const colon = stop < end && bytes[stop] === 0x3a ? 1 : 0
  const hasMinutes = stop + colon + 2 <= end && two(bytes, stop + colon) >= 0
  const minutes = hasMinutes ? two(bytes, stop + colon) : 0
  const after = hasMinutes ? stop + colon + 2 : stop
  const isWhole = after === end || !isNameByte(bytes[after])
  if (stop === at + 4 || hours > 14 || minutes > 59 || !isWhole) return Number.NaN
  stamp.next = after
  return (bytes[at + 3] === 0x2d ? -1 : 1) * (hours * 60 + minutes)
}

/** yyyy-mm-dd (or with / . or :) then T or blanks then a clock and perhaps a zone, at `at`. */
export function readDateTime(bytes: Uint8Array, at: number, end: number, stamp: Stamp): boolean {
  if (end - at < 16) return false
  const century = two(bytes, at)
  const separator = bytes[at + 4]
  const isSeparator = separator === 0x2d || separator === 0x2f || separator === 0x2e || separator === 0x3a
  if (century < 0 || !isSeparator || bytes[at + 7] !== separator) return false
  const year = two(bytes, at + 2)
  const month = two(bytes, at + 5)
  const day = two(bytes, at + 8)
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return false
  cursor = at + 10
  if (bytes[cursor] !== 0x54 && bytes[cursor] !== 0x20 && bytes[cursor] !== 0x2d && bytes[cursor] !== 0x3a) return false
  cursor++
  const clock = readClock(bytes, end)
  return clock >= 0 && finish(bytes, end, stamp, century * 100 + year, month, day, clock)
}

/** [*.]Mmm [d]d [yyyy] hh:mm:ss[.fraction] [yyyy] [zone] at `at`; the weekday form (`Fri Nov 20 ...`) too. */
export function readBsdTime(bytes: Uint8Array, at: number, end: number, stamp: Stamp): boolean {
  if (bytes[at] === 0x2a || bytes[at] === 0x2e) at++ // Cisco: the clock is not set, or was lost
  let month = readMonth(bytes, at)
  if (month === 0) {
    if (!isLetter(bytes[at]) || bytes[at + 3] !== 0x20) return false
    at += 4
    month = readMonth(bytes, at)
    if (month === 0) return false
  }
  cursor = at + 3
  while (bytes[cursor] === 0x20 && cursor < end) cursor++
  let day = 0
  for (; cursor < end && isDigit(bytes[cursor]) && day < 32; cursor++) day = day * 10 + bytes[cursor] - 0x30
  if (day < 1 || day > 31) return false
  while ((bytes[cursor] === 0x20 || bytes[cursor] === 0x2c) && cursor < end) cursor++
  let year = yearAt(bytes, cursor, end)
  if (year > 0) {
    cursor += 4
    while (bytes[cursor] === 0x20 && cursor < end) cursor++
  }
  const clock = readClock(bytes, end)
  if (clock < 0) return false
  if (year === 0 && bytes[cursor] === 0x20) {
    year = yearAt(bytes, cursor + 1, end)
    if (year > 0) cursor += 5
  }
  return finish(bytes, end, stamp, year, month, day, clock)
}

const yearAt = (bytes: Uint8Array, at: number, end: number): number => {
  if (at + 4 > end || (at + 4 < end && bytes[at + 4] !== 0x20)) return 0
  const year = two(bytes, at) * 100 + two(bytes, at + 2)
  return year >= 1970 && year < 2200 ? year : 0
}

function finish(bytes: Uint8Array, end: number, stamp: Stamp, year: number, month: number, day: number, clock: number): boolean {
  stamp.next = cursor
  // without a year the leap year 1972 keeps 29 February; the caller, which knows the time of arrival, puts the year in
  stamp.time = daysFromCivil(year === 0 ? 1972 : year, month, day) * 86_400_000 + clock
  const blank = bytes[cursor] === 0x20 ? 1 : 0
  const zone = cursor + blank < end ? readZone(bytes, cursor + blank, end, stamp) : Number.NaN
  if (Number.isNaN(zone)) {
    stamp.clock = year === 0 ? NO_YEAR_NO_ZONE : NO_ZONE
  } else {
    stamp.time -= zone * 60_000
    stamp.clock = year === 0 ? NO_YEAR : EXACT
  }
  return true
}

/** Any of the forms above at `at`. */
export function readTime(bytes: Uint8Array, at: number, end: number, stamp: Stamp): boolean {
  return isDigit(bytes[at]) ? readDateTime(bytes, at, end, stamp) : readBsdTime(bytes, at, end, stamp)
}

/** An epoch in s, ms, us or ns, told apart by its size, as ms; -1 if it is none between 2001 and 2128. */
export function epochToMs(value: number): number {
  if (value < 5e9) return value >= 1e9 ? Math.floor(value * 1000) : -1
  // milliseconds, microseconds, nanoseconds; nothing is multiplied, because beyond 2^53 that would round
  for (let ms = value; ms >= 1e12; ms /= 1000) if (ms < 5e12) return Math.floor(ms)
  return -1
}
