// What a person should know about the agent: a table of checks, each a pure function of the facts. The order is that of the
// status: what keeps everything else from working comes first.
import { advice, type FailureCode, type Fault, fault } from '../errors.ts'
import type { Facts } from './facts.ts'
import type { Finding, Severity } from './status-schema.ts'

export const finding = (severity: Severity, { code, detail, advice }: Fault, sinceMs?: number): Finding => ({
  code,
  severity,
  detail,
  advice,
  ...(sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() }),
})

/** Shorter ones are bridged by the kernel's buffers, which take 25,000 messages on a box. */
const STALL_MS = 2000

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** A receipt comes within seconds; an attempt is given up after a minute or two. */
const RECEIPT_LATE_MS = 15 * 60_000
const SENDERS_SHOWN_MS = 3_600_000
const RESTART_SHOWN_MS = 86_400_000

/** A box of which nobody hears such a thing for a day or two is switched off at night, or central is being mended. */
const UPDATE_FAILS_MS = 3 * 86_400_000

type Check = (facts: Facts) => Finding | readonly Finding[] | undefined

export const checks: Readonly<Record<string, Check>> = {
  settings: ({ settingsFault }) => (settingsFault === undefined ? undefined : finding('problem', settingsFault)),
  settingsOfNewer: ({ settingsNotices }) =>
    settingsNotices.length === 0 ? undefined : finding('information', fault('settings-unknown', settingsNotices.join('\n'))),
  central: ({ central }) => {
    const missing = [...(central.url === '' ? ['central.url'] : []), ...(central.pinCount === 0 ? ['central.pins'] : [])]
    if (missing.length === 0) return undefined
    const detail = `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set: there is no central to enrol with`
    return finding('problem', fault('central-not-set', detail))
  },
  identity: ({ identity }) => {
    if (identity.fault !== undefined) return finding('problem', identity.fault)
    return identity.device === undefined
      ? finding('problem', fault('not-enrolled', 'This box is not enrolled: suspicious events are counted, but neither kept nor sent'))
      : undefined
  },
  certificate: ({ identity: { certificateUntilMs }, now }) =>
    certificateUntilMs === undefined || certificateUntilMs >= now
      ? undefined
      : finding('problem', fault('certificate-expired', `The certificate of this box expired on ${isoMinute(certificateUntilMs)}`)),
  sources: ({ sourceFaults }) =>
    sourceFaults.map(one => finding(one.code === 'native-missing' || one.code === 'file-restored' ? 'warning' : 'problem', one)),
  uplink: ({ uplink: { failure } }) =>
    failure === undefined ? undefined : finding(failure.code === 'central-busy' ? 'warning' : 'problem', failure, failure.sinceMs),
  receipts: ({ uplink: { waitingSinceMs }, queue, now }) =>
    waitingSinceMs === 0 || now - waitingSinceMs < RECEIPT_LATE_MS
      ? undefined
      : finding(
          'problem',
          fault('receipt-missing', `${counted(queue.batches, 'batch waits', 'batches wait')}, and central has acknowledged none`),
          waitingSinceMs,
        ),
  disk: ({ diskFault }) => (diskFault === undefined ? undefined : finding('problem', diskFault)),
  dataPath: ({ dataPath: { fault: found } }) => (found === undefined ? undefined : finding('problem', found)),
  watchdog: ({ dataPath: { restartedAtMs }, now }) =>
    now - restartedAtMs > RESTART_SHOWN_MS
      ? undefined
      : finding(
          'warning',
          fault('watchdog-restarted', `systemd restarted the agent on ${isoMinute(restartedAtMs)}: it did not show any more that it works`),
        ),
  accounting: ({ accounting }) => {
    const wrong = accounting.filter(input => input.unaccounted !== 0)
    if (wrong.length === 0) return undefined
    const detail = wrong.map(({ input, unaccounted }) => `${input} by ${counted(unaccounted, 'message', 'messages')}`).join(', ')
    return finding('problem', fault('accounting-wrong', `The accounting does not add up: ${detail}`))
  },
  reading: ({ readingFaults: { count, last } }) =>
    count === 0
      ? undefined
      : finding(
          'problem',
          fault('reading-failed', `The agent failed to read ${counted(count, 'message', 'messages')}; last reason: ${last}`),
        ),
  clock: ({ clock: { jumps, lastJumpMs } }) =>
    jumps === 0
      ? undefined
      : finding(
          'warning',
          fault(
            'clock-jumped',
            `The clock of this box jumped ${counted(jumps, 'time', 'times')} since the agent started, last by ${Math.round(lastJumpMs / 1000)} s`,
          ),
        ),
  stalls: ({ process: { longestStallLastHourMs } }) =>
    longestStallLastHourMs < STALL_MS
      ? undefined
      : finding(
          'warning',
          fault(
            'agent-stalled',
            `For ${(longestStallLastHourMs / 1000).toFixed(1)} s within the last hour the agent could do nothing: messages may have been lost meanwhile`,
          ),
        ),
  update: ({ update, isPackage, version }) => [
    ...(isPackage && update?.kind === 'now' && update.offered !== null
      ? [finding('warning', fault('update-available', `CyberAlarm ${update.offered.version} is there; this machine has ${version}`))]
      : []),
    ...(update?.release?.state === 'taken-back'
      ? [finding('warning', fault('update-taken-back', `Release ${update.release.version} was taken back: ${update.release.text}`))]
      : []),
    ...(update?.release?.state === 'refused'
      ? [finding('warning', fault('update-refused', `Release ${update.release.version} was refused: ${update.release.text}`))]
      : []),
  ],
  updateFails: ({ update, now }) => {
    if (update === undefined || update.fault === null || now - Date.parse(update.fault.since) < UPDATE_FAILS_MS) return undefined
    const { code, detail, since } = update.fault
    return finding(
      'warning',
      {
        code: code in advice ? (code as FailureCode) : 'unexpected',
        detail: `No update for days: ${detail}`,
        advice: code in advice ? advice[code as FailureCode] : advice.unexpected,
      },
      Date.parse(since),
    )
  },
  lastStop: ({ wasStoppedCleanly }) =>
    wasStoppedCleanly
      ? undefined
      : finding(
          'warning',
          fault('stopped-uncleanly', 'The agent was killed before this start: up to 2 s of events and 10 s of counts are missing'),
        ),
  ledgerFile: ({ ledger: { damage } }) =>
    damage.length === 0 ? undefined : finding('warning', fault('ledger-set-aside', `The ledger was damaged: ${damage.join('; ')}`)),
  storedFiles: ({ storedFaults }) => storedFaults.map(one => finding(one.code === 'file-lost' ? 'problem' : 'warning', one)),
  spoolFiles: ({ spoolDamage: { told, count } }) => {
    if (count === 0) return undefined
    const more = count > told.length ? `; and ${count - told.length} more` : ''
    return finding('warning', fault('spool-damaged', `The queue was damaged: ${told.join('; ')}${more}`))
  },
  ledgerEnd: ({ ledger: { tornBytes } }) =>
    tornBytes === 0
      ? undefined
      : finding(
          'information',
          fault('ledger-torn', `The last line of the ledger was incomplete (${counted(tornBytes, 'byte', 'bytes')}) and was removed`),
        ),
  // number 0 stands for all senders that have no number of their own
  gateways: ({ gateways, now }) => {
    const others = gateways.find(({ number, lastMessageAtMs }) => number === 0 && now - lastMessageAtMs < SENDERS_SHOWN_MS)
    if (others === undefined) return undefined
    const detail = `More addresses send syslog to this box than it has numbers for: ${counted(others.messages, 'message', 'messages')} from the others since the agent started count as one gateway`
    return finding('warning', fault('gateways-too-many', detail))
  },
  forgottenSources: ({ forgottenSources }) =>
    forgottenSources === 0
      ? undefined
      : finding(
          'warning',
          fault(
            'sources-forgotten',
            `${counted(forgottenSources, 'blocked source was', 'blocked sources were')} forgotten early, because the table of recent sources is full`,
          ),
        ),
}

const isoMinute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** All findings, each said once: the same full disk may be met on several ways. */
export function findingsOf(facts: Facts): Finding[] {
  const all = Object.values(checks).flatMap(check => check(facts) ?? [])
  return all.filter(({ code, detail }, i) => all.findIndex(one => one.code === code && one.detail === detail) === i)
}
