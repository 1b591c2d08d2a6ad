// The parts of an agent from the batch to the spool, on two folders, without sockets: a week of batches in seconds.
import { Batcher } from '../delivery/batcher.ts'
import { Outbox } from '../delivery/outbox.ts'
import { recoverChain, recoverCounts } from '../delivery/recovery.ts'
import { Accounts } from '../ledger/accounts.ts'
import { Ledger } from '../ledger/ledger.ts'
import { quietLog } from '../log.ts'
import type { Paths } from '../paths.ts'
import { Collector } from '../pipeline/collector.ts'
import { emptyNumbering, Gateways } from '../pipeline/gateways.ts'
import { OpenBatches } from '../pipeline/open-batches.ts'
import { Spool } from '../spool/spool.ts'
import { Networks } from '../triage/networks.ts'
import { Triage } from '../triage/triage.ts'
import type { Identity } from '../uplink/identity.ts'

const LEDGER_BYTES = 2 ** 30

export async function openBox(folders: Pick<Paths, 'ledger' | 'spool'>, quotaBytes: number, identity: Identity) {
  const ledger = new Ledger(folders.ledger, LEDGER_BYTES)
  const spool = new Spool(folders.spool, quotaBytes)
  const accounts = new Accounts(ledger.state.totals)
  const outbox = new Outbox(ledger, spool, accounts)
  const recovery = { ledger, spool, outbox, accounts, log: quietLog }
  recoverCounts(recovery, identity)
  await recoverChain(recovery, identity)
  const batches = new OpenBatches()
  const collector = new Collector(
    accounts,
    batches,
    new Gateways(emptyNumbering, () => undefined),
    new Triage(new Networks(['198.51.100.0/24'])),
  )
  const batcher = new Batcher({
    batches,
    accounts,
    outbox,
    log: quietLog,
    pseudonymise: addresses => Buffer.alloc(addresses.length),
    reported: accounts.snapshot(),
    unreported: {},
    heard: () => ({ at: Date.now(), uptime: 0 }),
    identity: () => identity,
    keepNumbers: () => undefined,
    numbering: () => ({}),
    stored: () => undefined,
  })
  return { ledger, spool, totals: accounts.totals, outbox, collector, batcher }
}
