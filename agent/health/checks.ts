// What a person should know about the agent, in sentences, as a table: the first thing `status` shows.
import type { Batcher } from '../delivery/batcher.ts'
import { advice, describe } from '../errors.ts'
import { inputNames, unaccounted } from '../ledger/accounting.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Collector } from '../pipeline/collector.ts'
import type { Settings } from '../settings/table.ts'
import type { IdentityKeeper } from '../uplink/identity-file.ts'
import type { UplinkState } from '../uplink/uplink.ts'
import type { ClockWatch } from './clock-watch.ts'

interface Facts {
  /** Wall clock, ms since 1970. */
  readonly now: number
  /** Why sources could not be opened. */
  readonly faults: readonly string[]
  readonly keeper: IdentityKeeper
  readonly batcher: Batcher
  readonly clock: ClockWatch
  readonly uplink: UplinkState
  readonly collector: Collector
  readonly ledger: Ledger
  readonly settings: Settings
  readonly afterCleanStop: boolean
}

const checks: readonly ((facts: Facts) => string | undefined)[] = [
  ({ settings }) =>
    settings['central.url'] === '' || settings['central.pins'].length === 0
      ? 'central.url or central.pins is not set: nothing can be sent'
      : undefined,
  ({ keeper }) =>
    keeper.fault ??
    (keeper.identity === undefined
      ? `this box is not enrolled: suspicious events are counted and shed. ${advice['not-enrolled']}`
      : undefined),
  ({ keeper, now }) => {
    const until = keeper.identity?.certificate.validToDate.getTime() ?? Number.POSITIVE_INFINITY
    return until < now
      ? `the certificate of this box expired on ${new Date(until).toISOString()}: enrol again with a fresh code`
      : undefined
  },
  ({ faults }) => (faults.length > 0 ? faults.join('\n') : undefined),
  ({ uplink }) => uplink.failure?.text,
  ({ batcher }) => batcher.diskFault,
  ({ clock }) =>
    clock.jumps > 0 ? `the clock of this box jumped ${clock.jumps} times, last by ${Math.round(clock.lastJumpMs / 1000)} s` : undefined,
  ({ afterCleanStop }) =>
    afterCleanStop
      ? undefined
      : 'the agent was ended without notice before this start: up to two seconds of events and up to ten of counts are unknown',
  ({ ledger }) =>
    ledger.tornBytes > 0 ? `the last line of the ledger was unfinished (${ledger.tornBytes} bytes) and was taken off` : undefined,
  ({ ledger }) =>
    ledger.damaged === undefined
      ? undefined
      : `the ledger did not hold together and was set aside as ${ledger.damaged}: keep a copy for the helpdesk`,
  ({ collector }) => {
    const { evicted } = collector.triage.recent
    return evicted > 0 ? `${evicted} blocked sources were forgotten early: there were more than the table holds` : undefined
  },
  ({ collector }) =>
    collector.readingFaults > 0
      ? `${collector.readingFaults} messages could not be read through a fault of ours (${describe(collector.lastReadingFault)}): please tell us`
      : undefined,
  ({ collector }) => {
    const wrong = inputNames.filter(name => unaccounted(collector.totals[name]) !== 0)
    return wrong.length > 0 ? `the accounting of ${wrong.join(', ')} does not add up: please tell us` : undefined
  },
]

export const noticesOf = (facts: Facts): string[] => checks.map(check => check(facts)).filter(text => text !== undefined)
