// The calendar of the promises: months and working days, in UTC. Pure; times are ms since 1970.
import { bankHolidays, type Jurisdiction, jurisdictions } from './bank-holidays.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** The same time of day so many months later; a day that the month does not have is its last (31 May and 9 months: the last of February). */
export function addMonths(ms: number, months: number): number {
  const date = new Date(ms)
  const month = date.getUTCMonth() + months
  // day 0 of the month after it is its last
  const last = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate()
  return Date.UTC(date.getUTCFullYear(), month, Math.min(date.getUTCDate(), last)) + (ms - startOfDay(ms))
}

/** Whether so many months are over since the end of an hour. Clipped months have no inverse, so each hour is asked for itself. */
export const isExpired = (hour: number, months: number, now: number): boolean => addMonths(hour + HOUR_MS, months) <= now

export function isWorkingDay(ms: number, jurisdiction: Jurisdiction): boolean {
  const date = new Date(ms)
  const weekday = date.getUTCDay()
  return weekday !== 0 && weekday !== 6 && !bankHolidays[jurisdiction].has(date.toISOString().slice(0, 10))
}

/** The same time of day on the working day of that number after it; the day itself does not count. */
export function addWorkingDays(ms: number, days: number, jurisdiction: Jurisdiction): number {
  let at = ms
  for (let left = days; left > 0; ) {
    at += DAY_MS
    if (isWorkingDay(at, jurisdiction)) left--
  }
  return at
}

/** The earliest of the three: central does not know where in the United Kingdom a source, or a person behind it, is. */
export const earliestWorkingDays = (ms: number, days: number): number =>
  Math.min(...jurisdictions.map(jurisdiction => addWorkingDays(ms, days, jurisdiction)))

export const startOfDay = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS
/** 2026-12-01 */
export const dayName = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
/** 2026-12-01T03 */
export const hourName = (ms: number): string => new Date(ms).toISOString().slice(0, 13)
export const hourStart = (name: string): number => Date.parse(`${name}:00:00Z`)
