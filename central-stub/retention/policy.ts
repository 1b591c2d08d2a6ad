// What is kept for how long, as the service promises it. docs/retention.md says it for members.
import { earliestWorkingDays, HOUR_MS } from './calendar.ts'

/** Named in every statement: what a later version does is told apart from what this one did. */
export const JOB = 'retention 1'

/** An hour of arrivals is swept when it began so long ago: no event is older than 24 h when its turn has come. */
export const SWEEP_MS = 23 * HOUR_MS
/** Somebody has to look at an hour that is older. */
export const LATE_MS = 26 * HOUR_MS
/** The most that events which are not suspicious may be kept, whatever happens to the job. */
const CAP_WORKING_DAYS = 5
/** So long before, central stops taking batches: what it has then can still be deleted in time. */
const CAP_MARGIN_MS = 4 * HOUR_MS
/** So long before, an hour that cannot be read is deleted unread: it must not be what stops central. */
const UNREAD_MARGIN_MS = 12 * HOUR_MS
/** Suspicious events are kept until their source has been quiet for so many months. */
export const QUIET_MONTHS = 9
/** Expired rows are hidden at once; the file that has them is written anew within 7 days: after 5, which leaves two to fail in. */
export const REWRITE_AFTER_MS = 5 * 24 * HOUR_MS

/** From when on central refuses batches, if data that arrived at this time is still there. */
export const refuseFrom = (arrivedMs: number): number => earliestWorkingDays(arrivedMs, CAP_WORKING_DAYS) - CAP_MARGIN_MS
export const unreadFrom = (arrivedMs: number): number => earliestWorkingDays(arrivedMs, CAP_WORKING_DAYS) - UNREAD_MARGIN_MS

/** Reasons of an erasure, as statements give them. */
export const reasons = {
  notSuspicious: 'not suspicious, and 23 hours old',
  quiet: 'nine months without further activity of the source',
  recalled: 'taken back by the member',
  unreadable: 'the file could not be read',
} as const
