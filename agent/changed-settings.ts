// Takes up changed settings while the agent runs: no listener and no connection is closed for them. What concerns the listeners
// themselves is left to a restart.
import { describe, type Fault, faultOf } from './errors.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Log } from './log.ts'
import { changesOf } from './settings/changes.ts'
import type { Settings } from './settings/table.ts'
import type { StreamLimits } from './sources/syslog/syslog-connections.ts'
import type { Spool } from './spool/spool.ts'
import { Networks } from './triage/networks.ts'
import type { Triage } from './triage/triage.ts'
import type { CentralAddress } from './uplink/anchor.ts'

const MIB = 1024 * 1024

export interface Affected {
  readonly triage: Triage
  readonly spool: Spool
  readonly ledger: Ledger
  readonly limits: { -readonly [Name in keyof StreamLimits]?: StreamLimits[Name] }
  readonly log: Log
  /** Central is another one, or the way to it is. */
  reconnect(): void
  /** Settings changed that no running agent can take up. */
  restart(): void
}

export const centralOf = (settings: Settings): CentralAddress => ({
  url: settings['central.url'],
  pins: settings['central.pins'],
  proxy: settings['uplink.proxy'],
})

export const limitsOf = (settings: Settings): { connectionsMax: number; idleMs: number } => ({
  connectionsMax: settings['syslog.connections'],
  idleMs: settings['syslog.idleSeconds'] * 1000,
})

/** In bytes. */
export const quotasOf = (settings: Settings): { ledger: number; spool: number } => ({
  ledger: settings['ledger.quotaMiB'] * MIB,
  spool: settings['spool.quotaMiB'] * MIB,
})

export class LiveSettings {
  current: Settings
  /** Why those in the file are not in use. */
  fault: Fault | undefined

  constructor(settings: Settings) {
    this.current = settings
  }

  /** Reads them again. Settings with an error change nothing. */
  takeUp(read: () => Settings, affected: Affected): void {
    const { log } = affected
    try {
      const next = read()
      this.fault = undefined
      const { running, restart } = changesOf(this.current, next)
      if (running.length > 0) log.info(`changed settings are in use: ${running.join(', ')}`)
      if (restart.length > 0) log.info(`the agent starts anew, to listen as the settings say: ${restart.join(', ')}`)
      const hasNewWay = running.some(name => name.startsWith('central.') || name === 'uplink.proxy')
      this.current = next
      apply(next, affected)
      if (restart.length > 0) affected.restart()
      else if (hasNewWay) affected.reconnect()
    } catch (error) {
      this.fault = faultOf(error)
      log.warning(`the settings from before stay in use: ${describe(error)}`)
    }
  }
}

function apply(settings: Settings, { triage, spool, ledger, limits }: Affected): void {
  triage.networks = new Networks(settings['member.networks'])
  const quotas = quotasOf(settings)
  spool.quotaBytes = quotas.spool
  ledger.quotaBytes = quotas.ledger
  Object.assign(limits, limitsOf(settings))
}
