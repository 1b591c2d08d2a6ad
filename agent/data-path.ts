// Shows again and again that what arrives at the agent's own sockets is read and gets to the disk, and tells systemd of it; where that
// can no longer be shown, systemd restarts the agent. When it may be told, health/watchdog.ts decides.
import { randomBytes } from 'node:crypto'
import type { Batcher } from './delivery/batcher.ts'
import { describe, Failure, type Fault, fault } from './errors.ts'
import type { DataPathFacts } from './health/facts.ts'
import { Watchdog } from './health/watchdog.ts'
import { readIfPossible } from './lib/durable-file.ts'
import type { ServiceManager } from './lib/service-manager.ts'
import type { Log } from './log.ts'
import type { Collector } from './pipeline/collector.ts'
import type { Source } from './sources/source.ts'
import { sendToSelf } from './sources/syslog/send-to-self.ts'

export interface DataPathParts {
  /** systemd's time; undefined where systemd did not start the agent. */
  readonly watchdogMs: number | undefined
  readonly manager: ServiceManager
  readonly sources: readonly Source[]
  readonly collector: Collector
  readonly batcher: Pick<Batcher, 'persistingSince' | 'diskFault'>
  readonly log: Log
  /** When the watchdog restarted the agent last; ms since 1970, 0 is never. */
  readonly restartedAtMs: number
}

const isWay = ({ name }: Source): boolean => name === 'udp' || name === 'tcp'

export class DataPath {
  private readonly parts: DataPathParts
  private readonly watchdog: Watchdog | undefined
  /** UDP; where that is switched off, TCP. Nobody can write to the others without a certificate, or to the kernel's packet log. */
  private readonly ways: readonly Source[]
  private sendFault: Error | undefined

  /** To be made when everything listens: from now on systemd waits for the first proof. */
  constructor(parts: DataPathParts) {
    const { watchdogMs, manager, sources, log } = parts
    this.parts = parts
    this.ways = sources.filter(isWay).slice(0, 1)
    const isWatched = watchdogMs !== undefined && manager.notify(`WATCHDOG_USEC=${Math.round(watchdogMs * 1000)}\nWATCHDOG=1`)
    if (!isWatched) {
      log.info('no watchdog: systemd did not start this agent, or cannot be told how it is; if it hangs, nobody restarts it')
      return
    }
    this.watchdog = new Watchdog(watchdogMs, performance.now())
    const shown = this.ways.map(({ name }) => `a test message over ${name}, `).join('')
    log.info(`watchdog: restarted if it cannot show for ${watchdogMs / 1000} s that it works (${shown}batches on the disk, not late)`)
  }

  /** To be called once a second. */
  tick(): void {
    const { watchdog } = this
    if (watchdog === undefined) return
    const { batcher, collector, manager, log } = this.parts
    const before = watchdog.fault
    const steps = watchdog.look({
      now: performance.now(),
      ways: this.ways.map(({ name }) => ({ name, isReturned: collector.canary.isReturned, messages: collector.messagesOf(name) })),
      persistingSince: batcher.persistingSince,
      diskFault: batcher.diskFault,
    })
    if (steps.includes('alive')) manager.notify('WATCHDOG=1')
    if (!steps.includes('send')) return
    const found = this.fault
    if (found !== undefined && found.code !== before?.code) log.warning(describe(new Failure(found.code, found.detail)))
    if (found === undefined && before !== undefined) log.info('watchdog: the agent shows again that it works')
    this.sendFault = undefined
    const text = collector.canary.next(randomBytes(8).toString('hex'), performance.now())
    for (const way of this.ways) {
      sendToSelf(way, text, error => {
        this.sendFault = error
      })
    }
  }

  get facts(): DataPathFacts {
    const { watchdog, ways } = this
    return {
      isWatched: watchdog !== undefined,
      ways: watchdog === undefined ? [] : ways.map(({ name }) => name),
      ageMs: watchdog === undefined || Number.isNaN(watchdog.provenAt) ? undefined : performance.now() - watchdog.provenAt,
      fault: this.fault,
      restartedAtMs: this.parts.restartedAtMs,
    }
  }

  private get fault(): Fault | undefined {
    const found = this.watchdog?.fault
    if (found === undefined || this.sendFault === undefined || found.code === 'disk-stuck') return found
    return fault(found.code, `${found.detail}: ${this.sendFault.message}`)
  }
}

const FILE_MAX_BYTES = 100

/** When the watchdog restarted the agent last, as its unit has noted it (ExecStopPost=); 0 is never. */
export function lastRestartMs(path: string): number {
  const text = readIfPossible(path, FILE_MAX_BYTES)?.toString('latin1').trim() ?? ''
  return /^\d{1,12}$/.test(text) ? Number(text) * 1000 : 0
}
