// Done before anything is received: ledger and spool are reconciled after whatever happened to the process or the disk, and
// every row that cannot be found is counted as shed, with its reason.
import { randomBytes } from 'node:crypto'
import { deviceOf } from '../batch/frame.ts'
import { emptyRows, rowsOf, storedNames, sumRows } from '../ledger/accounting.ts'
import type { Accounts } from '../ledger/accounts.ts'
import type { KeptBatch } from '../ledger/entries.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LedgerState } from '../ledger/state.ts'
import type { Log } from '../log.ts'
import type { Segment } from '../spool/segment.ts'
import type { Spool } from '../spool/spool.ts'
import type { Identity } from '../uplink/identity.ts'
import type { Outbox } from './outbox.ts'

export interface Recovery {
  readonly ledger: Ledger
  readonly spool: Spool
  readonly outbox: Outbox
  readonly accounts: Accounts
  readonly log: Log
  /** The batch that was open when the agent was killed, as far as it is on the disk; undefined once it is in the ledger. */
  kept: KeptBatch | undefined
}

/** Whether a frame that begins so is of one of these devices: of this one, and of the one that the box was before it was enrolled anew. */
export const madeBy =
  (...devices: readonly (string | undefined)[]) =>
  (frameHead: Uint8Array): boolean =>
    devices.every(device => device === undefined || device === '') || devices.includes(deviceOf(frameHead))

/**
 * Before all else: whether what was open when the agent was killed becomes a batch. What came in its last seconds may be missing from
 * the counts that a power cut left, and is counted here. `identity` is absent on a box that was never enrolled.
 */
export function recoverKept(parts: Recovery, identity: Identity | undefined): void {
  const { ledger, spool, accounts } = parts
  spool.remove(ledger.state.receipted)
  spool.dropStrangers(ledger.state.receipted, ledger.state.hash)
  if (!isNextBatch(parts, identity)) parts.kept = undefined
  const uncounted = emptyRows()
  const open = keptRows(parts)
  for (const name of storedNames(open)) uncounted[name] = Math.max(0, open[name] - (accounts.totals[name]?.waiting ?? 0))
  accounts.found(uncounted, 'waiting')
}

const keptRows = ({ kept }: Recovery) => (kept === undefined ? emptyRows() : rowsOf(kept.byInput))

/** The part that may not fail on a full disk: counts are right when it returns. */
export function recoverCounts(parts: Recovery, identity: Identity | undefined): void {
  countLost(parts, identity === undefined ? undefined : unsealedBatch(parts))
}

/** The rest, before the first batch is closed. To be called again after a Failure of the disk. */
export async function recoverChain(parts: Recovery, identity: Identity | undefined): Promise<void> {
  const { ledger, spool, outbox, log } = parts
  const last = spool.last
  if (last !== undefined && last.last > ledger.state.sequence) {
    // the ledger lost batches that the spool has (its file was damaged): the chain goes on after them
    const { enrolment } = ledger.state
    outbox.append({ kind: 'enrolled', ...standOf(ledger.state, identity, last.last), enrolment, sequence: last.last })
  }
  if (identity !== undefined) {
    followEnrolment(parts, identity)
    const unsealed = unsealedBatch(parts)
    if (unsealed !== undefined) {
      await outbox.store(unsealed, identity)
      log.info(`batch ${unsealed.sequence} was in the ledger but not yet in the spool: sealed again`)
    }
  }
  await closeTailGap(parts)
  if (identity !== undefined) await takeUpKept(parts, identity)
}

/** What was open counts only after a kill, and only if no batch of its number was closed. */
function isNextBatch({ ledger, spool, kept }: Recovery, identity: Identity | undefined): boolean {
  const { sequence, enrolment, stoppedCleanly } = ledger.state
  const isOurs = kept?.enrolment === enrolment && identity?.stored.enrolment === enrolment
  return isOurs && !stoppedCleanly && kept.sequence === sequence + 1 && (spool.last?.last ?? 0) <= sequence
}

/** The batch that was open is closed, as it is on the disk. */
async function takeUpKept(parts: Recovery, identity: Identity): Promise<void> {
  const { ledger, outbox, accounts, log, kept } = parts
  // what an attempt before this one recorded
  await outbox.flush()
  if (kept === undefined) return
  const { accounting: _, enrolment, heard, ...batch } = kept
  if (kept.sequence !== ledger.state.sequence + 1 || enrolment !== identity.stored.enrolment) {
    parts.kept = undefined
    accounts.shed(kept.byInput, 'waiting')
    return
  }
  const entry = { kind: 'batch' as const, ...batch }
  outbox.record(entry, ledger.state.heard ?? heard)
  parts.kept = undefined
  await outbox.flush()
  await outbox.store(entry, identity)
  log.info(`batch ${kept.sequence} was open when the agent was stopped: ${kept.rows} events of it were on the disk`)
}

/** Where the spool's chain begins. Of a ledger that lost everything the identity says it: all batches of the spool are of its device. */
function standOf({ device, receipted, hash }: LedgerState, identity: Identity | undefined, last: number) {
  const own = identity?.stored
  if (device !== '' || own === undefined || last <= own.chain.sequence) return { device, receipted, hash }
  return { device: own.device, receipted: own.chain.sequence, hash: own.chain.hash }
}

/**
 * The batch that a power cut left in the ledger and not yet in the spool. One that was in the spool and is gone may have been sent:
 * sealed anew it would be another batch of the same number, which central never accepts.
 */
function unsealedBatch({ ledger, spool }: Recovery) {
  const { lastBatch, receipted, spooled } = ledger.state
  if (lastBatch !== undefined && spooled.sequence >= lastBatch.sequence) return undefined
  const stored = spool.last?.last ?? receipted
  const isNext = lastBatch !== undefined && lastBatch.sequence === stored + 1 && lastBatch.sequence > receipted
  return isNext ? lastBatch : undefined
}

/**
 * After an enrolment the chain goes on if central stands at a point of it, or before all that waits; else it begins anew where central
 * stands.
 */
export function followEnrolment(parts: Recovery, identity: Identity): void {
  const { ledger, spool, outbox, log } = parts
  const { enrolment, chain, device } = identity.stored
  const { sequence, receipted, hash } = ledger.state
  if (ledger.state.enrolment === enrolment) return
  const isSameDevice = ledger.state.device === device || sequence === 0
  if (isSameDevice && isInChain(parts, chain)) {
    outbox.append({ kind: 'enrolled', device, enrolment, sequence, receipted, hash })
    return
  }
  if (isSameDevice && chain.sequence < receipted && spool.length > 0) {
    // central was restored from a backup: it has lost batches that are no longer here, and what waits follows a statement about them
    const missing = spool.closeGaps(chain.sequence, chain.hash, () => undefined)
    outbox.append({ kind: 'enrolled', device, enrolment, sequence, receipted: chain.sequence, hash: chain.hash })
    log.warning(`central no longer has ${missing} batches that it had acknowledged: batches that wait here are sent after them`)
    return
  }
  for (const batch of spool.clear()) outbox.shed(batch, 'enrolled-anew')
  log.warning('enrolled again: batches of the previous enrolment were shed and counted')
  outbox.append({ kind: 'enrolled', device, enrolment, sequence: chain.sequence, receipted: chain.sequence, hash: chain.hash })
}

function isInChain({ ledger, spool }: Recovery, head: Identity['stored']['chain']): boolean {
  const { sequence, receipted, hash } = ledger.state
  if (head.sequence === receipted && head.hash === hash) return spool.last === undefined ? receipted === sequence : true
  return spool.batches.some(batch => batch.last === head.sequence && batch.hash === head.hash)
}

/** Batches that the ledger knows and the spool no longer has: a statement tells central that they will not come. */
async function closeTailGap({ ledger, spool, log }: Recovery): Promise<void> {
  const { sequence, receipted, hash } = ledger.state
  const missing = spool.closeGaps(receipted, hash)
  if (missing > 0) log.warning(`${missing} batches are missing from the middle of the spool: reported to central as shed`)
  const last = spool.last
  const from = (last?.last ?? receipted) + 1
  if (from > sequence) return
  const byInput = { ...emptyRows() }
  const { spooled } = ledger.state
  const statement: Segment = {
    kind: 'shed',
    first: from,
    last: sequence,
    rows: 0,
    messages: 0,
    byInput,
    value: 0,
    previous: last?.hash ?? hash,
    // central may have the last one: then its hash has to be this. Where it is not known, the chain goes on from a new one
    hash: spooled.sequence === sequence ? spooled.hash : randomBytes(32).toString('hex'),
  }
  await spool.put(statement, new Uint8Array(0))
  spool.tell(`batches ${from} to ${sequence} are missing`)
  log.warning(`batches ${from} to ${sequence} are in the ledger but not in the spool: reported to central as shed`)
}

function countLost(parts: Recovery, unsealed: ReturnType<typeof unsealedBatch>): void {
  const { spool, outbox, accounts, log } = parts
  const onDisk = unsealed === undefined ? emptyRows() : { ...unsealed.byInput }
  for (const byInput of [...spool.batches.map(batch => rowsOf(batch.byInput)), spool.newer.byInput])
    for (const name of storedNames(byInput)) onDisk[name] = (onDisk[name] ?? 0) + byInput[name]
  const open = keptRows(parts)
  const { totals } = accounts
  const waiting = emptyRows()
  const lost = emptyRows()
  const found = emptyRows()
  for (const name of storedNames({ ...totals, ...onDisk })) {
    waiting[name] = (totals[name]?.waiting ?? 0) - (open[name] ?? 0)
    const missing = (totals[name]?.spooled ?? 0) - (onDisk[name] ?? 0)
    if (missing >= 0) lost[name] = missing
    else found[name] = -missing
  }
  accounts.found(found, 'spooled')
  if (sumRows(waiting) > 0) {
    accounts.shed(waiting, 'waiting')
    log.warning(`${sumRows(waiting)} events were not on the disk when the agent stopped; counted as shed`)
  }
  if (sumRows(lost) > 0) {
    accounts.shed(lost, 'spooled')
    outbox.appendOrDefer({ kind: 'shed', first: 0, last: 0, byInput: lost, reason: 'not-on-disk' })
    log.warning(`${sumRows(lost)} events of the ledger are not in the spool; counted as shed`)
  }
  outbox.appendOrDefer({ kind: 'counts', totals: accounts.snapshot() })
}
