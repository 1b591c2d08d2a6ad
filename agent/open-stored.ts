// What a box keeps on its disk, opened before anything is received, and the counts brought in order after whatever happened to the
// process or the disk.
import { lostKeptBatch, readKeptBatch } from './delivery/kept-batch.ts'
import { Outbox } from './delivery/outbox.ts'
import { PseudonymKey } from './delivery/pseudonym-key.ts'
import { followEnrolment, madeBy, type Recovery, recoverChain, recoverCounts, recoverKept } from './delivery/recovery.ts'
import { describe, type Fault, fault } from './errors.ts'
import { lessGrowth } from './ledger/accounting.ts'
import { Accounts } from './ledger/accounts.ts'
import { Ledger } from './ledger/ledger.ts'
import type { Log } from './log.ts'
import type { Paths } from './paths.ts'
import { openGateways } from './pipeline/gateways.ts'
import { Spool } from './spool/spool.ts'
import type { Identity } from './uplink/identity.ts'
import { IdentityKeeper } from './uplink/identity-file.ts'

export interface StoredOptions {
  readonly paths: Paths
  /** In bytes. */
  readonly quotas: { readonly ledger: number; readonly spool: number }
  readonly log: Log
  readonly ledgerFileMaxBytes?: number
}

export function openStored({ paths, quotas, log, ledgerFileMaxBytes }: StoredOptions) {
  const keeper = new IdentityKeeper(paths.identity, log)
  const own = keeper.identity?.stored.device
  const ledger = new Ledger(paths.ledger, quotas.ledger, { fileMaxBytes: ledgerFileMaxBytes, device: own })
  const spool = new Spool(paths.spool, quotas.spool, madeBy(own, ledger.state.device))
  const accounts = new Accounts(ledger.state.totals)
  const outbox = new Outbox(ledger, spool, accounts)
  const kept = readKeptBatch(paths.openBatch)
  const recovery: Recovery = { ledger, spool, outbox, accounts, log, kept }
  const { stoppedCleanly: wasStoppedCleanly, heard, sockets } = ledger.state
  const isKeptLost = kept === undefined && !wasStoppedCleanly && ledger.state.kept === ledger.state.sequence + 1
  recoverKept(recovery, keeper.identity)
  const totals = accounts.snapshot()
  recoverCounts(recovery, keeper.identity)
  // what the batch says that was open, the next one need not say again
  const unreported = lessGrowth(ledger.state.unreported, recovery.kept?.accounting ?? {})
  const before = { totals, heard, sockets, unreported }
  const pseudonymKey = new PseudonymKey(paths.pseudonymKey)
  const { gateways, ...numbers } = openGateways(paths.gateways, ledger.state.gateways)
  const storedFaults = [
    ...restoredFaults(keeper.damage),
    ...(pseudonymKey.isLost
      ? [fault('file-lost', `Pseudonyms of earlier reports cannot be turned back: ${pseudonymKey.damage.join('; ')}`)]
      : restoredFaults(pseudonymKey.damage)),
    ...(numbers.lost > 0
      ? [
          fault(
            'file-lost',
            `Gateways have new numbers, above ${numbers.lost}: ${numbers.damage.join('; ') || `${paths.gateways} is gone`}`,
          ),
        ]
      : restoredFaults(numbers.damage)),
    ...(isKeptLost ? [lostKeptBatch(paths.openBatch)] : []),
  ]
  for (const { detail } of storedFaults) log.warning(detail)

  let isRecovered = false
  // an identity counts once the ledger has it: until then the chain of batches is that of the one before
  const identity = (): Identity | undefined =>
    isRecovered && keeper.identity?.stored.enrolment === ledger.state.enrolment ? keeper.identity : undefined
  return {
    keeper,
    ledger,
    spool,
    accounts,
    outbox,
    gateways,
    pseudonyms: pseudonymKey.pseudonyms,
    storedFaults,
    wasStoppedCleanly,
    /** How the agent before left its counts and sockets. */
    before,
    identity,
    /** Brings the chain of batches in order, before the first is closed. To be called again after a Failure of the disk. */
    recover: async () => {
      await recoverChain(recovery, keeper.identity)
      isRecovered = true
    },
    /** Looks whether the box was enrolled again, and lets the ledger follow; true if another identity counts from now on. */
    adoptIdentity: (): boolean => {
      if (!isRecovered) return false
      const last = identity()
      keeper.reload()
      try {
        if (keeper.identity !== undefined) followEnrolment(recovery, keeper.identity)
      } catch (error) {
        log.warning(describe(error)) // the disk takes nothing now: tried again in a second
      }
      return identity() !== last
    },
    /** Keeps what a batch refers to on the disk: to be called before the batch is. Throws on a full disk; then call again. */
    keepNumbers: () => {
      pseudonymKey.flush()
      gateways.flush()
      ledger.state.gateways = gateways.given
    },
  }
}

const restoredFaults = (damage: readonly string[]): Fault[] =>
  damage.length === 0 ? [] : [fault('file-restored', `A file was damaged and is restored from its copy: ${damage.join('; ')}`)]
