// How much a device and a member may have stored, in a day and in all: bytes of frames and rows. Counted in memory from what
// the store says at start, so a check costs nothing. Pure: time is an argument, in ms; a day is one of UTC.
import { Refusal } from '../refusals.ts'
import { Rates } from './rates.ts'

const DAY_MS = 86_400_000
const MIB = 1024 * 1024

export interface Amounts {
  readonly bytes: number
  readonly rows: number
}

/**
 * What may be stored, as rows of options. A box at a site with a million suspicious events a day sends about 7 MiB; a week
 * without central is caught up in a day.
 */
export const quotaOptions = {
  'device-day-rows': { value: 'ROWS', help: 'rows that one device may store in a day', default: '20000000' },
  'device-day-mib': { value: 'MIB', help: 'MiB of frames that one device may store in a day', default: '1024' },
  'device-rows': { value: 'ROWS', help: 'rows that one device may have stored in all', default: '2000000000' },
  'device-mib': { value: 'MIB', help: 'MiB of frames that one device may have stored in all', default: '65536' },
  'member-day-rows': { value: 'ROWS', help: 'the same for all devices of a member together', default: '100000000' },
  'member-day-mib': { value: 'MIB', help: 'the same for all devices of a member together', default: '4096' },
  'member-rows': { value: 'ROWS', help: 'the same for all devices of a member together', default: '10000000000' },
  'member-mib': { value: 'MIB', help: 'the same for all devices of a member together', default: '262144' },
} as const
export type QuotaName = keyof typeof quotaOptions

/** Numbers of the options above. */
export type QuotaLimits = Readonly<Record<QuotaName, number>>
export const quotaNames = Object.keys(quotaOptions) as QuotaName[]
export const quotaLimits = Object.fromEntries(quotaNames.map(name => [name, Number(quotaOptions[name].default)])) as QuotaLimits

/** What a frame takes on disk beside its own bytes: its row, its accounting, its place in two keys. */
const FRAME_FIXED_BYTES = 1024
/** What a row takes on disk, about; only for comparing members. */
const ROW_BYTES = 64
/** Statements about shed batches: a box with a full disk makes a few a day. */
const statementRate = { burst: 1000, everyMs: DAY_MS / 1000 }

export const costOf = (frameBytes: number, rows: number, frames = 1): Amounts => ({ bytes: frameBytes + frames * FRAME_FIXED_BYTES, rows })

export interface Owner {
  readonly device: string
  readonly member: string
}

/** What a device has stored, as the store says. */
export interface Usage extends Owner {
  readonly frames: number
  readonly bytes: number
  readonly rows: number
  /** Since the beginning of the day. */
  readonly today: { readonly frames: number; readonly bytes: number; readonly rows: number }
}

class Tally {
  total: Amounts = { bytes: 0, rows: 0 }
  private today: Amounts = { bytes: 0, rows: 0 }
  private day = 0

  add(amounts: Amounts, day: number, isOfToday: boolean): void {
    this.total = sum(this.total, amounts)
    if (isOfToday) this.today = sum(this.ofDay(day), amounts)
    this.day = day
  }

  ofDay(day: number): Amounts {
    return day === this.day ? this.today : { bytes: 0, rows: 0 }
  }
}

const sum = (a: Amounts, b: Amounts): Amounts => ({ bytes: a.bytes + b.bytes, rows: a.rows + b.rows })
const less = (a: Amounts, b: Amounts): Amounts => ({ bytes: a.bytes - b.bytes, rows: a.rows - b.rows })
const dayOf = (now: number): number => Math.floor(now / DAY_MS)
const weightOf = ({ bytes, rows }: Amounts): number => bytes + rows * ROW_BYTES

/** The beginning of the day, for asking the store what was stored since. */
export const dayStart = (now: number): number => dayOf(now) * DAY_MS

export class Quotas {
  private readonly limits: QuotaLimits
  private devices = new Map<string, Tally>()
  private members = new Map<string, Tally>()
  private readonly statements = new Rates(statementRate)

  constructor(limits: QuotaLimits) {
    this.limits = limits
  }

  /** Forgets what was counted and begins with what the store holds. */
  load(usages: readonly Usage[], now: number): void {
    this.devices = new Map()
    this.members = new Map()
    for (const { today, ...usage } of usages) {
      const ofToday = costOf(today.bytes, today.rows, today.frames)
      const all = costOf(usage.bytes, usage.rows, usage.frames)
      this.add(usage, less(all, ofToday), now, false)
      this.add(usage, ofToday, now, true)
    }
  }

  count(owner: Owner, amounts: Amounts, now: number): void {
    this.add(owner, amounts, now, true)
  }

  /**
   * Refusal device-quota-spent or member-quota-spent if one is used up. How many rows a frame holds is known when it has been
   * opened only, so the last one before that may go beyond by its own size.
   */
  check({ device, member }: Owner, now: number): void {
    for (const [kind, tally] of [['device', this.devices.get(device)] as const, ['member', this.members.get(member)] as const]) {
      if (tally === undefined) continue
      const code = `${kind}-quota-spent` as const
      const untilTomorrow = Math.ceil((dayStart(now) + DAY_MS - now) / 1000)
      if (this.usedOf(kind, tally.total, '') >= 1) throw new Refusal(code, { retryAfterSeconds: 3600 })
      if (this.usedOf(kind, tally.ofDay(dayOf(now)), 'day-') >= 1) throw new Refusal(code, { retryAfterSeconds: untilTomorrow })
    }
  }

  /** Refusal device-quota-spent if the device has declared too many shed batches today. */
  checkStatement({ device }: Owner, now: number): void {
    const waitMs = this.statements.waitMs(device, now)
    if (waitMs > 0) throw new Refusal('device-quota-spent', { retryAfterSeconds: Math.ceil(waitMs / 1000) })
    this.statements.count(device, now)
  }

  /** True if the member has stored more than the members have on average: it waits first when room is scarce. */
  isAboveAverage(member: string): boolean {
    const all = [...this.members.values()].reduce((total, tally) => total + weightOf(tally.total), 0)
    return weightOf(this.members.get(member)?.total ?? { bytes: 0, rows: 0 }) > all / this.members.size
  }

  /** The members that have used most of a quota of theirs, the fullest first: percent of that quota. */
  fullest(now: number, count: number): { readonly member: string; readonly percent: number }[] {
    const percentOf = (tally: Tally) =>
      Math.floor(100 * Math.max(this.usedOf('member', tally.total, ''), this.usedOf('member', tally.ofDay(dayOf(now)), 'day-')))
    return [...this.members]
      .map(([member, tally]) => ({ member, percent: percentOf(tally) }))
      .sort((a, b) => b.percent - a.percent)
      .slice(0, count)
  }

  /** The larger of the used parts of the bytes and of the rows. */
  private usedOf(kind: 'device' | 'member', { bytes, rows }: Amounts, period: '' | 'day-'): number {
    return Math.max(rows / this.limits[`${kind}-${period}rows`], bytes / (this.limits[`${kind}-${period}mib`] * MIB))
  }

  private add({ device, member }: Owner, amounts: Amounts, now: number, isOfToday: boolean): void {
    for (const [tallies, key] of [[this.devices, device] as const, [this.members, member] as const]) {
      const tally = tallies.get(key) ?? new Tally()
      tallies.set(key, tally)
      tally.add(amounts, dayOf(now), isOfToday)
    }
  }
}
