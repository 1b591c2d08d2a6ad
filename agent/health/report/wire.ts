// How a box is, as it tells central: numbers only, each at its place, no text and no address. Format 1:
//   head (its second byte says how long it is; a newer release may make it longer), then 5 bytes a check, then 10 bytes a gateway.
//   check:   number u8, level in the two highest bits of a u32, value in the others (all ones: none)
//   gateway: number u16, silent seconds u24, messages a minute u24, level (2 bits) and read per mille (10 bits, all ones: not known) u16
// Numbers that are too large are written as the largest. A reader that meets anything else throws; what it does not know of the checks is kept.
import { type Level, levels } from './level.ts'

export interface CheckReport {
  readonly number: number
  readonly level: Level
  /** A whole number from 0; undefined where there is none. */
  readonly value: number | undefined
}

export interface GatewayReport {
  /** The one by which central knows it. */
  readonly number: number
  readonly level: Level
  readonly silentSeconds: number
  readonly perMinute: number
  /** Of the messages of the last 10 minutes those that were read, per mille; undefined without any. */
  readonly readPerMille: number | undefined
}

/** Where the running release came from. */
export const slots = ['none', 'factory', 'a', 'b'] as const
export type Slot = (typeof slots)[number]

export interface HealthReport {
  /** ms since 1970, by the clock of the box. */
  readonly at: number
  readonly release: number
  /** Number of the system; 0 where there is none, as on a Linux server. */
  readonly system: number
  readonly slot: Slot
  /** Of the agent and of the machine. */
  readonly upSeconds: number
  readonly machineUpSeconds: number
  /** Nobody listened, and messages lost before they reached the agent; since the box was installed. */
  readonly deafSeconds: number
  readonly lost: number
  /** All gateways that sent something since the agent started; those below are the ones that need attention, and the busiest. */
  readonly gatewayCount: number
  readonly checks: readonly CheckReport[]
  readonly gateways: readonly GatewayReport[]
}

const FORMAT = 1
const HEAD_BYTES = 40
const HEAD_MAX_BYTES = 100
const CHECK_BYTES = 5
const GATEWAY_BYTES = 10
export const GATEWAYS_MAX = 64
/** What a box sends at most; central takes a little more, for what newer releases add. */
export const REPORT_MAX_BYTES = 900
export const REPORT_TAKEN_BYTES = 4096

const NO_VALUE = 0x3fffffff
const NOT_READ = 0x3ff
const TIME_MAX_MS = 253_402_300_799_999

const upTo = (value: number, max: number): number => Math.max(0, Math.min(max, Math.round(value)))

/** At most `REPORT_MAX_BYTES`: gateways that do not fit any more are left out, the last ones first. */
export function encodeReport(report: HealthReport): Buffer {
  const { checks } = report
  const room = Math.floor((REPORT_MAX_BYTES - HEAD_BYTES - checks.length * CHECK_BYTES) / GATEWAY_BYTES)
  const gateways = report.gateways.slice(0, Math.max(0, Math.min(GATEWAYS_MAX, room)))
  const bytes = Buffer.alloc(HEAD_BYTES + checks.length * CHECK_BYTES + gateways.length * GATEWAY_BYTES)
  bytes.set([FORMAT, HEAD_BYTES, checks.length, gateways.length])
  bytes.writeUIntBE(upTo(report.at, TIME_MAX_MS), 4, 6)
  bytes.writeUInt32BE(upTo(report.release, 0xffffffff), 10)
  bytes.writeUInt32BE(upTo(report.system, 0xffffffff), 14)
  bytes[18] = slots.indexOf(report.slot)
  bytes.writeUInt32BE(upTo(report.upSeconds, 0xffffffff), 20)
  bytes.writeUInt32BE(upTo(report.machineUpSeconds, 0xffffffff), 24)
  bytes.writeUInt32BE(upTo(report.deafSeconds, 0xffffffff), 28)
  bytes.writeUIntBE(upTo(report.lost, 2 ** 48 - 1), 32, 6)
  bytes.writeUInt16BE(upTo(report.gatewayCount, 0xffff), 38)
  let at = HEAD_BYTES
  for (const { number, level, value } of checks) {
    bytes[at] = number
    bytes.writeUInt32BE(levels.indexOf(level) * 2 ** 30 + (value === undefined ? NO_VALUE : upTo(value, NO_VALUE - 1)), at + 1)
    at += CHECK_BYTES
  }
  for (const { number, level, silentSeconds, perMinute, readPerMille } of gateways) {
    bytes.writeUInt16BE(number, at)
    bytes.writeUIntBE(upTo(silentSeconds, 0xffffff), at + 2, 3)
    bytes.writeUIntBE(upTo(perMinute, 0xffffff), at + 5, 3)
    bytes.writeUInt16BE((levels.indexOf(level) << 14) | (readPerMille === undefined ? NOT_READ : upTo(readPerMille, 1000)), at + 8)
    at += GATEWAY_BYTES
  }
  return bytes
}

/** Throws RangeError for bytes that no box writes. */
export function decodeReport(bytes: Buffer): HealthReport {
  if (bytes.length < HEAD_BYTES || bytes.length > REPORT_TAKEN_BYTES) refuse('has another length')
  if (bytes[0] !== FORMAT) refuse('has another format')
  const [, head, checkCount, gatewayCount] = bytes
  if (head < HEAD_BYTES || head > HEAD_MAX_BYTES) refuse('has a head of another length')
  if (gatewayCount > GATEWAYS_MAX) refuse('has too many gateways')
  if (bytes.length !== head + checkCount * CHECK_BYTES + gatewayCount * GATEWAY_BYTES) refuse('has another length')
  const at = bytes.readUIntBE(4, 6)
  if (at > TIME_MAX_MS) refuse('is of no time')
  if (bytes[18] >= slots.length || bytes[19] !== 0) refuse('has a slot that there is none of')
  const checks = Array.from({ length: checkCount }, (_, i) => checkAt(bytes, head + i * CHECK_BYTES))
  if (checks.some(({ number }, i) => number === 0 || (i > 0 && number <= checks[i - 1].number))) refuse('has checks in another order')
  const first = head + checkCount * CHECK_BYTES
  return {
    at,
    release: bytes.readUInt32BE(10),
    system: bytes.readUInt32BE(14),
    slot: slots[bytes[18]],
    upSeconds: bytes.readUInt32BE(20),
    machineUpSeconds: bytes.readUInt32BE(24),
    deafSeconds: bytes.readUInt32BE(28),
    lost: bytes.readUIntBE(32, 6),
    gatewayCount: bytes.readUInt16BE(38),
    checks,
    gateways: Array.from({ length: gatewayCount }, (_, i) => gatewayAt(bytes, first + i * GATEWAY_BYTES)),
  }
}

function checkAt(bytes: Buffer, at: number): CheckReport {
  const word = bytes.readUInt32BE(at + 1)
  const value = word & NO_VALUE
  return { number: bytes[at], level: levels[word >>> 30], value: value === NO_VALUE ? undefined : value }
}

function gatewayAt(bytes: Buffer, at: number): GatewayReport {
  const word = bytes.readUInt16BE(at + 8)
  const read = word & 0x3fff
  if (read > 1000 && read !== NOT_READ) refuse('has a gateway that reads more than it gets')
  return {
    number: bytes.readUInt16BE(at),
    level: levels[word >> 14],
    silentSeconds: bytes.readUIntBE(at + 2, 3),
    perMinute: bytes.readUIntBE(at + 5, 3),
    readPerMille: read === NOT_READ ? undefined : read,
  }
}

function refuse(why: string): never {
  throw new RangeError(`the report of health ${why}`)
}
