// Ten hours of a small site, and the table of what they cost.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BATCH_FIXED_BYTES } from '../../../agent/batch/frame.ts'
import { enrol } from '../../../agent/enrolment.ts'
import { pathsBelow } from '../../../agent/paths.ts'
import { readSettings } from '../../../agent/settings/file.ts'
import { writeSettings } from '../../../agent/testing/harness.ts'
import { startCentral } from '../../../central-stub/central.ts'
import { openSite } from './box.ts'
import { openRelay, since, type WireCount, wireBytes } from './relay.ts'
import { siteTraffic, USUAL_LOGINS } from './traffic.ts'

export interface SiteRun {
  readonly hours: number
  readonly seed: number
  /** As an agent that is prompt with everything. */
  readonly isPrompt: boolean
  /** Share of failed logins in the suspicious events. */
  readonly logins?: number
}

export interface SiteCost {
  readonly suspicious: number
  readonly batches: number
  readonly rows: number
  readonly frameBytes: number
  /** Of frames with the same counts and no event. */
  readonly fixedBytes: number
  /** How often the open batch was written to the disk. */
  readonly kept: number
  readonly batchesOnWire: WireCount
  readonly reportsOnWire: WireCount
  readonly reports: number
}

/** A connection that was idle for longer is closed by one of its ends, and the next exchange begins with a handshake. */
const IDLE_MS = { prompt: 74_000, patient: 170_000 }

const nothing: WireCount = { up: 0, down: 0, segments: 0, connections: 0 }
const plus = (a: WireCount, b: WireCount): WireCount => ({
  up: a.up + b.up,
  down: a.down + b.down,
  segments: a.segments + b.segments,
  connections: a.connections + b.connections,
})

export async function measureSite({ hours, seed, isPrompt, logins = USUAL_LOGINS }: SiteRun): Promise<SiteCost> {
  const folder = mkdtempSync(join(tmpdir(), 'ca-site-'))
  const start = Date.now()
  let now = start
  const central = await startCentral({ folder: join(folder, 'central'), now: () => now })
  const root = join(folder, 'box')
  const paths = pathsBelow(root)
  writeSettings(root, central)
  await enrol(await central.makeCode(), paths, readSettings(root))
  const relay = await openRelay(Number(new URL(central.url).port))
  const onWire = { batch: nothing, report: nothing }
  let reports = 0
  let suspicious = 0
  try {
    const site = await openSite({
      paths,
      central: { url: `https://127.0.0.1:${relay.port}`, pins: central.pins },
      start,
      isPrompt,
      exchange: async (what, at, idleMs, run) => {
        now = start + Math.round(at)
        if (idleMs > (isPrompt ? IDLE_MS.prompt : IDLE_MS.patient)) await relay.cut()
        const before = relay.count()
        await run()
        onWire[what] = plus(onWire[what], since(relay.count(), before))
        if (what === 'report') reports++
      },
    })
    for (const message of siteTraffic({ hours, start, seed, logins })) {
      await site.pass(message.at)
      site.take(message)
      if (message.isSuspicious) suspicious++
    }
    await site.pass(hours * 3_600_000)
    await site.close()
    const { frames: batches, rows, frameBytes, fixedBytes, kept } = site.counts
    return { suspicious, batches, rows, frameBytes, fixedBytes, kept, batchesOnWire: onWire.batch, reportsOnWire: onWire.report, reports }
  } finally {
    relay.close()
    await central.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Before and after, as lines of a table in Markdown. */
export function siteTable(hours: number, ...runs: readonly SiteCost[]): string {
  const row = (what: string, of: (cost: SiteCost) => number, digits = 0) =>
    `| ${what} | ${runs.map(cost => of(cost).toFixed(digits)).join(' | ')} |`
  const each = (of: (cost: SiteCost) => number) => (cost: SiteCost) => of(cost) / cost.suspicious
  const all = (cost: SiteCost) => plus(cost.batchesOnWire, cost.reportsOnWire)
  return [
    `| ${hours} hours, ${runs[0].suspicious} suspicious events | closed after 2 s | as it is | as it is, without logins |`,
    '|---|--:|--:|--:|',
    row('batches a day', cost => (cost.batches * 24) / hours),
    row('events a batch', cost => cost.suspicious / cost.batches, 1),
    row('frame of a batch, bytes', cost => cost.frameBytes / cost.batches, 1),
    row(`its fixed part: ${BATCH_FIXED_BYTES} and the counts, bytes`, cost => cost.fixedBytes / cost.batches, 1),
    row(
      'frames, bytes an event',
      each(cost => cost.frameBytes),
      1,
    ),
    row(
      'everything on the wire but reports of health, bytes an event',
      each(cost => wireBytes(cost.batchesOnWire)),
      1,
    ),
    row(
      'of it headers of TCP and IP',
      each(cost => wireBytes({ ...cost.batchesOnWire, up: 0, down: 0 })),
      1,
    ),
    row(
      'of it from the box, TLS and HTTP and frame',
      each(cost => cost.batchesOnWire.up),
      1,
    ),
    row(
      'of it from central, TLS and HTTP and receipt',
      each(cost => cost.batchesOnWire.down),
      1,
    ),
    row(
      'reports of health, bytes an event',
      each(cost => wireBytes(cost.reportsOnWire)),
      1,
    ),
    row('reports a day', cost => (cost.reports * 24) / hours),
    row(
      'everything, bytes an event',
      each(cost => wireBytes(all(cost))),
      1,
    ),
    row('connections a day', cost => (all(cost).connections * 24) / hours),
    row('writes of the open batch a day', cost => (cost.kept * 24) / hours),
  ].join('\n')
}
