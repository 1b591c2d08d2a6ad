// What central can say about what it holds: totals, the state of each device, and the most active sources.

import * as z from 'zod'
import { AddressKind } from '../../agent/batch/layout.ts'
import { pseudonymText } from '../../agent/batch/pseudonym-text.ts'
import { productNames } from '../../agent/batch/unpack.ts'
import { formatAddress } from '../../agent/lib/address.ts'
import type { Arrivals } from '../arrivals/arrivals.ts'
import type { CorrelationReport } from '../correlation/run.ts'
import type { Reader } from '../register/register.ts'
import { losses, noLosses } from './losses.ts'

/** Query and shape of each figure; all sums are over stored batches, `shed` over the statements of devices. */
const totals = {
  sql: `SELECT
    (SELECT count(*) FROM devices) AS devices,
    (SELECT count(*) FROM batches) AS batches,
    (SELECT total(rows) FROM batches) AS rows,
    (SELECT total(messages) FROM batches) AS messages,
    (SELECT total(bytes) FROM batches) AS bytes`,
  shape: z.object({ devices: z.number(), batches: z.number(), rows: z.number(), messages: z.number(), bytes: z.number() }),
}

const shed = {
  sql: `SELECT count(*) AS statements, total(last - first + 1) AS batches, total(rows) AS rows, total(messages) AS messages FROM sheds`,
  shape: z.object({ statements: z.number(), batches: z.number(), rows: z.number(), messages: z.number() }),
}

const perDevice = {
  sql: `SELECT d.device, m.name AS member, coalesce(h.sequence, 0) AS sequence,
      (SELECT stored_at FROM batches b WHERE b.device = d.id ORDER BY b.sequence DESC LIMIT 1) AS last_stored_at,
      (SELECT count(*) FROM certificates c WHERE c.device = d.id AND c.revoked_at IS NULL) AS certificates
    FROM devices d JOIN members m ON m.id = d.member LEFT JOIN heads h ON h.device = d.id ORDER BY d.enrolled_at, d.device`,
  shape: z
    .object({ device: z.string(), member: z.string(), sequence: z.int(), last_stored_at: z.int().nullable(), certificates: z.int() })
    .transform(row => ({
      device: row.device,
      member: row.member,
      sequence: row.sequence,
      lastStoredAt: row.last_stored_at === null ? null : new Date(row.last_stored_at).toISOString(),
      certificates: row.certificates,
    })),
}

/** An address as the hours keep it, for people. */
export function addressText(kind: number, address: bigint): string {
  const bytes = Buffer.from(address.toString(16).padStart(32, '0'), 'hex')
  if (kind === AddressKind.pseudonym) return pseudonymText(bytes)
  return formatAddress(Uint32Array.from([0, 4, 8, 12], at => bytes.readUInt32BE(at)))
}

const rankSchema = z
  .object({ name: z.string().nullable(), kind: z.number().nullable(), address: z.bigint().nullable(), count: z.bigint().transform(Number) })
  .transform(({ name, kind, address, count }) => ({
    name: name ?? (kind === null || address === null ? '' : addressText(kind, address)),
    count,
  }))
const text = (sql: string) => `${sql} AS name, NULL::UTINYINT AS kind, NULL::UHUGEINT AS address`
/** Expressions over `arrivals.events` by which a top ten is made. */
const rankings = {
  sources: { columns: 'NULL::VARCHAR AS name, source_kind AS kind, source AS address', where: 'source IS NOT NULL' },
  destinationPorts: {
    columns: text(
      `destination_port || '/' || coalesce(CASE protocol WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' ELSE protocol::VARCHAR END, '?')`,
    ),
    where: 'destination_port IS NOT NULL',
  },
  reasons: {
    columns: text('(SELECT any_value(r.name) FROM arrivals.reasons r WHERE r.hour = e.hour AND r.reason = e.reason)'),
    where: 'true',
  },
  products: { columns: text(`coalesce([${productNames.map(name => `'${name}'`)}][product + 1], 'product-' || product)`), where: 'true' },
} as const

export type Ranking = readonly { readonly name: string; readonly count: number }[]
export type Top = Readonly<Record<keyof typeof rankings, Ranking>>

function rank(arrivals: Arrivals, { columns, where }: (typeof rankings)[keyof typeof rankings]): Promise<Ranking> {
  return arrivals.read(
    rankSchema,
    `SELECT ${columns}, sum(count)::UBIGINT AS count FROM arrivals.events e WHERE ${where} GROUP BY 1, 2, 3 ORDER BY count DESC, 1, 3 LIMIT 10`,
  )
}

export async function readTop(arrivals: Arrivals): Promise<Top> {
  const [sources, destinationPorts, reasons, products] = await Promise.all([
    rank(arrivals, rankings.sources),
    rank(arrivals, rankings.destinationPorts),
    rank(arrivals, rankings.reasons),
    rank(arrivals, rankings.products),
  ])
  return { sources, destinationPorts, reasons, products }
}

const eventsSchema = z.object({ events: z.number() })

export async function readStats(reader: Reader, arrivals: Arrivals) {
  const [[{ events }], topSources] = await Promise.all([
    arrivals.read(eventsSchema, 'SELECT coalesce(sum(count), 0)::DOUBLE AS events FROM arrivals.events'),
    rank(arrivals, rankings.sources),
  ])
  const [sums] = reader.read(totals.shape, totals.sql)
  const [sheds] = reader.read(shed.shape, shed.sql)
  const lostBy = new Map(reader.read(losses.shape, losses.sql).map(({ device, ...figures }) => [device, figures]))
  const perDeviceRows = reader.read(perDevice.shape, perDevice.sql).map(row => ({ ...row, lost: lostBy.get(row.device) ?? noLosses }))
  const { devices, batches, rows, messages, bytes } = sums
  return { devices, batches, rows, events, messages, bytes, shed: sheds, perDevice: perDeviceRows, topSources }
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
    /** How often the files of the hours were opened: more than once if DuckDB gave up, on a full disk for example. */
    readonly openings: number
  }
  /** Hours whose events cannot be read, and are left out of everything. */
  readonly damaged: readonly { readonly code: 'hour-damaged'; readonly hour: string; readonly said: string }[]
  readonly correlation: CorrelationReport
  /** Those that have used most of a quota. */
  readonly members: readonly { readonly member: string; readonly percent: number }[]
}
