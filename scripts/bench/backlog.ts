// A box whose spool holds many batches, as if central had been away for long: made with the parts of the agent itself, in
// seconds and not in hours.

import { pathsBelow } from '../../agent/paths.ts'
import { openLife, withRoom } from '../../agent/testing/box-life.ts'
import { blockedLine } from '../../agent/testing/harness.ts'

const QUOTA_BYTES = 2 ** 31
const ROWS_A_BATCH = 20

/** Puts `batches` batches into the spool of a box that does not run. */
export async function addBacklog(root: string, batches: number): Promise<void> {
  const { identity, ledger, collector, batcher } = await openLife(pathsBelow(root), withRoom(QUOTA_BYTES))
  if (identity() === undefined) throw new Error('the box has no identity')
  const sink = collector.sinkFor('udp')
  const never = new AbortController().signal
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < ROWS_A_BATCH; row++) {
      const line = Buffer.from(blockedLine(batch * ROWS_A_BATCH + row))
      sink.receivedAtMs = Date.now()
      sink.deliver(line, 0, line.length, '127.0.0.17')
    }
    await batcher.closeOnce(never)
  }
  ledger.close()
}
