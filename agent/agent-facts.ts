// The facts of a running agent, taken from its parts: the health module knows none of them.
import { statSync } from 'node:fs'
import type { HealthWatch } from './agent-health.ts'
import { centralOf, type LiveSettings } from './changed-settings.ts'
import type { DataPath } from './data-path.ts'
import type { Batcher } from './delivery/batcher.ts'
import { type Fault, faultOf } from './errors.ts'
import type { ClockWatch } from './health/clock-watch.ts'
import type { Facts } from './health/facts.ts'
import type { ProcessWatch } from './health/process-watch.ts'
import type { CanaryStatus, InputStatus, UpdateFacts } from './health/status-schema.ts'
import { type InputCounts, inputNames, sum, unaccounted } from './ledger/accounting.ts'
import type { Accounts } from './ledger/accounts.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Paths } from './paths.ts'
import type { Canary } from './pipeline/canary.ts'
import type { Collector } from './pipeline/collector.ts'
import type { Gateways } from './pipeline/gateways.ts'
import { noticesOf } from './settings/table.ts'
import type { Source } from './sources/source.ts'
import type { Spool } from './spool/spool.ts'
import { updateStatus } from './update/state.ts'
import type { IdentityKeeper } from './uplink/identity-file.ts'
import type { Reporter } from './uplink/report.ts'
import type { UplinkState } from './uplink/uplink.ts'

export interface AgentParts {
  readonly paths: Paths
  readonly version: string
  readonly systemNumber: number
  readonly startedAt: number
  readonly live: LiveSettings
  readonly wasStoppedCleanly: boolean
  readonly process: ProcessWatch
  readonly health: HealthWatch
  readonly reporter: Reporter
  readonly clock: ClockWatch
  readonly keeper: IdentityKeeper
  readonly uplink: UplinkState
  readonly spool: Spool
  readonly ledger: Ledger
  readonly batcher: Batcher
  readonly gateways: Gateways
  readonly accounts: Accounts
  readonly collector: Collector
  readonly dataPath: DataPath
  readonly sources: readonly Source[]
  /** Why sources could not be opened. */
  readonly faults: readonly Fault[]
  /** What was wrong with files that the agent keeps. */
  readonly storedFaults: readonly Fault[]
}

const SHAPES_SHOWN = 20
const REASON_MAX = 500

/** `canKernelLose`: whether the kernel says how many messages it dropped. */
export function inputStatus(input: string, all: InputCounts, canKernelLose: boolean): InputStatus {
  const { lost, ...counts } = all
  return {
    input,
    ...counts,
    dropped: { ...counts.dropped },
    droppedTotal: sum(Object.values(counts.dropped)),
    unaccounted: unaccounted(all),
    kernelLost: canKernelLose || lost.kernel > 0 ? lost.kernel : null,
    connectionsCut: lost.connections,
    bytesCut: lost.bytes,
    deafSeconds: Math.round(lost.deafMs / 100) / 10,
  }
}

/** `now` is of the monotonic clock. */
function canaryStatus({ outside, own }: Canary, now: number): CanaryStatus {
  const age = (atMs: number) => (Number.isNaN(atMs) ? null : Math.round((now - atMs) / 100) / 10)
  return {
    nonce: outside.nonce === '' ? null : outside.nonce,
    count: outside.count,
    ageSeconds: age(outside.atMs),
    own: { sentAgeSeconds: age(own.sentAtMs), returnedAgeSeconds: age(own.returnedAtMs) },
  }
}

/** As files that other programs write tell it now. */
export function updateFacts(paths: Pick<Paths, 'updateState' | 'releaseReport'>): UpdateFacts | undefined {
  const told = updateStatus(paths)
  if (told === undefined) return undefined
  const { offered = null, learntAt = null, fault = null, release = null } = told
  return { ...told, offered, learntAt, fault, release }
}

export function factsOf(parts: AgentParts, now: number): Facts {
  const { keeper, uplink, spool, ledger, clock, accounts, collector, sources, health, reporter } = parts
  const { failure } = uplink
  const central = centralOf(parts.live.current)
  const kernelLostOf = (name: string) => sources.find(source => source.name === name)?.kernelLost() ?? null
  return {
    now,
    version: parts.version,
    startedAtMs: parts.startedAt,
    process: parts.process.status,
    canary: canaryStatus(collector.canary, performance.now()),
    dataPath: parts.dataPath.facts,
    settingsFault: parts.live.fault,
    settingsNotices: noticesOf(parts.live.current),
    central: { url: central.url, pinCount: central.pins.length },
    identity: {
      device: keeper.identity?.stored.device,
      certificateUntilMs: keeper.identity?.certificate.validToDate.getTime(),
      fault: keeper.fault,
    },
    uplink: {
      lastReceiptAtMs: uplink.lastReceiptAt,
      lastReceipt: uplink.lastReceipt,
      waitingSinceMs: uplink.waitingSince,
      bytesSent: uplink.bytesSent,
      failure: failure === undefined ? undefined : { ...failure, sinceMs: failure.since, atMs: failure.at },
      retryAtMs: uplink.retryAt,
      lastAnswerAtMs: Math.max(uplink.lastReceiptAt, reporter.lastAt),
      reportFailure: reporter.failure === undefined ? undefined : { ...reporter.failure, sinceMs: reporter.failure.since },
      clockErrorMs: uplink.clockErrorMs,
    },
    queue: {
      batches: spool.length + spool.newer.batches,
      bytes: spool.usedBytes + spool.newer.bytes,
      quotaBytes: spool.quotaBytes,
      oldestAtMs: spool.oldestAtMs,
    },
    update: updateFacts(parts.paths),
    isPackage: statSync(parts.paths.updateSwitch, { throwIfNoEntry: false }) === undefined,
    diskFault: parts.batcher.diskFault ?? ledger.checkpointFault,
    ledger: { tornBytes: ledger.tornBytes, damage: ledger.damage },
    storedFaults: [...parts.storedFaults, ...health.faults],
    spoolDamage: { told: spool.damage, count: spool.damages },
    clock: { jumps: clock.jumps, lastJumpMs: clock.lastJumpMs },
    wasStoppedCleanly: parts.wasStoppedCleanly,
    gateways: parts.gateways.active.map(gateway => health.gatewayFacts(gateway, now)),
    missing: health.missing(now),
    accounting: inputNames.map(name => inputStatus(name, accounts.totals[name], kernelLostOf(name) !== null)),
    sources: sources.map(({ name, address, counters, keepsConnections }) => ({
      name,
      address,
      counters: { ...counters },
      keepsConnections,
    })),
    sourceFaults: parts.faults,
    products: collector.products,
    refused: { ...collector.refused },
    unreadableShapes: collector.shapes.top(SHAPES_SHOWN),
    forgottenSources: collector.triage.recent.evicted,
    ...health.factsAt(now, performance.now()),
    stallsMs: parts.process.recentStalls,
    readingFaults: { count: collector.readingFaults, last: faultOf(collector.lastReadingFault).detail.slice(0, REASON_MAX) },
  }
}
