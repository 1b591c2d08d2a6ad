// A time that a message states in pieces: `date=2026-11-20 time=12:00:01 tz="+0100"`, as Fortinet and Sophos do.
import { Clock, type EventRecord } from '../event.ts'
import { readDateTime, readZone, Stamp } from '../lib/calendar.ts'
import { Span } from './pairs.ts'

const DATE_LENGTH = 10
const TIME_MAX_LENGTH = 18

/** The pieces of one message's time. Reused: `clear` it for each message. */
export class SplitTime {
  readonly date = new Span()
  readonly time = new Span()
  readonly zone = new Span()
  private readonly stamp = new Stamp()
  private readonly text = new Uint8Array(DATE_LENGTH + 1 + TIME_MAX_LENGTH)

  clear(): void {
    this.date.clear()
    this.time.clear()
    this.zone.clear()
  }

  /** Sets the event's time and clock; false, and the event untouched, if date or time is missing or malformed. */
  read(bytes: Uint8Array, event: EventRecord): boolean {
    const { date, time, zone, stamp, text } = this
    const timeLength = time.end - time.start
    if (date.end - date.start !== DATE_LENGTH || timeLength < 7 || timeLength > TIME_MAX_LENGTH) return false
    for (let i = 0; i < DATE_LENGTH; i++) text[i] = bytes[date.start + i]
    text[DATE_LENGTH] = 0x20
    for (let i = 0; i < timeLength; i++) text[DATE_LENGTH + 1 + i] = bytes[time.start + i]
    if (!readDateTime(text, 0, DATE_LENGTH + 1 + timeLength, stamp)) return false
    event.time = stamp.time
    event.clock = stamp.clock
    if (stamp.clock === Clock.exact || zone.start === zone.end) return true
    const minutes = readZone(bytes, zone.start, zone.end, stamp)
    if (Number.isNaN(minutes)) return true
    event.time -= minutes * 60_000
    event.clock = Clock.exact
    return true
  }
}
