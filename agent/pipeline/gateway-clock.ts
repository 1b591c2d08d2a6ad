// When it happened, by the device's clock. A line without a year takes the last one that does not put it into the future; a
// line without a zone takes the zone that its gateway has shown by arriving a whole number of quarter hours off.
import { Clock, type EventRecord } from '../event.ts'
import type { Message } from '../message.ts'

const QUARTER_HOUR_MS = 900_000
/** Zones reach from -12 h to +14 h. */
const ZONE_MAX_MS = 14 * 3_600_000
/** A message that took longer to arrive is no evidence of a zone. */
const DELAY_MAX_MS = 120_000
/** A gateway's zone is taken from its first messages, and changed only by this many that agree over this time. */
const AGREEING_MESSAGES = 16
const AGREEING_MS = 60_000

export class GatewayClock {
  /** Its clock less ours in ms, smoothed: negative where it is behind. NaN until a message stated a time. */
  clockOffsetMs = Number.NaN
  /** What is added to the wall clock of a line without zone to get UTC. */
  zoneMs = 0
  private messages = 0
  private candidateMs = 0
  private agreeing = 0
  private agreeingSince = 0

  /**
   * Sets event.time to UTC ms, from the body, else the header, else the time of arrival `now`; and event.clock to `exact`, or to
   * `inferred` where zone or time was not stated. The year follows from the day, so one that was added is no doubt.
   */
  resolve(event: EventRecord, message: Message, now: number): void {
    const reference = event.clock !== Clock.absent && message.clock === Clock.exact ? message.time : now
    if (event.clock === Clock.absent) {
      event.time = message.time
      event.clock = message.clock
    }
    if (event.clock === Clock.absent) {
      event.time = now
      event.clock = Clock.inferred
      return
    }
    if (event.clock === Clock.noYear || event.clock === Clock.noYearNoZone) event.time = lastYear(event.time, reference)
    const hasZone = event.clock !== Clock.noZone && event.clock !== Clock.noYearNoZone
    if (!hasZone) {
      this.learnZone(event.time, reference, now)
      event.time += this.zoneMs
    }
    event.clock = hasZone ? Clock.exact : Clock.inferred
    const offset = event.time - now
    this.clockOffsetMs = Number.isNaN(this.clockOffsetMs) ? offset : this.clockOffsetMs + (offset - this.clockOffsetMs) / 16
  }

  private learnZone(wall: number, reference: number, now: number): void {
    this.messages++
    const offset = reference - wall
    const zone = Math.round(offset / QUARTER_HOUR_MS) * QUARTER_HOUR_MS
    const isEvidence = Math.abs(zone) <= ZONE_MAX_MS && Math.abs(offset - zone) <= DELAY_MAX_MS
    if (!isEvidence || zone !== this.candidateMs) {
      this.candidateMs = isEvidence ? zone : Number.NaN
      this.agreeing = 0
      this.agreeingSince = now
    }
    this.agreeing++
    if (!isEvidence || zone === this.zoneMs) return
    const isFirst = this.messages === 1
    if (isFirst || (this.agreeing >= AGREEING_MESSAGES && now - this.agreeingSince >= AGREEING_MS)) this.zoneMs = zone
  }
}

const DAY_MS = 86_400_000
/** A clock may be this much ahead; a line that would be of the future is of the year before. */
const FUTURE_MAX_DAYS = 7

// most lines are of the day of the line before: the year is looked for once a day
let statedDay = -1
let referenceDay = -1
let foundDay = 0

/** The same month, day and clock (given in the leap year 1972) in the last year that does not put it into the future. */
function lastYear(time: number, reference: number): number {
  const stated = Math.floor(time / DAY_MS)
  const now = Math.floor(reference / DAY_MS)
  if (stated !== statedDay || now !== referenceDay) {
    statedDay = stated
    referenceDay = now
    foundDay = lastYearDay(stated, now)
  }
  return time + (foundDay - stated) * DAY_MS
}

function lastYearDay(stated: number, now: number): number {
  const date = new Date(stated * DAY_MS)
  const year = new Date(now * DAY_MS).getUTCFullYear() + (date.getUTCFullYear() - 1972)
  for (let candidate = year + 1; candidate >= year; candidate--) {
    const day = new Date(date).setUTCFullYear(candidate) / DAY_MS
    if (day <= now + FUTURE_MAX_DAYS) return day
  }
  return new Date(date).setUTCFullYear(year - 1) / DAY_MS
}
