// Checks of the release and of what the agent keeps: updates, restarts, and files that were damaged.
import { advice, type FailureCode, fault } from '../../errors.ts'
import type { Facts } from '../facts.ts'
import { above, DAY_MS, faulty, HOUR_MS, type Outcome, ok, unknown } from './outcome.ts'

const WAITS_TOO_LONG_DAYS = 14
/** A box that hears nothing of updates for a day or two is switched off at night, or central is being mended. */
const FAILS_MS = 3 * DAY_MS

const codeOf = (code: string): FailureCode => (Object.hasOwn(advice, code) ? (code as FailureCode) : 'unexpected')

export const release = {
  'update-metadata': ({ update, now }: Facts): Outcome => {
    const since = Date.parse(update?.learntAt ?? update?.fault?.since ?? '')
    if (update === undefined || Number.isNaN(since)) return unknown
    const age = Math.max(0, now - since)
    const { fault: found } = update
    const isExpired = found?.code === 'update-expired' && age > FAILS_MS
    const level = isExpired ? 'bad' : above(age, FAILS_MS, 10 * DAY_MS)
    const local = level === 'ok' || found === null ? [] : [fault(codeOf(found.code), found.detail)]
    return { level, value: Math.floor(age / HOUR_MS), local, isCertain: true }
  },
  update: ({ release, update, isPackage, version, now }: Facts): Outcome => {
    if (isPackage && update?.kind === 'now' && update.offered !== null) {
      const detail = `CyberAlarm ${update.offered.version} is there; this machine has ${version}`
      return { level: 'warn', value: 0, local: [fault('update-available', detail)], isCertain: true }
    }
    if (release === undefined || release.state === 'unknown') return unknown
    const value = Math.floor(Math.max(0, now - release.atMs) / DAY_MS)
    const local = (code: 'update-taken-back' | 'update-refused') => (release.text === '' ? [] : [fault(code, release.text)])
    if (release.state === 'taken-back') return { level: 'bad', value, local: local('update-taken-back'), isCertain: true }
    if (release.state === 'refused') return { level: 'warn', value, local: local('update-refused'), isCertain: true }
    return { level: release.state === 'waiting' && value > WAITS_TOO_LONG_DAYS ? 'warn' : 'ok', value, isCertain: true }
  },
  // the built-in release is where every box begins: it tells something only after an update was there
  slots: ({ release }: Facts): Outcome => {
    if (release === undefined || release.state === 'unknown' || release.slot === 'none') return unknown
    const isAllThereIs = release.slot === 'factory'
    return { level: isAllThereIs && release.state === 'taken-back' ? 'warn' : 'ok', value: isAllThereIs ? 1 : 2, isCertain: true }
  },
  release: ({ releaseMadeAtMs, now }: Facts): Outcome => {
    if (releaseMadeAtMs === undefined) return unknown
    const value = Math.floor(Math.max(0, now - releaseMadeAtMs) / DAY_MS)
    return { level: above(value, 60, 120), value, isCertain: true }
  },
  restarts: ({ uncleanStarts, wasStoppedCleanly }: Facts): Outcome => {
    const value = Math.max(uncleanStarts, wasStoppedCleanly ? 0 : 1)
    if (value === 0) return faulty('warn', [])
    return faulty(
      above(value, 0, 3),
      [fault('stopped-uncleanly', 'each time up to 2 s of events and 10 s of counts may be missing')],
      value,
    )
  },
  ledger: ({ ledger: { damage, tornBytes } }: Facts): Outcome => ({
    ...faulty('warn', damage.length === 0 ? [] : [fault('ledger-set-aside', damage.join('; '))]),
    notes:
      tornBytes === 0
        ? []
        : [
            fault(
              'ledger-torn',
              `The last line of the ledger was incomplete (${tornBytes} ${tornBytes === 1 ? 'byte' : 'bytes'}) and was removed`,
            ),
          ],
  }),
  files: ({ storedFaults }: Facts): Outcome => faulty(storedFaults.some(({ code }) => code === 'file-lost') ? 'bad' : 'warn', storedFaults),
  'spool-files': ({ spoolDamage: { told, count } }: Facts): Outcome => {
    if (count === 0) return ok(0)
    const more = count > told.length ? `; and ${count - told.length} more` : ''
    return faulty('warn', [fault('spool-damaged', `${told.join('; ')}${more}`)], count)
  },
}
