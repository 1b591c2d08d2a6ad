// The clock that deletion goes by. Central's own clock may be wrong: what would be deleted because it jumped forward cannot be got
// back, and what is kept because it was set back is kept against the promise. So deletion goes by a time of its own, which
//   - goes on with the monotonic clock, which nobody can set, and never goes back;
//   - follows central's clock as long as the two agree;
//   - takes a jump forward only after central's clock has kept to it for an hour (for a day, if it is more than a week),
//     or at once if the operator confirms it. A jump that is taken back in time has deleted nothing.
// Where central was not running, nothing tells a pause from a jump, so a pause of more than an hour is confirmed in the same way;
// within one boot of the machine the monotonic clock goes on, and there is no doubt. Pure.
import { DAY_MS, HOUR_MS } from './calendar.ts'

/** More than a clock is corrected by while it is kept by NTP, and less than what deletion has in hand. */
const AGREES_MS = 10 * 60_000
const PAUSE_MS = HOUR_MS
const CONFIRM_MS = HOUR_MS
const FAR_MS = 7 * DAY_MS
const CONFIRM_FAR_MS = DAY_MS

/** What both clocks show at one moment. */
export interface Reading {
  /** Central's clock, ms since 1970. */
  readonly wallMs: number
  /** ms since the machine was booted; goes on while no process of central runs. */
  readonly monotonicMs: number
  /** Another one after each boot of the machine. */
  readonly boot: string
}

/** What is kept from one reading to the next, also on the disk. */
export interface ClockState {
  /** The time that deletion goes by, ms since 1970. */
  readonly deletionMs: number
  readonly monotonicMs: number
  readonly boot: string
  /** A clock that is ahead, and since when it has kept to that (on the monotonic clock). */
  readonly ahead?: { readonly wallMs: number; readonly monotonicMs: number; readonly sinceMs: number } | undefined
}

/** The state after a reading. The first reading of all is believed: there is nothing yet that could be deleted early. */
export function advance(before: ClockState | undefined, now: Reading): ClockState {
  const { wallMs, monotonicMs, boot } = now
  if (before === undefined) return { deletionMs: wallMs, monotonicMs, boot }
  const isSameBoot = before.boot === boot && monotonicMs >= before.monotonicMs
  const elapsedMs = isSameBoot ? monotonicMs - before.monotonicMs : 0
  const expectedMs = before.deletionMs + elapsedMs
  const aheadMs = wallMs - expectedMs
  if (aheadMs <= (isSameBoot ? AGREES_MS : PAUSE_MS)) return { deletionMs: Math.max(expectedMs, wallMs), monotonicMs, boot }
  const sinceMs = isSameBoot && before.ahead !== undefined && keepsTo(before.ahead, now) ? before.ahead.sinceMs : monotonicMs
  const waitMs = aheadMs > FAR_MS ? CONFIRM_FAR_MS : CONFIRM_MS
  if (monotonicMs - sinceMs >= waitMs) return { deletionMs: wallMs, monotonicMs, boot }
  return { deletionMs: expectedMs, monotonicMs, boot, ahead: { wallMs, monotonicMs, sinceMs } }
}

/** What the operator says is right is right, but deletion does not go back: what is gone is gone. */
export const confirm = (before: ClockState | undefined, now: Reading): ClockState => ({
  deletionMs: Math.max(before?.deletionMs ?? 0, now.wallMs),
  monotonicMs: now.monotonicMs,
  boot: now.boot,
})

/** Whether a clock that was ahead has gone on from there as the monotonic one did. */
const keepsTo = (ahead: { readonly wallMs: number; readonly monotonicMs: number }, now: Reading): boolean =>
  Math.abs(now.wallMs - ahead.wallMs - (now.monotonicMs - ahead.monotonicMs)) <= AGREES_MS
