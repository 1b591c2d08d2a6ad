// SQL over rows of events: which are suspicious, which were taken back, and how a row of an hour of arrivals is written into a file of
// suspicious events. Parquet has no unsigned number of 128 bits, so an address is two of 64; a file stands for itself, so it has
// names of reasons, and device and sequence of the batch that brought the row. Pure.

/** Numbers of `Action` in agent/event.ts: deny, drop, reject, reset, detect, login-failed. */
const SUSPICIOUS_ACTIONS = [1, 2, 3, 4, 6, 7]

const halves = (name: string): string =>
  `(${name} >> 64)::UBIGINT AS ${name}_high, (${name} & 18446744073709551615)::UBIGINT AS ${name}_low`

/** Columns that arrivals and files of suspicious events have in common as they are. */
const common = [
  'member',
  'time',
  'duration',
  'gateway',
  'product',
  'action',
  'direction',
  'protocol',
  'rule',
  'source_kind',
  'source_port',
  'destination_kind',
  'destination_port',
  'bytes',
  'packets',
  'count',
] as const

/** Hours since 1970 are a short number, and prune as well as a time. */
const HOUR_MS = 3_600_000

export interface Hour {
  /** 2026-12-01T03 */
  readonly name: string
  readonly startMs: number
}

/** Schema under which an hour's file is attached. */
export const schemaOf = ({ name }: Pick<Hour, 'name'>): string => `"h_${name.replaceAll('-', '_')}"`

/** Rows of an hour, or of a slice of it (` BETWEEN first AND last`), in the form of the files of suspicious events, with `keep`: whether they are kept when the hour goes. */
export const hourRows = (hour: Hour, slice = ''): string => `
  SELECT e.rowid AS row, ${hour.startMs / HOUR_MS}::UINTEGER AS hour, b.device, b.sequence, e.batch, ${common.map(name => `e.${name}`).join(', ')},
    ${halves('source').replaceAll('(source', '(e.source')}, ${halves('destination').replaceAll('(destination', '(e.destination')},
    r.name AS reason_name,
    coalesce(e.action IN (${SUSPICIOUS_ACTIONS.join(', ')})
      OR EXISTS (SELECT 1 FROM kept_keys k WHERE k.source = e.source AND k.member = e.member), false) AS keep
  FROM ${schemaOf(hour)}.events e
  LEFT JOIN ${schemaOf(hour)}.batches b ON b.batch = e.batch
  LEFT JOIN ${schemaOf(hour)}.reasons r ON r.reason = e.reason${slice === '' ? '' : ` WHERE e.rowid${slice}`}`

/** Columns of a file of suspicious events, in their order. */
export const fileColumns = [
  'hour',
  'device',
  'sequence',
  'batch',
  ...common,
  'source_high',
  'source_low',
  'destination_high',
  'destination_low',
  'reason_name',
] as const

export const ordered = 'ORDER BY source_kind, source_high, source_low, hour, batch'

/** What a leaf of a Merkle tree is made of: each value as text, the address as hexadecimal. `row` is its place in the file. */
export const leafText = `concat_ws('|', ${fileColumns.map(name => `coalesce(${name}::VARCHAR, '-')`).join(', ')})`

const whole = (name: string): string => `${name}_high::UHUGEINT * 18446744073709551616 + ${name}_low AS ${name}`

/** Body of the view suspect.events: columns of arrivals and more. `paths` are files that are there; none gives an empty view. */
export function suspectView(paths: readonly string[], hidden: string): string {
  const columns = `strftime(make_timestamp_ms(hour::BIGINT * ${HOUR_MS}), '%Y-%m-%dT%H') AS hour, device, sequence, batch, ${common.join(', ')}, ${whole('source')}, ${whole('destination')}, reason_name, source_high, source_low`
  if (paths.length === 0) return `SELECT ${columns}, ''::VARCHAR AS arrived_on FROM (${emptyRows}) WHERE false`
  return `SELECT ${columns}, split_part(parse_filename(file), '.', 1) AS arrived_on
    FROM read_parquet([${paths.map(quoted).join(', ')}], filename = 'file') f WHERE NOT (${hidden})`
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const types: Readonly<Record<string, string>> = {
  hour: 'UINTEGER',
  device: 'UINTEGER',
  sequence: 'UBIGINT',
  batch: 'UINTEGER',
  member: 'UINTEGER',
  time: 'UINTEGER',
  duration: 'UINTEGER',
  gateway: 'USMALLINT',
  rule: 'UINTEGER',
  source_port: 'USMALLINT',
  destination_port: 'USMALLINT',
  bytes: 'UBIGINT',
  packets: 'UBIGINT',
  count: 'UINTEGER',
  source_high: 'UBIGINT',
  source_low: 'UBIGINT',
  destination_high: 'UBIGINT',
  destination_low: 'UBIGINT',
  reason_name: 'VARCHAR',
}
const emptyRows = `SELECT ${fileColumns.map(name => `NULL::${types[name] ?? 'UTINYINT'} AS ${name}`).join(', ')}`

/** A set of rows that a member takes back. */
export interface RecalledSet {
  readonly member: number
  readonly gateway: number | null
  readonly rule: number | null
  /** Seconds since 1970, both included. */
  readonly first: number
  readonly last: number
}

/** Condition that is true of rows of these sets. */
export const recalledRows = (sets: readonly RecalledSet[], alias = ''): string =>
  sets.length === 0
    ? 'false'
    : sets
        .map(({ member, gateway, rule, first, last }) =>
          [
            `${alias}member = ${member}`,
            gateway === null ? '' : `${alias}gateway = ${gateway}`,
            rule === null ? '' : `${alias}rule IS NOT DISTINCT FROM ${rule}`,
            `${alias}time BETWEEN ${first} AND ${last}`,
          ]
            .filter(part => part !== '')
            .join(' AND '),
        )
        .map(part => `(${part})`)
        .join(' OR ')
