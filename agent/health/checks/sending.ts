// Checks of the way to central: settings, identity, certificates, what waits and what had to be discarded.
import { type Fault, fault } from '../../errors.ts'
import type { Facts } from '../facts.ts'
import { above, below, DAY_MS, faulty, HOUR_MS, MINUTE_MS, type Outcome, ok, secondsOf, unknown } from './outcome.ts'

const isOfDisk = ({ code }: Fault): boolean => code === 'disk-full' || code === 'disk-failed'
/** One failed report is nothing; a way that stays shut is. */
const REPORTS_FAIL_MS = 10 * MINUTE_MS

/** Whole days that are left; 0 on the last one and afterwards. */
const daysLeft = (untilMs: number, now: number): number => Math.max(0, Math.floor((untilMs - now) / DAY_MS))
const isoMinute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const sending = {
  settings: ({ settingsFault, settingsNotices }: Facts): Outcome => ({
    ...faulty('bad', settingsFault === undefined ? [] : [settingsFault]),
    notes: settingsNotices.length === 0 ? [] : [fault('settings-unknown', settingsNotices.join('\n'))],
  }),
  'central-set': ({ central: { url, pinCount } }: Facts): Outcome => {
    const missing = [...(url === '' ? ['central.url'] : []), ...(pinCount === 0 ? ['central.pins'] : [])]
    if (missing.length === 0) return ok(pinCount)
    const detail = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set`
    return faulty('bad', [fault('central-not-set', detail)], pinCount)
  },
  enrolment: ({ identity }: Facts): Outcome => {
    if (identity.fault !== undefined) return faulty('bad', [identity.fault])
    if (identity.device !== undefined) return faulty('bad', [])
    return faulty('bad', [fault('not-enrolled', 'suspicious events are counted, but neither kept nor sent')])
  },
  certificate: ({ identity: { certificateUntilMs }, now }: Facts): Outcome => {
    if (certificateUntilMs === undefined) return unknown
    const value = daysLeft(certificateUntilMs, now)
    if (certificateUntilMs < now) return faulty('bad', [fault('certificate-expired', `it ended on ${isoMinute(certificateUntilMs)}`)], 0)
    return { level: below(value, 14, 3), value }
  },
  'tls-certificate': ({ tlsCertificateUntilMs, now }: Facts): Outcome => {
    if (tlsCertificateUntilMs === undefined) return unknown
    const value = daysLeft(tlsCertificateUntilMs, now)
    return { level: tlsCertificateUntilMs < now ? 'bad' : below(value, 14, 3), value }
  },
  inputs: ({ sourceFaults }: Facts): Outcome => {
    const isMinor = sourceFaults.every(({ code }) => code === 'native-missing' || code === 'file-restored')
    return faulty(isMinor ? 'warn' : 'bad', sourceFaults)
  },
  central: ({ identity, uplink, queue, now }: Facts): Outcome => {
    if (identity.device === undefined) return unknown
    const { failure, waitingSinceMs, reportFailure } = uplink
    const waited = waitingSinceMs === 0 ? 0 : Math.max(0, now - waitingSinceMs)
    const value = waited === 0 ? undefined : secondsOf(waited)
    if (failure !== undefined && !isOfDisk(failure)) {
      const isBusy = failure.code === 'central-busy' && waited < HOUR_MS
      return { level: isBusy ? 'warn' : 'bad', value, local: [failure], sinceMs: failure.sinceMs, isCertain: true }
    }
    if (waited > 5 * MINUTE_MS) {
      const detail = `${queue.batches} ${queue.batches === 1 ? 'batch waits' : 'batches wait'}`
      return {
        level: waited > HOUR_MS ? 'bad' : 'warn',
        value,
        local: [fault('receipt-missing', detail)],
        sinceMs: waitingSinceMs,
        isCertain: true,
      }
    }
    if (reportFailure !== undefined && now - reportFailure.sinceMs > REPORTS_FAIL_MS)
      return { level: 'warn', local: [reportFailure], sinceMs: reportFailure.sinceMs, isCertain: true }
    return { level: 'ok', value: secondsOf(waited), isCertain: true }
  },
  // one full disk may be met on several ways, and is said once
  'disk-write': ({ diskFault, uplink: { failure } }: Facts): Outcome => {
    const found = diskFault ?? (failure !== undefined && isOfDisk(failure) ? failure : undefined)
    return found === undefined ? faulty('bad', []) : faulty('bad', [found])
  },
  'spool-age': ({ queue: { oldestAtMs }, now }: Facts): Outcome => {
    if (oldestAtMs === undefined) return unknown
    const age = oldestAtMs === 0 ? 0 : Math.max(0, now - oldestAtMs)
    return { level: above(age, HOUR_MS, DAY_MS), value: secondsOf(age), isCertain: true }
  },
  'spool-full': ({ queue: { bytes, quotaBytes } }: Facts): Outcome => {
    if (quotaBytes <= 0) return unknown
    const value = Math.round((100 * bytes) / quotaBytes)
    return { level: above(value, 50, 80), value }
  },
  shed: ({ shedToday }: Facts): Outcome => ({ level: above(shedToday, 0, 1000), value: shedToday }),
}
