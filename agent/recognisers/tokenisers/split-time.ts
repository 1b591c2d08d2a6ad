// A time that a message states in pieces: `date=2026-11-20 time=12:00:01 tz="+0100"`, as Fortinet and Sophos do.
import { Clock, type EventRecord } from '../../event.ts'
import { isDigit, readTwoDigits as two } from '../../lib/bytes.ts'
import { daysFromCivil, readZone, Stamp } from '../../lib/calendar.ts'
import { Span } from './span.ts'

const DAY_MS = 86_400_000
const COLON = 0x3a

/** The pieces of one message's time. Reused: `clear` it for each message. */
export class SplitTime {
  readonly date = new Span()
  readonly time = new Span()
  readonly zone = new Span()
  private readonly stamp = new Stamp()

  clear(): void {
    this.date.clear()
    this.time.clear()
    this.zone.clear()
  }

  /** Sets the event's time and clock; false, and the event untouched, if date or time is missing or malformed. */
  read(bytes: Uint8Array, event: EventRecord): boolean {
    const days = readDate(bytes, this.date)
    const clockMs = readClock(bytes, this.time)
    if (Number.isNaN(days) || clockMs < 0) return false
    const { start, end } = this.zone
    const minutes = start < end ? readZone(bytes, start, end, this.stamp) : Number.NaN
    const isExact = !Number.isNaN(minutes)
    event.time = days * DAY_MS + clockMs - (isExact ? minutes * 60_000 : 0)
    event.clock = isExact ? Clock.exact : Clock.noZone
    return true
  }
}

/** Days since 1970 of yyyy-mm-dd (or with / or .), or NaN. */
function readDate(bytes: Uint8Array, span: Span): number {
  const start = span.start
  if (span.end - start !== 10 || bytes[start + 4] !== bytes[start + 7] || isDigit(bytes[start + 4])) return Number.NaN
  const century = two(bytes, start)
  const year = two(bytes, start + 2)
  const month = two(bytes, start + 5)
  const day = two(bytes, start + 8)
  if (century < 19 || year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return Number.NaN
  return daysFromCivil(century * 100 + year, month, day)
}

/** Milliseconds of the day of hh:mm:ss with an optional fraction, or -1. */
function readClock(bytes: Uint8Array, span: Span): number {
  const start = span.start
  const end = span.end
  if (end - start < 8 || bytes[start + 2] !== COLON || bytes[start + 5] !== COLON) return -1
  const hour = two(bytes, start)
  const minute = two(bytes, start + 3)
  const second = two(bytes, start + 6)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1
  const seconds = (hour * 60 + minute) * 60 + second
  if (end - start === 8) return seconds * 1000
  let fraction = 0
  let scale = 100
  for (let at = start + 9; at < end && scale >= 1 && isDigit(bytes[at]); at++, scale /= 10) fraction += (bytes[at] - 0x30) * scale
  return seconds * 1000 + fraction
}
