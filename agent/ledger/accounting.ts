// For each input this holds whenever no message is being processed:
//   received = sent + merged + dropped + ignored + unreadable + waiting + spooled + shed
// Rows move from waiting (the open batch) to spooled to sent or shed; everything else only grows. Anything may read these
// counts; only accounts.ts changes them.

export const inputNames = ['udp', 'tcp', 'tls', 'nflog'] as const
export type InputName = (typeof inputNames)[number]

/** What never reached the agent, or only in part. None of it is in `received`; all of it only grows. */
export interface Losses {
  /** Datagrams and packets that the kernel dropped before the agent read them. */
  readonly kernel: number
  /** Connections that the agent cut while their senders still held them open: what was under way on them may be lost. */
  readonly connections: number
  /** Bytes that had arrived on those and were not read, as far as the kernel says. */
  readonly bytes: number
  /** Time in which nobody listened, between two agents. */
  readonly deafMs: number
}

/** Counts of one input. Numbers of messages; rows are counted in `waiting`, `spooled`, `sent` and `shed`. */
export interface InputCounts {
  readonly received: number
  readonly merged: number
  /** By the name of the triage rule. */
  readonly dropped: Readonly<Record<string, number>>
  readonly ignored: number
  readonly unreadable: number
  readonly waiting: number
  readonly spooled: number
  readonly sent: number
  readonly shed: number
  readonly lost: Losses
}

export type Totals = Readonly<Record<InputName, InputCounts>>
/** How many rows of a batch came first from each input. */
export type RowsByInput = Record<InputName, number>

export const noLosses = (): Losses => ({ kernel: 0, connections: 0, bytes: 0, deafMs: 0 })

export const emptyCounts = (): InputCounts => ({
  received: 0,
  merged: 0,
  dropped: {},
  ignored: 0,
  unreadable: 0,
  waiting: 0,
  spooled: 0,
  sent: 0,
  shed: 0,
  lost: noLosses(),
})

export const emptyTotals = (): Totals => ({ udp: emptyCounts(), tcp: emptyCounts(), tls: emptyCounts(), nflog: emptyCounts() })
export const emptyRows = (): RowsByInput => ({ udp: 0, tcp: 0, tls: 0, nflog: 0 })

/**
 * The names of inputs in stored counts: also of those that only a newer release has, whose rows move like all others, so that its
 * sums are right when it comes back.
 */
export const storedNames = (byInput: object): InputName[] => Object.keys(byInput) as InputName[]

/** The rows of a stored batch, in which an input may be missing that was added later. */
export const rowsOf = (byInput: Readonly<Record<string, number>>): RowsByInput => ({ ...emptyRows(), ...byInput })

export const sum = (numbers: Iterable<number>): number => {
  let total = 0
  for (const number of numbers) total += number
  return total
}

export const sumRows = (rows: RowsByInput): number => sum(Object.values(rows))

const known = new Set(Object.keys(emptyCounts()))
/** A number beside those known here is a place that a newer release counts. */
const newerPlaces = (counts: InputCounts): number =>
  sum(Object.entries(counts).flatMap(([name, count]) => (known.has(name) || typeof count !== 'number' ? [] : [count])))

/** Messages that no place accounts for: 0 unless the program is wrong. */
export function unaccounted(counts: InputCounts): number {
  const places = [counts.sent, counts.merged, sum(Object.values(counts.dropped)), counts.ignored, counts.unreadable, newerPlaces(counts)]
  return counts.received - sum(places) - counts.waiting - counts.spooled - counts.shed
}

/** What grew between two moments, by flat names such as `udp.dropped.session-end`; for central. */
export function growth(before: Totals, now: Totals): Record<string, number> {
  const grown: Record<string, number> = {}
  const note = (name: string, amount: number) => {
    if (amount > 0) grown[name] = amount
  }
  for (const input of inputNames) {
    for (const name of ['received', 'merged', 'ignored', 'unreadable', 'shed'] as const)
      note(`${input}.${name}`, now[input][name] - before[input][name])
    for (const [rule, count] of Object.entries(now[input].dropped))
      note(`${input}.dropped.${rule}`, count - (before[input].dropped[rule] ?? 0))
    for (const name of ['kernel', 'connections', 'bytes'] as const)
      note(`${input}.lost.${name}`, now[input].lost[name] - before[input].lost[name])
    note(`${input}.lost.deaf-ms`, now[input].lost.deafMs - before[input].lost.deafMs)
  }
  return grown
}

/** Two growths as one. */
export function addGrowth(first: Readonly<Record<string, number>>, second: Readonly<Record<string, number>>): Record<string, number> {
  const both = { ...first }
  for (const [name, amount] of Object.entries(second)) both[name] = (both[name] ?? 0) + amount
  return both
}

/** What is left of a growth once a part of it was told; of no name less than nothing. */
export function lessGrowth(whole: Readonly<Record<string, number>>, told: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(whole).flatMap(([name, count]) => (count > (told[name] ?? 0) ? [[name, count - (told[name] ?? 0)]] : [])),
  )
}
