// When systemd may be told that the agent works (WATCHDOG=1 of sd_notify(3)): only where it was just shown. In each round a marked
// message is sent through each way, the agent's own syslog sockets. The round is proven when every way that worked before was read
// from, no closed batch has been on its way to the disk for a minute without a named reason, and the loop was never late by 10 s.
// Without a proof nothing is told, and systemd restarts the agent. Pure: what is seen and the time are arguments.
import { type FailureCode, type Fault, fault } from '../errors.ts'

/** How late the loop may be, and how long it then has to be on time again. */
export const LATE_MS = 10_000
/** How long a closed batch may be on its way to the disk. */
export const STUCK_MS = 60_000
/** The time that a round has: a third of systemd's, so that one that is lost costs nothing. */
const ROUNDS = 3
export const WATCHDOG_MS = 30_000

/** What is seen of a way in one moment: numbers of all that was read from it since start. */
export interface WaySeen {
  readonly name: string
  /** Whether the marked message of this round came back. */
  readonly isReturned: boolean
  /** Other messages that were read from it. */
  readonly messages: number
}

export interface Seen {
  /** ms of the monotonic clock, as all times here. */
  readonly now: number
  readonly ways: readonly WaySeen[]
  /** When the batch was closed that is being written; undefined while none is. */
  readonly persistingSince: number | undefined
  /** Why the disk cannot be written, where that is known. */
  readonly diskFault: Fault | undefined
}

interface Way {
  readonly name: string
  readonly isProven: boolean
}

/** `send`: a new round begins, marked messages are to be sent. `alive`: systemd is to be told. */
export type Step = 'send' | 'alive'

export class Watchdog {
  /** What the last round did not show; undefined while it shows all. Systemd was told all the same if it is `data-path-unproven`. */
  fault: Fault | undefined
  /** When a way was last shown to work; NaN is never. */
  provenAt = Number.NaN
  private readonly roundMs: number
  private lastLook: number
  private lateUntil = Number.NEGATIVE_INFINITY
  private late: Fault | undefined
  private roundAt = Number.NEGATIVE_INFINITY
  private isTold = false
  /** Ways through which a marked message came back since start: only from those it is demanded. */
  private readonly worked = new Set<string>()
  /** By way: other messages read from it when the round began. */
  private readonly messagesBefore = new Map<string, number>()
  private stuck = { batch: Number.NaN, since: Number.NaN }

  constructor(timeoutMs: number, now: number) {
    this.roundMs = timeoutMs / ROUNDS
    this.lastLook = now
  }

  /** To be called about once a second. */
  look(seen: Seen): Step[] {
    const { now } = seen
    const steps: Step[] = []
    const lateMs = now - this.lastLook
    if (lateMs >= LATE_MS) {
      this.lateUntil = now + LATE_MS
      this.late = fault('agent-stalled', `The agent could do nothing for ${seconds(lateMs)}`)
    }
    this.lastLook = now
    const ways = seen.ways.map(way => ({ ...way, isProven: this.isProven(way) }))
    if (ways.some(({ isProven }) => isProven)) this.provenAt = now
    const wrong = this.wrong(seen, ways)
    const isFirst = this.roundAt === Number.NEGATIVE_INFINITY
    const isOver = now - this.roundAt >= this.roundMs
    // of a way that never worked nothing is demanded, but it is given the whole round
    if (wrong === undefined && !this.isTold && !isFirst && (isOver || ways.every(({ isProven }) => isProven))) {
      this.isTold = true
      steps.push('alive')
    }
    if (!isOver) return steps
    if (!isFirst) this.fault = this.isTold && now >= this.lateUntil ? this.unproven(ways) : wrong
    this.roundAt = now
    this.isTold = false
    for (const { name, messages } of seen.ways) this.messagesBefore.set(name, messages)
    return [...steps, 'send']
  }

  /** Traffic shows as much as a marked message does: where more comes than can be read, the kernel drops those too. */
  private isProven({ name, isReturned, messages }: WaySeen): boolean {
    if (isReturned) this.worked.add(name)
    return isReturned || messages > (this.messagesBefore.get(name) ?? messages)
  }

  private wrong(seen: Seen, ways: readonly Way[]): Fault | undefined {
    const stuck = this.stuckBatch(seen)
    if (seen.now < this.lateUntil) return this.late
    const cut = ways.filter(({ name, isProven }) => !isProven && this.worked.has(name))
    return cut.length === 0 ? stuck : notReturned('data-path-cut', cut)
  }

  /** A way that never worked is none that a restart mends: a firewall on this machine may be in it. */
  private unproven(ways: readonly Way[]): Fault | undefined {
    const never = ways.filter(({ name, isProven }) => !isProven && !this.worked.has(name))
    return never.length === 0 ? undefined : notReturned('data-path-unproven', never)
  }

  private stuckBatch({ now, persistingSince, diskFault }: Seen): Fault | undefined {
    if (persistingSince === undefined || diskFault !== undefined || this.stuck.batch !== persistingSince)
      this.stuck = { batch: persistingSince ?? Number.NaN, since: now }
    const ms = now - this.stuck.since
    return ms < STUCK_MS ? undefined : fault('disk-stuck', `A batch has been on its way to the disk for ${seconds(ms)}, without an error`)
  }
}

const notReturned = (code: FailureCode, ways: readonly Way[]): Fault =>
  fault(code, `The agent's own test message did not come back over ${ways.map(({ name }) => name).join(' and ')}`)
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

/**
 * The time after which systemd restarts this process if it is told nothing; undefined where systemd did not start it. Variables
 * of another process are inherited, so one of them has to name this one (sd_listen_fds(3), sd_watchdog_enabled(3), systemd.exec(5)).
 */
export function watchdogMs(environment: Readonly<Record<string, string | undefined>>, processId: number): number | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC: microseconds, WATCHDOG_PID, LISTEN_PID, SYSTEMD_EXEC_PID } = environment
  const own = String(processId)
  if (NOTIFY_SOCKET === undefined || ![WATCHDOG_PID, LISTEN_PID, SYSTEMD_EXEC_PID].includes(own)) return undefined
  const stated =
    (WATCHDOG_PID ?? own) === own && microseconds !== undefined && /^\d{1,15}$/.test(microseconds) ? Number(microseconds) / 1000 : 0
  return stated > 0 ? stated : WATCHDOG_MS
}
