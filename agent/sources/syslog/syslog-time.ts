// The time of a syslog header, in every form that gateways write: those of agent/lib/calendar.ts, the year before the
// month (Cisco NX-OS), and seconds since 1970 (Cisco Meraki). Allocates nothing.
import { Clock } from '../../event.ts'
import { isDigit } from '../../lib/bytes.ts'
import { daysFromCivil, epochToMs, readTime, Stamp } from '../../lib/calendar.ts'
import { isBlank } from './syslog-word.ts'

/** What the last successful call of `readHeaderTime` read. */
export const timeRead = new Stamp()
const lastTime = new Stamp()

const DAY_MS = 86_400_000
const MARCH_1972_MS = daysFromCivil(1972, 3, 1) * DAY_MS

// One second brings thousands of messages with the same time, so the last one read is kept as text. What follows decides
// about it too (a year, or a zone of 5 letters and a fraction after it), so that much is kept with it.
const FRACTION_DIGITS = 4
const LOOKAHEAD_BYTES = 12
const lastText = new Uint8Array(64)
let lastLength = 0
let lastEnd = 0

/**
 * Fills `timeRead` from the time at `at` and answers the offset after it and its colon; -1 if there is none, or if what
 * follows shows that it is a field of the message (`2026-01-27T07:57:03,192.0.2.1,...`). Whole seconds since 1970 are
 * just a number, so `strict` does not take them.
 */
export function readHeaderTime(bytes: Uint8Array, at: number, end: number, strict: boolean): number {
  const first = bytes[at]
  if (!isDigit(first)) {
    // cheap no to text such as date=: a month or weekday has three letters and a blank (Cisco: * or . before them)
    const letters = first === 0x2a || first === 0x2e ? at + 1 : at
    return letters + 4 < end && bytes[letters + 3] === 0x20 ? readBsd(bytes, at, end) : -1
  }
  if (at + 16 > end) return readEpoch(bytes, at, end, strict)
  if (bytes[at + 4] === 0x20) return readYearFirst(bytes, at, end)
  if (isDigit(bytes[at + 4])) return readEpoch(bytes, at, end, strict)
  return readBounded(bytes, at, end)
}

/** A time up to a blank, colon or end. A host such as `est-gw` or `met1` is no zone: then the time ends before it. */
function readBounded(bytes: Uint8Array, at: number, end: number): number {
  if (!readTime(bytes, at, end, timeRead)) return -1
  const after = offsetAfterTime(bytes, end)
  if (after >= 0) return after
  let zone = timeRead.next
  while (zone > at && bytes[zone - 1] !== 0x20) zone--
  return zone > at && readTime(bytes, at, zone, timeRead) ? offsetAfterTime(bytes, end) : -1
}

function readBsd(bytes: Uint8Array, at: number, end: number): number {
  if (isLast(bytes, at, end)) {
    timeRead.time = lastTime.time
    timeRead.clock = lastTime.clock
    return at + lastEnd
  }
  const after = readBounded(bytes, at, end)
  const length = after - at + LOOKAHEAD_BYTES
  if (after < 0 || length > lastText.length || at + length > end) return after
  for (let i = 0; i < length; i++) lastText[i] = bytes[at + i]
  lastLength = length
  lastEnd = after - at
  lastTime.time = timeRead.time
  lastTime.clock = timeRead.clock
  return after
}

function isLast(bytes: Uint8Array, at: number, end: number): boolean {
  if (lastLength === 0 || at + lastLength > end) return false
  for (let i = 0; i < lastLength; i++) if (bytes[at + i] !== lastText[i]) return false
  return true
}

/** Past more fractions (Huawei: `.390.2`), a zone stated twice (`+00:00Z`) and one colon, to a blank or the end. */
function offsetAfterTime(bytes: Uint8Array, end: number): number {
  let i = timeRead.next
  if (i < end && (bytes[i] === 0x2e || bytes[i] === 0x5a)) {
    const limit = Math.min(end, ++i + FRACTION_DIGITS)
    while (i < limit && isDigit(bytes[i])) i++
  }
  if (i < end && bytes[i] === 0x3a) i++
  return i === end || isBlank(bytes[i]) || bytes[i] === 0x25 ? i : -1
}

/** `2026 Mar  5 12:34:56 UTC: ` of NX-OS: the BSD form, moved from the stand-in year 1972 to the year stated. */
function readYearFirst(bytes: Uint8Array, at: number, end: number): number {
  let year = 0
  for (let i = at; i < at + 4; i++) {
    if (!isDigit(bytes[i])) return -1
    year = year * 10 + bytes[i] - 0x30
  }
  if (year < 1970 || isDigit(bytes[at + 5]) || !readTime(bytes, at + 5, end, timeRead)) return -1
  if (timeRead.clock !== Clock.noYear && timeRead.clock !== Clock.noYearNoZone) return -1
  const month = timeRead.time >= MARCH_1972_MS ? 3 : 1
  timeRead.time += (daysFromCivil(year, month, 1) - daysFromCivil(1972, month, 1)) * DAY_MS
  timeRead.clock = timeRead.clock === Clock.noYear ? Clock.exact : Clock.noZone
  return offsetAfterTime(bytes, end)
}

/** `1647479278.991234567 `; a count before 2001 is a clock that was never set, and no time. */
function readEpoch(bytes: Uint8Array, at: number, end: number, strict: boolean): number {
  let value = 0
  let i = at
  for (; i < end && i - at < 14 && isDigit(bytes[i]); i++) value = value * 10 + bytes[i] - 0x30
  if (i - at < 9) return -1
  const inSeconds = value >= 1e9 && value < 1e10
  let ms = inSeconds ? value * 1000 : epochToMs(value)
  if (i + 1 < end && bytes[i] === 0x2e && isDigit(bytes[i + 1])) {
    let fraction = 0
    i++
    for (let scale = 100; i < end && isDigit(bytes[i]); i++, scale /= 10) fraction += (bytes[i] - 0x30) * scale
    if (inSeconds) ms += Math.floor(fraction)
  } else if (strict || ms < 0) return -1
  if (i >= end || !isBlank(bytes[i])) return -1
  timeRead.time = Math.max(ms, 0)
  timeRead.clock = ms < 0 ? Clock.absent : Clock.exact
  timeRead.next = i
  return i
}
