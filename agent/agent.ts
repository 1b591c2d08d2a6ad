// The composition root: everything that runs is made here and joined here. Modules do not know each other.
import { mkdirSync } from 'node:fs'
import { factsOf } from './agent-facts.ts'
import { verifyReceipt } from './batch/receipt.ts'
import { Batcher } from './delivery/batcher.ts'
import { Outbox } from './delivery/outbox.ts'
import { openPseudonyms } from './delivery/pseudonym-key.ts'
import { followEnrolment, type Recovery, recoverChain, recoverCounts } from './delivery/recovery.ts'
import { describe } from './errors.ts'
import { ClockWatch } from './health/clock-watch.ts'
import { ProcessWatch } from './health/process-watch.ts'
import { statusOf } from './health/status.ts'
import type { Status } from './health/status-schema.ts'
import { serveStatus } from './health/status-socket.ts'
import { Ledger } from './ledger/ledger.ts'
import { Notifier } from './lib/notifier.ts'
import type { Log } from './log.ts'
import type { Paths } from './paths.ts'
import { Collector } from './pipeline/collector.ts'
import { openGateways } from './pipeline/gateways.ts'
import { openSources } from './pipeline/open-sources.ts'
import type { Settings } from './settings/table.ts'
import type { HandedOver } from './sources/handed-over.ts'
import { Spool } from './spool/spool.ts'
import { Networks } from './triage/networks.ts'
import { Triage } from './triage/triage.ts'
import { IdentityKeeper } from './uplink/identity-file.ts'
import { openCentral } from './uplink/pinned-client.ts'
import { initialUplinkState, type UplinkDesk, uploadForever } from './uplink/uplink.ts'

const MIB = 1024 * 1024
/** How long a stopping agent tries to bring out what it has; the spool keeps the rest. */
const FAREWELL_MS = 3000

export interface AgentOptions {
  readonly paths: Paths
  readonly settings: Settings
  readonly log: Log
  readonly version: string
  /** Sockets that systemd opened for us. */
  readonly handedOver: HandedOver
  /** Called once everything listens, with the addresses. */
  readonly ready?: (status: Status) => void
}

/** Runs until the signal is aborted; then closes sources, brings what is open to the disk and stops. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { paths, settings, log } = options
  const startedAt = Date.now()
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  let tell: (() => Status) | undefined
  const statusServer = await serveStatus(paths.statusSocket, () => tell?.())
  const keeper = new IdentityKeeper(paths.identity, log)
  const ledger = new Ledger(paths.ledger, settings['ledger.quotaMiB'] * MIB)
  const quotaBytes = settings['spool.quotaMiB'] * MIB
  const spool = new Spool(paths.spool, quotaBytes)
  const totals = structuredClone(ledger.state.totals)
  const outbox = new Outbox(ledger, spool, totals)
  const recovery: Recovery = { ledger, spool, outbox, totals, log }
  const wasStoppedCleanly = ledger.state.stoppedCleanly
  recoverCounts(recovery, keeper.identity)
  outbox.appendSoon({ kind: 'start', version: options.version, afterCleanStop: wasStoppedCleanly })

  const pseudonyms = openPseudonyms(paths.pseudonymKey)
  const gateways = openGateways(paths.gateways)
  const collector = new Collector(totals, gateways, new Triage(new Networks(settings['member.networks'])))
  const news = new Notifier()
  // an identity counts once the ledger has it: until then the chain of batches is that of the one before
  let isRecovered = false
  const identity = () => (isRecovered && keeper.identity?.stored.enrolment === ledger.state.enrolment ? keeper.identity : undefined)
  const batcher = new Batcher({
    collector,
    outbox,
    log,
    pseudonymise: (words, at) => pseudonyms.of(words, at),
    identity,
    keepNumbers: () => gateways.flush(),
    stored: () => news.notify(),
  })
  const uplink = initialUplinkState()
  const central = { url: settings['central.url'], pins: settings['central.pins'], proxy: settings['uplink.proxy'] }
  const desk: UplinkDesk = {
    identity: () => (central.url === '' ? undefined : identity()),
    connect: ({ stored }, signal) => openCentral(central, stored, signal),
    next: identity => outbox.next(identity),
    isGenuine: (receipt, identity) => verifyReceipt(receipt, identity.receiptKey),
    settle: (_outgoing, receipt) => outbox.settle(receipt),
    giveUp: sequence => outbox.giveUp(sequence),
    replace: stored => keeper.replace(stored),
    wait: (ms, until) => news.wait(ms, until),
  }
  const clock = new ClockWatch()
  const watch = new ProcessWatch()
  const second = setInterval(() => {
    clock.tick()
    collector.tick()
    for (const gateway of gateways.active) gateway.tick()
    if (isRecovered && !batcher.isBringing && !uplink.isSending) takeUpIdentity()
  }, 1000)
  function takeUpIdentity(): void {
    const isNew = keeper.look()
    try {
      if (keeper.identity !== undefined) followEnrolment(recovery, keeper.identity)
      if (isNew) news.notify()
    } catch (error) {
      log.warning(describe(error)) // the disk takes nothing now: tried again in a second
    }
  }

  const ending = new AbortController()
  const farewell = new AbortController()
  const { sources, faults } = await openSources({
    settings,
    paths,
    handedOver: options.handedOver,
    log,
    sinkFor: input => collector.sinkFor(input),
    nflogSink: () => collector.nflogSink(),
  })
  const parts = {
    version: options.version,
    startedAt,
    central,
    wasStoppedCleanly,
    quotaBytes,
    process: watch,
    clock,
    keeper,
    uplink,
    spool,
    ledger,
    batcher,
    gateways,
    collector,
    sources,
    sourceFaults: faults,
  }
  const status = (): Status => statusOf(factsOf(parts, Date.now()))
  tell = status
  const closing = batcher
    .untilDiskTakes(() => recoverChain(recovery, keeper.identity), ending.signal)
    .then(isDone => {
      isRecovered = isDone
      news.notify()
      return batcher.closeForever(ending.signal)
    })
  const sending = uploadForever(desk, uplink, log, farewell.signal)
  log.info(`listening on ${sources.map(source => `${source.name} ${source.address}`).join(', ') || 'nothing'}`)
  watch.start()
  options.ready?.(status())

  await new Promise<void>(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.all(sources.map(source => source.close()))
  ending.abort()
  await closing
  await batcher.closeOnce(ending.signal)
  const deadline = setTimeout(() => farewell.abort(), uplink.failuresInARow > 0 ? 0 : FAREWELL_MS)
  while (spool.length > 0 && !farewell.signal.aborted && uplink.failuresInARow === 0) await new Promise(resolve => setTimeout(resolve, 20))
  farewell.abort()
  clearTimeout(deadline)
  await sending
  clearInterval(second)
  watch.stop()
  outbox.appendSoon({ kind: 'stop', totals: structuredClone(totals) })
  ledger.close()
  await statusServer.close()
}
