// The state that follows from the entries of a ledger: counts, sequence and receipts. Pure.
import { emptyTotals, type Totals } from './accounting.ts'
import { afterMove } from './accounts.ts'
import { CHAIN_START, type Heard, type LedgerEntry, type LedgerLine } from './entries.ts'

export interface LedgerState {
  totals: Totals
  device: string
  /** Which enrolment the chain of batches belongs to. */
  enrolment: string
  /** Sequence of the last batch that was closed. */
  sequence: number
  /** Up to this batch everything has a receipt or was shed. */
  receipted: number
  /** Hash of the frame of batch `receipted`, hexadecimal. */
  hash: string
  /** The last batch entry, whose segment may be missing from the spool after a power cut. */
  lastBatch: Extract<LedgerEntry, { kind: 'batch' }> | undefined
  stoppedCleanly: boolean
  /** The last batch that was put into the spool, and the hash of its frame. */
  spooled: { sequence: number; hash: string }
  /** Which batch is on the disk while it is open, by its number; 0 before the first. */
  kept: number
  /** How many gateways have a number. */
  gateways: number
  /** When an agent listened last; undefined if none ever did. */
  heard: Heard | undefined
  /** On which sockets: by input, 0 where it was no socket of systemd's. */
  sockets: Readonly<Record<string, number>>
  /** What was counted and is in no batch. */
  unreported: Readonly<Record<string, number>>
}

export const initialState = (): LedgerState => ({
  totals: emptyTotals(),
  device: '',
  enrolment: '',
  sequence: 0,
  receipted: 0,
  hash: CHAIN_START,
  lastBatch: undefined,
  stoppedCleanly: true,
  spooled: { sequence: 0, hash: CHAIN_START },
  kept: 0,
  gateways: 0,
  heard: undefined,
  sockets: {},
  unreported: {},
})

/** With what a newer release put there, which is written again. */
function standOf({ kind: _, number: __, ...stand }: Extract<LedgerEntry, { kind: 'begin' }>) {
  return { heard: undefined, sockets: {}, unreported: {}, ...structuredClone(stand) }
}

/** Applies one entry to the state. */
export function applyEntry(state: LedgerState, entry: LedgerLine['entry']): void {
  if (entry.kind === 'unknown') return
  state.stoppedCleanly = entry.kind === 'stop'
  switch (entry.kind) {
    case 'begin':
      Object.assign(state, standOf(entry))
      return
    case 'batch':
      state.totals = structuredClone(entry.totals)
      state.heard = entry.heard ?? state.heard
      state.unreported = {}
      state.sequence = entry.sequence
      state.lastBatch = entry
      return
    case 'receipt':
      state.totals = afterMove(state.totals, entry.byInput, 'spooled', 'sent')
      state.receipted = entry.sequence
      state.hash = entry.hash
      return
    case 'shed':
      // with the counts in it: those of a checkpoint may have it already
      state.totals = structuredClone(entry.totals) ?? afterMove(state.totals, entry.byInput, 'spooled', 'shed')
      return
    case 'counts':
      state.totals = structuredClone(entry.totals)
      state.heard = entry.heard ?? state.heard
      return
    case 'stop':
      state.totals = structuredClone(entry.totals)
      state.heard = entry.heard ?? state.heard
      state.unreported = entry.unreported ?? {}
      return
    case 'enrolled':
      Object.assign(state, {
        device: entry.device,
        enrolment: entry.enrolment,
        sequence: entry.sequence,
        receipted: entry.receipted,
        hash: entry.hash,
        lastBatch: entry.sequence === state.sequence ? state.lastBatch : undefined,
        spooled: entry.sequence === state.sequence ? state.spooled : { sequence: 0, hash: CHAIN_START },
      })
      return
    case 'start':
      state.sockets = entry.sockets ?? {}
      return
  }
}
