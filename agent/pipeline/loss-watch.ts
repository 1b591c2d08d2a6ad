// What was lost before it became a message: by the kernel, on connections that were cut, and while nobody listened. Each is taken from
// the sources and counted in the accounts, and goes on across a restart where systemd keeps the socket: then the kernel counts on too,
// and what it dropped between two agents is the difference. Time is an argument.
import type { InputName } from '../ledger/accounting.ts'
import type { Accounts } from '../ledger/accounts.ts'
import type { Heard } from '../ledger/entries.ts'
import type { Source } from '../sources/source.ts'

/** How the agent before left its sockets, from the ledger. */
export interface Before {
  readonly heard: Heard | undefined
  readonly sockets: Readonly<Record<string, number>>
}

/** ms since 1970, and s since the machine was started. */
export type Moment = Pick<Heard, 'at' | 'uptime'>

/** The clock may run a little differently; from the last entry to the first of a machine that was started again it is longer. */
const SAME_START_SECONDS = 2
/** The time alone is no reason to write to the disk each second. */
const STEP_MS = 10_000

/** Whether the machine ran through. A clock that was set meanwhile says no, which makes numbers begin anew. */
function isSameStart(heard: Heard, now: Moment): boolean {
  const passed = now.uptime - heard.uptime
  return passed >= 0 && Math.abs((now.at - heard.at) / 1000 - passed) < SAME_START_SECONDS
}

/** Whether the agent before listened on the socket of that number. */
function isKept({ heard, sockets }: Before, input: string, socket: number, now: Moment): boolean {
  return socket > 0 && sockets[input] === socket && heard !== undefined && isSameStart(heard, now)
}

/** By group of the packet log: the numbers to go on from on the socket of that number. */
export function sequencesBefore(before: Before, socket: number, now: Moment): Readonly<Record<string, number>> {
  return isKept(before, 'nflog', socket, now) ? (before.heard?.sequences ?? {}) : {}
}

interface Watched {
  readonly source: Source
  kernel: number
  connections: number
  bytes: number
}

export class LossWatch {
  /** By input: how long nobody had listened. What a kept socket held meanwhile was not lost, so there it is 0 and not named. */
  readonly deafMs: Readonly<Record<string, number>>
  private readonly accounts: Accounts
  private readonly watched: readonly Watched[]
  private until: Moment | undefined
  private step: Moment | undefined

  /** Begins when the sources listen. */
  constructor(
    accounts: Accounts,
    before: Before,
    opened: { sources: readonly Source[]; sockets: Readonly<Record<string, number>> },
    now: Moment,
  ) {
    this.accounts = accounts
    const { sources, sockets } = opened
    const isOn = ({ name }: Source) => isKept(before, name, sockets[name] ?? 0, now)
    this.watched = sources.map(source => ({
      source,
      // the packet log's own numbers go on already
      kernel: source.name === 'udp' && isOn(source) ? (before.heard?.drops ?? 0) : 0,
      connections: 0,
      bytes: 0,
    }))
    const deaf = sources.filter(source => source.name in before.sockets && !isOn(source))
    const ms = deafMs(before.heard, now)
    this.deafMs = ms === 0 ? {} : Object.fromEntries(deaf.map(({ name }) => [name, ms]))
    for (const { name } of deaf) accounts.lost(name, { deafMs: ms })
    // an agent that was stopped had closed them all, but for those that it left to this one
    for (const { name, counters } of sources) {
      const open = before.heard?.connections?.[name] ?? 0
      accounts.lost(name, { connections: Math.max(0, open - (counters.connectionsAdopted ?? 0)) })
    }
    this.refresh()
  }

  /** Takes what was lost since the last call into the accounts. */
  refresh(): void {
    for (const one of this.watched) {
      const { name, counters } = one.source
      const kernel = one.source.kernelLost() ?? one.kernel
      const { connectionsCut: connections = 0, bytesCut: bytes = 0 } = counters
      const more = { kernel: grown(one.kernel, kernel), connections: connections - one.connections, bytes: bytes - one.bytes }
      if (more.kernel + more.connections + more.bytes > 0) this.accounts.lost(name, more)
      Object.assign(one, { kernel, connections, bytes })
    }
  }

  /** From now on nobody is listened to. */
  end(now: Moment): void {
    this.until ??= now
  }

  /** For the ledger, with the counts of the same moment. While it listens, its time goes on in steps. */
  heard(now: Moment): Heard {
    this.refresh()
    const drops = this.numbersOf('udp')?.kernel
    const sequences = this.numbersOf('nflog')?.source.sequences
    if (this.step === undefined || now.at < this.step.at || now.at >= this.step.at + STEP_MS) this.step = now
    const { at, uptime } = this.until ?? this.step
    const open = this.watched
      .map(({ source }) => [source.name, (source.counters.connectionsOpen ?? 0) + (source.kept ?? 0)] as const)
      .filter(([, count]) => count > 0)
    const connections = open.length === 0 ? {} : { connections: Object.fromEntries(open) }
    return { at, uptime, ...connections, ...(drops === undefined ? {} : { drops }), ...(sequences === undefined ? {} : { sequences }) }
  }

  private numbersOf(input: InputName): Watched | undefined {
    return this.watched.find(({ source }) => source.name === input)
  }
}

/** A number of the kernel that is smaller than before began anew. */
const grown = (before: number, now: number): number => (now >= before ? now - before : now)

/** By the time since the machine was started, if it ran through; else by the clock. */
function deafMs(heard: Heard | undefined, now: Moment): number {
  if (heard === undefined) return 0
  return Math.round(isSameStart(heard, now) ? (now.uptime - heard.uptime) * 1000 : Math.max(0, now.at - heard.at))
}
