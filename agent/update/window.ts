// When the member lets the box change itself: `02:00-05:00`, or `sat,sun 22:00-04:00`, in UTC. A window that ends before it begins
// goes on into the next day. Pure.

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const DAY_MINUTES = 1440
const MINUTE_MS = 60_000

export interface Window {
  /** 0 is Sunday: the days on which it begins. */
  readonly days: readonly number[]
  readonly fromMinute: number
  readonly minutes: number
}

const form = /^(?:([a-z,]+) )?([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/

/** undefined if the text is no window. */
export function parseWindow(text: string): Window | undefined {
  const [whole, days, ...times] = form.exec(text) ?? []
  if (whole === undefined) return undefined
  const names: readonly string[] = days === undefined ? DAYS : days.split(',')
  const numbers = names.map(name => (DAYS as readonly string[]).indexOf(name))
  const [fromHour, fromMinute, toHour, toMinute] = times.map(Number)
  const from = fromHour * 60 + fromMinute
  const minutes = (toHour * 60 + toMinute - from + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES
  return numbers.includes(-1) ? undefined : { days: numbers, fromMinute: from, minutes }
}

/** `now` if the window is open then, else when it opens next; ms since 1970. */
export function windowOpens({ days, fromMinute, minutes }: Window, now: number): number {
  const today = new Date(now).setUTCHours(0, 0, 0, 0)
  const starts = Array.from({ length: 9 }, (_, i) => today + (i - 1) * DAY_MINUTES * MINUTE_MS)
    .filter(day => days.includes(new Date(day).getUTCDay()))
    .map(day => day + fromMinute * MINUTE_MS)
  const start = starts.find(from => now < from + minutes * MINUTE_MS) ?? now
  return Math.max(start, now)
}
