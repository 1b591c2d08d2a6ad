// A box whose spool holds many batches, as if central had been away for long: made with the parts of the agent itself, in
// seconds and not in hours.
import { Batcher } from '../../agent/batcher.ts'
import { Collector } from '../../agent/collector.ts'
import { blockedLine } from '../../agent/e2e/harness.ts'
import { Gateways } from '../../agent/gateways.ts'
import { Ledger } from '../../agent/ledger/ledger.ts'
import { quietLog } from '../../agent/log.ts'
import { Outbox } from '../../agent/outbox.ts'
import { pathsBelow } from '../../agent/paths.ts'
import { recoverChain, recoverCounts } from '../../agent/recovery.ts'
import { Spool } from '../../agent/spool/spool.ts'
import { Networks } from '../../agent/triage/networks.ts'
import { Triage } from '../../agent/triage/triage.ts'
import { readIdentity } from '../../agent/uplink/identity.ts'

const QUOTA_BYTES = 2 ** 31
const ROWS_A_BATCH = 20

/** Puts `batches` batches into the spool of a box that does not run. */
export async function addBacklog(root: string, batches: number): Promise<void> {
  const paths = pathsBelow(root)
  const identity = readIdentity(paths.identity)
  if (identity === undefined) throw new Error('the box has no identity')
  const ledger = new Ledger(paths.ledger, QUOTA_BYTES)
  const spool = new Spool(paths.spool, QUOTA_BYTES)
  const totals = structuredClone(ledger.state.totals)
  const outbox = new Outbox(ledger, spool, totals)
  const recovery = { ledger, spool, outbox, totals, log: quietLog }
  recoverCounts(recovery, identity)
  await recoverChain(recovery, identity)
  const collector = new Collector(totals, new Gateways([], () => undefined), new Triage(new Networks(['198.51.100.0/24'])))
  const batcher = new Batcher({
    collector,
    outbox,
    log: quietLog,
    pseudonymise: () => Buffer.alloc(16),
    identity: () => identity,
    keepNumbers: () => undefined,
    stored: () => undefined,
  })
  const sink = collector.sinkFor('udp')
  const never = new AbortController().signal
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < ROWS_A_BATCH; row++) {
      const line = Buffer.from(blockedLine(batch * ROWS_A_BATCH + row))
      sink.heardAt = Date.now()
      sink.deliver(line, 0, line.length, '127.0.0.17')
    }
    await batcher.closeOnce(never)
  }
  ledger.close()
}
