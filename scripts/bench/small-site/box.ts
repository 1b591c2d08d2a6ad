// A box in process whose clock is ours, so that ten hours pass in a minute: everything of it is the agent's own, from the message to
// the receipt, but for the timers.
import { setTimeout as sleep } from 'node:timers/promises'
import { BATCH_FIXED_BYTES } from '../../../agent/batch/frame.ts'
import { OpenBatch } from '../../../agent/batch/open-batch.ts'
import { packBatch } from '../../../agent/batch/pack.ts'
import { Batcher } from '../../../agent/delivery/batcher.ts'
import { uplinkHost } from '../../../agent/delivery/uplink-host.ts'
import { encodeReport } from '../../../agent/health/report/wire.ts'
import { checkNames, checkWords } from '../../../agent/health/report/words.ts'
import { Notifier } from '../../../agent/lib/notifier.ts'
import { quietLog } from '../../../agent/log.ts'
import { openStored } from '../../../agent/open-stored.ts'
import type { Paths } from '../../../agent/paths.ts'
import { Collector } from '../../../agent/pipeline/collector.ts'
import { OpenBatches } from '../../../agent/pipeline/open-batches.ts'
import { Networks } from '../../../agent/triage/networks.ts'
import { Triage } from '../../../agent/triage/triage.ts'
import type { CentralClient } from '../../../agent/uplink/pinned-client.ts'
import { Reporter } from '../../../agent/uplink/report.ts'
import type { SiteMessage } from './traffic.ts'

const MIB = 2 ** 20

export interface SiteBox {
  /** Passes time until then; what is due meanwhile is closed, kept on the disk, and sent. */
  pass(untilMs: number): Promise<void>
  take(message: SiteMessage): void
  close(): Promise<void>
  readonly counts: Readonly<SiteCounts>
}

export interface SiteCounts {
  frames: number
  frameBytes: number
  /** Of frames with the same counts and no event. */
  fixedBytes: number
  rows: number
  /** How often the open batch was written. */
  kept: number
}

export interface SiteOptions {
  readonly paths: Paths
  readonly central: { readonly url: string; readonly pins: readonly string[] }
  /** ms since 1970 at which it begins. */
  readonly start: number
  /** As an agent of before 0033: prompt with everything, and the first version of all forms. */
  readonly isPrompt: boolean
  /** Around each exchange, at `at` ms since the beginning; `idleMs` is how long the connection was idle before. */
  exchange(what: 'batch' | 'report', at: number, idleMs: number, run: () => Promise<void>): Promise<void>
}

export async function openSite({ paths, central, start, isPrompt, exchange }: SiteOptions): Promise<SiteBox> {
  let now = 0
  let lastExchange = 0
  const counts: SiteCounts = { frames: 0, frameBytes: 0, fixedBytes: 0, rows: 0, kept: 0 }
  const empty = new OpenBatch()
  const stored = openStored({ paths, quotas: { ledger: 256 * MIB, spool: 256 * MIB }, log: quietLog })
  const { accounts, outbox, keeper, gateways } = stored
  await stored.recover()
  const batches = new OpenBatches({ quickMs: isPrompt ? Number.POSITIVE_INFINITY : 0, now: () => now })
  const collector = new Collector(accounts, batches, gateways, new Triage(new Networks(['198.51.100.0/24'])))
  const batcher = new Batcher({
    batches,
    accounts,
    outbox,
    log: quietLog,
    openBatch: paths.openBatch,
    pseudonymise: addresses => stored.pseudonyms.of(addresses),
    clockErrorMs: () => 0,
    isCompact: () => isShort,
    reported: stored.before.totals,
    unreported: stored.before.unreported,
    heard: () => ({ at: start + now, uptime: now / 1000 }),
    identity: stored.identity,
    keepNumbers: stored.keepNumbers,
    numbering: () => gateways.accounting,
    stored: () => undefined,
  })
  const never = new AbortController().signal
  const reporter = new Reporter(
    // as of before, one with each batch that is a minute after the last
    { report: () => reportOf(start + now, now), levels: () => (isPrompt ? `${now}` : ''), answered: () => undefined },
    0,
  )
  const host = uplinkHost({
    outbox,
    keeper,
    central: { ...central, proxy: '' },
    wakeUplink: new Notifier(),
    reporter,
    identity: stored.identity,
  })
  let client: CentralClient | undefined
  let isShort = false
  const sink = collector.sinkFor('udp')

  const exchanged = (what: 'batch' | 'report', run: (open: CentralClient) => Promise<void>) => {
    const idleMs = now - lastExchange
    lastExchange = now
    return exchange(what, now, idleMs, async () => {
      const identity = stored.identity()
      if (identity === undefined) throw new Error('the box is not enrolled')
      client ??= await host.connect(identity, never)
      await run(client)
      // a segment that only acknowledges is on its way for 40 ms
      await sleep(60)
    })
  }
  const report = () =>
    exchanged('report', async open => {
      const before = reporter.taken
      await reporter.send(open, never, () => now)
      if (reporter.taken === before) throw new Error(`central takes no report: ${reporter.failure?.detail}`)
    })
  const send = async () => {
    const identity = stored.identity()
    if (identity === undefined) throw new Error('the box is not enrolled')
    for (let outgoing = host.next(identity); outgoing !== undefined; outgoing = host.next(identity)) {
      const { bytes } = outgoing
      const sent = outgoing
      await exchanged('batch', async open => {
        const answer = await open.post(isShort ? '/v2/batches' : '/v1/batches', bytes)
        const receipt = host.receiptIn(answer, identity, sent)
        if (answer.status !== 200 || receipt?.hash !== sent.hash) throw new Error(`no receipt: ${JSON.stringify(answer)}`)
        await host.acknowledge(sent, receipt)
        // as the uplink learns it from the first receipt
        isShort = !isPrompt
      })
      counts.frames++
      counts.frameBytes += bytes.length
      if (reporter.waitMs(now, true) === 0) await report()
    }
  }
  const closeNow = async () => {
    const { rows } = batches.peek().batch
    const packed = await packBatch(empty, {
      pseudonymise: all => all,
      reasonName: () => '',
      accounting: batcher.unreported,
      clockOffsetSeconds: 0,
      isCompact: isShort,
    })
    counts.fixedBytes += packed.length + BATCH_FIXED_BYTES
    await batcher.closeOnce(never)
    counts.rows += rows
    await send()
  }

  return {
    take: ({ line, gateway, at }) => {
      const bytes = Buffer.from(line, 'latin1')
      sink.receivedAtMs = start + at
      sink.deliver(bytes, 0, bytes.length, gateway)
    },
    pass: async untilMs => {
      for (;;) {
        const left = Math.min(batches.closeInMs(false), batches.keepInMs, reporter.waitMs(now, false))
        if (now + left > untilMs) break
        now += Math.max(0, left)
        if (batches.closeInMs(false) <= 0) await closeNow()
        else if (batches.keepInMs <= 0) {
          await batcher.keepOnce()
          counts.kept++
        } else await report()
      }
      now = untilMs
    },
    close: async () => {
      await closeNow()
      await client?.close()
      stored.ledger.close()
    },
    counts,
  }
}

/** As long as the report of a box with two gateways. */
const reportOf = (at: number, upMs: number): Buffer =>
  encodeReport({
    at,
    release: 1,
    system: 1,
    slot: 'factory',
    upSeconds: upMs / 1000,
    machineUpSeconds: upMs / 1000,
    deafSeconds: 0,
    lost: 0,
    gatewayCount: 2,
    checks: checkNames
      .map(name => ({ number: checkWords[name].number, level: 'ok' as const, value: 1 }))
      .sort((a, b) => a.number - b.number),
    gateways: [1, 2].map(number => ({ number, level: 'ok' as const, silentSeconds: 3, perMinute: 14, readPerMille: 1000 })),
  })
