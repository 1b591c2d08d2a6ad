// PAN-OS: which log types there are, in which column each says what, and what its words mean. Columns are numbered from
// FUTURE_USE = 0, as in 'Syslog Field Descriptions', docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring.
import { Action } from '../../../event.ts'
import { Words } from '../../tokenisers/words.ts'

/** How a log type is read. `connection`: the columns below. The others have their own reader; `known` says nothing of connections. */
export const Reader = { known: 0, connection: 1, system: 2, globalProtect: 3, authentication: 4, correlation: 5 } as const

/** Columns that all types share. */
export const Column = { subtype: 4, generatedTime: 6 } as const

/** Columns of one type about connections; -1 where it has none. The destination stands behind the source, its port too. */
export interface Layout {
  readonly reader: number
  /** How many columns are of interest, counted from FUTURE_USE. */
  readonly wanted: number
  readonly source: number
  readonly repeats: number
  readonly sourcePort: number
  readonly protocol: number
  readonly action: number
  readonly bytes: number
  readonly packets: number
  /** The name of the threat with its number in parentheses. */
  readonly threat: number
  readonly category: number
}

const known: Layout = {
  reader: Reader.known,
  wanted: 7,
  source: -1,
  repeats: -1,
  sourcePort: -1,
  protocol: -1,
  action: -1,
  bytes: -1,
  packets: -1,
  threat: -1,
  category: -1,
}
const connection: Layout = {
  ...known,
  reader: Reader.connection,
  wanted: 31,
  source: 7,
  repeats: 23,
  sourcePort: 24,
  protocol: 29,
  action: 30,
}
const tunnel: Layout = { ...connection, wanted: 51, bytes: 47, packets: 50 }

/** Every log type by the name in column 3. */
const types: Readonly<Record<string, Layout>> = {
  traffic: { ...connection, wanted: 35, bytes: 31, packets: 34 },
  threat: { ...connection, wanted: 34, threat: 32, category: 33 },
  decryption: connection,
  start: tunnel,
  end: tunnel,
  sctp: { ...connection, wanted: 32, protocol: 30, action: 31 },
  system: { ...known, reader: Reader.system, wanted: 15 },
  globalprotect: { ...known, reader: Reader.globalProtect, wanted: 29 },
  authentication: { ...known, reader: Reader.authentication, wanted: 21 },
  correlation: { ...known, reader: Reader.correlation, wanted: 8, source: 7 },
  config: known,
  audit: known,
  userid: known,
  hipmatch: known,
  'hip-match': known,
  iptag: known,
  'ip-tag': known,
  gtp: known,
}

export const layouts: readonly Layout[] = Object.values(types)
/** Name of a type to its place in `layouts`. */
export const typeWords = new Words(Object.fromEntries(Object.keys(types).map((name, index) => [name, index])))

/** `alert` and the like: it was seen and let through, which is a detection or an ordinary session by the subtype. */
export const SEEN = 100

export const actionWords = Words.of(
  [Action.allow, 'allow', 'override', 'continue'],
  [Action.deny, 'deny', 'block', 'block-url', 'block-continue', 'block-override', 'override-lockout', 'block-ip', 'sinkhole'],
  [Action.drop, 'drop', 'drop-packet', 'drop-all', 'drop-all-packets', 'random-drop'],
  [Action.reject, 'drop-icmp', 'drop icmp'],
  [Action.reset, 'reset-client', 'reset-server', 'reset-both', 'reset client', 'reset server', 'reset both'],
  [SEEN, 'alert', 'syncookie-sent'],
)

/**
 * Subtypes of THREAT that log ordinary sessions as well: URL filtering writes `alert` for every page of an alerted
 * category, and file blocking and data filtering for every file. What they let through is allowed, and no detection.
 */
export const ordinarySubtypes = Words.of([1, 'url', 'data', 'file'])

/** WildFire writes its verdict into the category. */
export const harmlessVerdicts = Words.of([1, 'benign', 'grayware'])
