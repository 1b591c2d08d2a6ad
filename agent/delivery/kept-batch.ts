// The open batch on the disk while it fills, so that a power cut or a kill costs two seconds of events and not the minute for which a
// batch may be open (decision 0033). One small file, replaced as a whole; a batch that was closed is in the ledger, and what is here
// of it is old. What a disk damaged of it counts as lost, as if it had not been written.
import { asDiskFailure } from '../errors.ts'
import { type KeptBatch, keptBatchSchema } from '../ledger/entries.ts'
import { readIfPossible, removeIfThere, writeDurableAsync } from '../lib/durable-file.ts'
import { decodeSummed, encodeSummed, isSummed } from '../lib/summed.ts'

/** Of a batch that is kept: it has at most some thousand rows, and such a one has 100 kB. */
const FILE_MAX_BYTES = 8 * 1024 * 1024

/** What a kill left there; undefined if there is nothing, or nothing whole. */
export function readKeptBatch(path: string): KeptBatch | undefined {
  const text = readIfPossible(path, FILE_MAX_BYTES)?.toString('utf8').trimEnd() ?? ''
  return isSummed(text) ? keptBatchSchema.safeParse(decodeSummed(text)).data : undefined
}

/** On the disk when it resolves. Failure 'disk-full' or 'disk-failed': what was there before still is. */
export async function writeKeptBatch(path: string, kept: KeptBatch): Promise<void> {
  try {
    await writeDurableAsync(path, Buffer.from(`${encodeSummed(kept)}\n`))
  } catch (error) {
    throw asDiskFailure(error, path)
  }
}

/** Its rows were counted as shed. That it cannot be removed matters only if a kill follows: they are then sent all the same. */
export function forgetKeptBatch(path: string): void {
  try {
    removeIfThere(path)
  } catch {
    // the disk that does not take this is what the rows were shed for, and it is reported
  }
}
