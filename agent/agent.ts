// The composition root: everything that runs is made here and joined here. Modules do not know each other.
import { mkdirSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { factsOf } from './agent-facts.ts'
import { HealthWatch, systemNumberOf } from './agent-health.ts'
import { healthLevels, healthReport } from './agent-report.ts'
import { centralOf, LiveSettings, limitsOf, quotasOf } from './changed-settings.ts'
import { DataPath, lastRestartMs } from './data-path.ts'
import { Batcher } from './delivery/batcher.ts'
import { uplinkHost } from './delivery/uplink-host.ts'
import { Uploads } from './delivery/uploads.ts'
import { outcomesOf } from './health/checks/index.ts'
import { ClockWatch } from './health/clock-watch.ts'
import { SettledLevels } from './health/levels.ts'
import { serveMetrics } from './health/metrics-socket.ts'
import { ProcessWatch } from './health/process-watch.ts'
import { statusOf } from './health/status.ts'
import type { Status } from './health/status-schema.ts'
import { serveStatus } from './health/status-socket.ts'
import { Notifier } from './lib/notifier.ts'
import { loadNativeNotify, serviceManager } from './lib/service-manager.ts'
import type { Log } from './log.ts'
import { openStored } from './open-stored.ts'
import type { Paths } from './paths.ts'
import { Collector } from './pipeline/collector.ts'
import { LossWatch, type Moment, sequencesBefore } from './pipeline/loss-watch.ts'
import { OpenBatches } from './pipeline/open-batches.ts'
import { openSources } from './pipeline/open-sources.ts'
import type { Settings } from './settings/table.ts'
import type { HandedOver } from './sources/handed-over.ts'
import { Networks } from './triage/networks.ts'
import { Triage } from './triage/triage.ts'
import { Reporter } from './uplink/report.ts'
import { initialUplinkState, moveTimes, type UplinkState, uploadForever } from './uplink/uplink.ts'

/** How long an agent that shuts down goes on sending; the spool keeps the rest. */
const SHUTDOWN_GRACE_MS = 3000
/** The same once it reads no more, where its sockets are kept for the next agent. */
const LAST_GRACE_MS = 250

/** How long it may take to listen. */
const START_MAX_MS = 600_000

export interface AgentOptions {
  readonly paths: Paths
  readonly settings: Settings
  /** Reads them again, and has `listener` called whenever they may have changed (SIGHUP). */
  readonly changes?: { read(): Settings; listen(listener: () => void): void }
  readonly log: Log
  readonly version: string
  /** Sockets that systemd opened for us. */
  readonly handedOver: HandedOver
  /** After this time without a proof that the agent works, systemd restarts it; undefined where systemd did not start it. */
  readonly watchdogMs?: number | undefined
  /** How long after its start it closes every batch soon; undefined for the usual time. */
  readonly quickMs?: number | undefined
  /** Called once everything listens, with the addresses. */
  readonly ready?: (status: Status) => void
}

/**
 * Runs until the signal is aborted, or settings changed that it cannot take up while it runs; then closes the sources, writes what is
 * open to the disk and stops. True if it is to be started again.
 */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<boolean> {
  const { paths, settings, log } = options
  const startedAt = Date.now()
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  let currentStatus: (() => Status) | undefined
  const manager = serviceManager(await loadNativeNotify(), fault => log.warning(fault))
  // a large ledger takes its time to be read
  if (options.watchdogMs !== undefined) manager.notify(`WATCHDOG_USEC=${START_MAX_MS * 1000}`)
  const statusServer = await serveStatus(paths.statusSocket, () => currentStatus?.())
  const stored = openStored({ paths, quotas: quotasOf(settings), log })
  const { keeper, ledger, spool, accounts, outbox, gateways, before, identity } = stored
  const live = new LiveSettings(settings)
  const batches = new OpenBatches({ quickMs: options.quickMs })
  const collector = new Collector(accounts, batches, gateways, new Triage(new Networks(settings['member.networks'])))
  const wakeUplink = new Notifier()
  const limits = limitsOf(settings)
  const { sources, sockets, faults } = await openSources({
    settings,
    paths,
    handedOver: options.handedOver,
    manager,
    log,
    limits,
    sequencesBefore: socket => sequencesBefore(before, socket, now()),
    sinkFor: input => collector.sinkFor(input),
    nflogSink: () => collector.nflogSink(),
  })
  const health = new HealthWatch(
    {
      ...stored,
      paths,
      collector,
      sources,
      log,
      enrolment: () => keeper.identity?.stored.enrolment,
      tlsCertificate: () => tlsCertificateOf(live.current, paths),
    },
    Date.now(),
    performance.now(),
  )
  const losses = new LossWatch(accounts, before, { sources, sockets }, now())
  outbox.appendOrDefer({
    kind: 'start',
    version: options.version,
    afterCleanStop: stored.wasStoppedCleanly,
    sockets,
    deafMs: losses.deafMs,
  })
  const uplink = initialUplinkState()
  const batcher = new Batcher({
    batches,
    accounts,
    outbox,
    log,
    openBatch: paths.openBatch,
    pseudonymise: addresses => stored.pseudonyms.of(addresses),
    clockErrorMs: () => uplink.clockErrorMs,
    isCompact: () => uplink.centralVersion >= 2,
    reported: before.totals,
    unreported: before.unreported,
    heard: () => losses.heard(now()),
    identity,
    keepNumbers: stored.keepNumbers,
    numbering: () => gateways.accounting,
    stored: () => wakeUplink.notify(),
  })
  outbox.beforeKeeping = () => Object.assign(ledger.state, { heard: losses.heard(now()), unreported: batcher.unreported })
  const restartedAtMs = lastRestartMs(paths.watchdogRestart)
  const dataPath = new DataPath({ watchdogMs: options.watchdogMs, manager, sources, collector, batcher, log, restartedAtMs })
  const clock = new ClockWatch()
  const watch = new ProcessWatch()
  const reporter = new Reporter(
    { report: () => healthReport(judged(), parts), levels: () => healthLevels(judged()), answered: () => undefined },
    performance.now(),
  )
  const everySecond = setInterval(() => {
    const jumpMs = clock.tick()
    if (jumpMs !== 0) {
      moveTimes(uplink, jumpMs)
      reporter.moveTimes(jumpMs)
      collector.triage.recent.move(jumpMs, Date.now())
    }
    watch.tick()
    collector.tick()
    gateways.tick()
    health.tick(Date.now(), performance.now())
    if (!ending.aborted) dataPath.tick()
    outbox.keepCounts({ isFlushed: batcher.diskFault !== undefined })
    if (uplink.isSending) keeper.supersedeIfChanged()
    else if (!batcher.isPersisting && stored.adoptIdentity()) wakeUplink.notify()
  }, 1000)

  const stopping = new AbortController()
  const parts = {
    paths,
    ...stored,
    health,
    reporter,
    version: options.version,
    systemNumber: systemNumberOf(paths.system),
    startedAt,
    live,
    process: watch,
    clock,
    uplink,
    batcher,
    collector,
    dataPath,
    sources,
    faults,
  }
  const settled = new SettledLevels()
  const judged = () => {
    losses.refresh()
    const facts = factsOf(parts, Date.now())
    return { facts, outcomes: settled.settle(outcomesOf(facts), performance.now()) }
  }
  const status = (): Status => {
    const { facts, outcomes } = judged()
    return statusOf(facts, outcomes)
  }
  currentStatus = status
  const metricsServer = await serveMetrics(paths.metricsSocket, status)
  const batching = batcher.retryUntilWritten(stored.recover, stopping.signal).then(() => {
    wakeUplink.notify()
    return batcher.closeForever(stopping.signal)
  })
  const uploads = new Uploads(signal => {
    const host = uplinkHost({ outbox, keeper, central: centralOf(live.current), wakeUplink, reporter, identity })
    return uploadForever(host, uplink, log, signal)
  })
  const restart = new AbortController()
  const affected = {
    triage: collector.triage,
    spool,
    ledger,
    limits,
    log,
    reconnect: () => {
      Object.assign(uplink, { failuresInARow: 0, retryAt: 0 })
      uploads.again()
    },
    restart: () => restart.abort(),
  }
  const ending = AbortSignal.any([signal, restart.signal])
  const { changes } = options
  changes?.listen(() => {
    if (!ending.aborted) live.takeUp(() => changes.read(), affected)
  })
  const listening = `listening on ${sources.map(source => `${source.name} ${source.address}`).join(', ') || 'nothing'}`
  log.info(listening)
  manager.notify(`READY=1\nSTATUS=${listening.slice(0, 500)}`)
  watch.start()
  options.ready?.(status())

  await aborted(ending)
  // where the sockets are kept, the next agent is to come soon once this one reads no more: so what waits is sent before
  const isKept = Object.values(sockets).some(socket => socket > 0)
  if (isKept) await drain(stored, uplink, SHUTDOWN_GRACE_MS)
  losses.end(now())
  // TLS takes a moment to say goodbye, in which the others still read
  await Promise.all(sources.filter(({ name }) => name === 'tls').map(source => source.close()))
  await Promise.all(sources.filter(({ name }) => name !== 'tls').map(source => source.close()))
  stopping.abort()
  await batching
  await batcher.closeOnce(stopping.signal)
  await drain(stored, uplink, isKept ? LAST_GRACE_MS : SHUTDOWN_GRACE_MS)
  await uploads.stop()
  clearInterval(everySecond)
  watch.stop()
  outbox.beforeKeeping()
  const { heard, unreported } = ledger.state
  outbox.appendOrDefer({ kind: 'stop', totals: accounts.snapshot(), heard, unreported })
  outbox.keepCounts({ isStopped: true, isFlushed: true })
  health.save(Date.now())
  ledger.close()
  await metricsServer.close()
  await statusServer.close()
  return restart.signal.aborted
}

const tlsCertificateOf = (settings: Settings, paths: Paths): string => {
  if (settings['syslog.tls'] === 'off') return ''
  return settings['syslog.tls.certificate'] || join(paths.tls, 'syslog.crt')
}

type Stored = ReturnType<typeof openStored>

const now = (): Moment => ({ at: Date.now(), uptime: uptime() })

/** Waits for what is in the spool now to be sent while central takes it, for so long at most. */
async function drain({ spool, ledger }: Pick<Stored, 'spool' | 'ledger'>, uplink: UplinkState, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  const last = spool.last?.last ?? 0
  while (spool.length > 0 && ledger.state.receipted < last && uplink.failuresInARow === 0 && performance.now() < deadline) await sleep(20)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
