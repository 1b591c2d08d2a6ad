// What central can say about what it holds: totals, the state of each device, and the most active sources.
import * as z from 'zod'
import type { Reader } from '../store/store.ts'
import { losses, noLosses } from './losses.ts'

const number = z.bigint().transform(Number)

/** Query and shape of each figure; all sums are over stored batches, `shed` over the statements of devices. */
const totals = {
  sql: `SELECT
    (SELECT count(*) FROM devices) AS devices,
    (SELECT count(*) FROM batches) AS batches,
    (SELECT coalesce(sum(rows), 0) FROM batches) AS rows,
    (SELECT coalesce(sum(count), 0) FROM events) AS events,
    (SELECT coalesce(sum(messages), 0) FROM batches) AS messages,
    (SELECT coalesce(sum(bytes), 0) FROM batches) AS bytes`,
  shape: z.object({ devices: number, batches: number, rows: number, events: number, messages: number, bytes: number }),
}

const shed = {
  sql: `SELECT count(*) AS statements, coalesce(sum(last - first + 1), 0) AS batches,
    coalesce(sum(rows), 0) AS rows, coalesce(sum(messages), 0) AS messages FROM sheds`,
  shape: z.object({ statements: number, batches: number, rows: number, messages: number }),
}

const perDevice = {
  sql: `SELECT d.device, d.member, coalesce(h.sequence, 0) AS sequence,
      (SELECT max(stored_at) FROM batches b WHERE b.device = d.device) AS last_stored_at,
      (SELECT count(*) FROM certificates c WHERE c.device = d.device AND c.revoked_at IS NULL) AS certificates
    FROM devices d LEFT JOIN heads h ON h.device = d.device ORDER BY d.enrolled_at, d.device`,
  shape: z
    .object({ device: z.string(), member: z.string(), sequence: number, last_stored_at: z.date().nullable(), certificates: number })
    .transform(row => ({
      device: row.device,
      member: row.member,
      sequence: row.sequence,
      lastStoredAt: row.last_stored_at?.toISOString() ?? null,
      certificates: row.certificates,
    })),
}

const rankSchema = z.object({ name: z.string(), count: number })
/** Expressions over `events` by which a top ten is made. */
const rankings = {
  sources: 'source',
  destinationPorts: `destination_port || '/' || coalesce(CASE protocol WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' ELSE protocol::VARCHAR END, '?')`,
  reasons: 'reason',
  products: 'product',
} as const

export type Ranking = readonly { readonly name: string; readonly count: number }[]
export type Top = Readonly<Record<keyof typeof rankings, Ranking>>

function rank(reader: Reader, expression: string): Promise<Ranking> {
  return reader.read(
    rankSchema,
    `SELECT ${expression} AS name, sum(count) AS count FROM events WHERE ${expression} IS NOT NULL GROUP BY name ORDER BY count DESC, name LIMIT 10`,
  )
}

export async function readTop(reader: Reader): Promise<Top> {
  const [sources, destinationPorts, reasons, products] = await Promise.all([
    rank(reader, rankings.sources),
    rank(reader, rankings.destinationPorts),
    rank(reader, rankings.reasons),
    rank(reader, rankings.products),
  ])
  return { sources, destinationPorts, reasons, products }
}

export async function readStats(reader: Reader) {
  const [[sums], [sheds], devices, lost, topSources] = await Promise.all([
    reader.read(totals.shape, totals.sql),
    reader.read(shed.shape, shed.sql),
    reader.read(perDevice.shape, perDevice.sql),
    reader.read(losses.shape, losses.sql),
    rank(reader, rankings.sources),
  ])
  const lostBy = new Map(lost.map(({ device, ...figures }) => [device, figures]))
  const perDeviceRows = devices.map(row => ({ ...row, lost: lostBy.get(row.device) ?? noLosses }))
  return { ...sums, shed: sheds, perDevice: perDeviceRows, topSources }
}

export type Stats = Awaited<ReturnType<typeof readStats>>

/** What central refuses, and what it has room for; counts are since its start. */
export interface LimitsReport {
  readonly connections: { readonly open: number; readonly gaveWay: number; readonly turnedAway: number }
  /** Under way. */
  readonly requests: { readonly devices: number; readonly enrolling: number; readonly downloads: number }
  readonly refusals: Readonly<Record<string, number>>
  readonly disk: {
    readonly freeBytes: number
    readonly sizeBytes: number
    readonly reserveBytes: number
    readonly room: string
    /** How often the database was opened: more than once if it gave up, on a full disk for example. */
    readonly openings: number
  }
  /** Those that have used most of a quota. */
  readonly members: readonly { readonly member: string; readonly percent: number }[]
}
