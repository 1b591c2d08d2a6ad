// The one owner of the counts. Nothing else writes them, so their sum (accounting.ts) is kept in one place: a message is
// counted when it is received and once more where it is placed, and rows only move from one place to the next.
import {
  emptyCounts,
  emptyTotals,
  type InputCounts,
  type InputName,
  type Losses,
  type RowsByInput,
  storedNames,
  type Totals,
} from './accounting.ts'

type Place = 'waiting' | 'spooled' | 'sent' | 'shed'
type WritableCounts = { -readonly [Key in keyof InputCounts]: InputCounts[Key] }

/**
 * The account of one input. For each message `received` is called, and then exactly one of the others: a message that was
 * received and not placed shows up in `unaccounted`. This runs for every message, so it allocates nothing.
 */
export class InputAccount {
  readonly input: InputName
  private readonly counts: WritableCounts
  private readonly dropped: Record<string, number>

  constructor(input: InputName, counts: WritableCounts) {
    this.input = input
    this.counts = counts
    this.dropped = counts.dropped
  }

  received(): void {
    this.counts.received++
  }

  /** Its event is a new row of the open batch. */
  placedWaiting(): void {
    this.counts.waiting++
  }

  /** Its event repeats a row of the open batch. */
  placedMerged(): void {
    this.counts.merged++
  }

  /** Benign, by the triage rule of that name. */
  placedDropped(rule: string): void {
    this.dropped[rule] = (this.dropped[rule] ?? 0) + 1
  }

  placedIgnored(): void {
    this.counts.ignored++
  }

  placedUnreadable(): void {
    this.counts.unreadable++
  }

  /** The open batch had no row left for its event. */
  placedShed(): void {
    this.counts.shed++
  }
}

export class Accounts {
  private readonly counts: Record<InputName, WritableCounts>
  private readonly inputs: Readonly<Record<InputName, InputAccount>>

  /** Goes on from where the ledger stands. */
  constructor(totals: Totals = emptyTotals()) {
    this.counts = structuredClone(totals)
    const { udp, tcp, tls, nflog } = this.counts
    this.inputs = {
      udp: new InputAccount('udp', udp),
      tcp: new InputAccount('tcp', tcp),
      tls: new InputAccount('tls', tls),
      nflog: new InputAccount('nflog', nflog),
    }
  }

  of(input: InputName): InputAccount {
    return this.inputs[input]
  }

  /** The counts as they are now and go on changing. */
  get totals(): Totals {
    return this.counts
  }

  /** A copy that stays as it is. */
  snapshot(): Totals {
    return structuredClone(this.counts)
  }

  /** Waiting rows are in the ledger: they go to the spool. */
  spooled(rows: RowsByInput): void {
    this.move(rows, 'waiting', 'spooled')
  }

  /** A receipt came for spooled rows. */
  sent(rows: RowsByInput): void {
    this.move(rows, 'spooled', 'sent')
  }

  /** What was lost on the way to an input, besides what was counted before. */
  lost(input: InputName, more: Partial<Losses>): void {
    const { lost } = this.counts[input]
    this.counts[input].lost = {
      kernel: lost.kernel + (more.kernel ?? 0),
      connections: lost.connections + (more.connections ?? 0),
      bytes: lost.bytes + (more.bytes ?? 0),
      deafMs: lost.deafMs + (more.deafMs ?? 0),
    }
  }

  /** Rows will not be sent. */
  shed(rows: RowsByInput, from: 'waiting' | 'spooled'): void {
    this.move(rows, from, 'shed')
  }

  /** Rows are on the disk that the ledger forgot: they were received. */
  found(rows: RowsByInput, place: 'waiting' | 'spooled'): void {
    for (const name of storedNames(rows)) {
      const counts = countsIn(this.counts, name)
      counts.received += rows[name]
      counts[place] += rows[name]
    }
  }

  private move(rows: RowsByInput, from: Place, to: Place): void {
    for (const name of storedNames(rows)) moveRows(countsIn(this.counts, name), rows[name], from, to)
  }
}

/** The totals as they will be once rows of a batch have moved. */
export function afterMove(totals: Totals, rows: RowsByInput, from: Place, to: Place): Totals {
  const after: Record<InputName, WritableCounts> = structuredClone(totals)
  for (const name of storedNames(rows)) moveRows(countsIn(after, name), rows[name], from, to)
  return after
}

/** Those of an input of a newer release begin at nothing where an older one wrote the counts. */
function countsIn(totals: Record<InputName, WritableCounts>, name: InputName): WritableCounts {
  totals[name] ??= emptyCounts()
  return totals[name]
}

function moveRows(counts: WritableCounts, rows: number, from: Place, to: Place): void {
  counts[from] -= rows
  counts[to] += rows
}
