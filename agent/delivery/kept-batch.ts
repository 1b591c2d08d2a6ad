// The open batch on the disk while it fills, so that a power cut or a kill costs two seconds of events and not the minute for which a
// batch may be open (decision 0033). One small file, replaced as a whole; a batch that was closed is in the ledger, and what is here
// of it is old. The checkpoint knows of which batch there is one, so that a file that is damaged or gone is said.
import { lstatSync } from 'node:fs'
import { asDiskFailure, type Fault, fault, faultOf } from '../errors.ts'
import { type KeptBatch, keptBatchSchema } from '../ledger/entries.ts'
import { readIfPossible, removeIfThere, writeDurableAsync } from '../lib/durable-file.ts'
import { setAside } from '../lib/state-file.ts'
import { decodeSummed, encodeSummed, isSummed } from '../lib/summed.ts'

/** A batch that is kept has some thousand rows at most, and such a one 100 kB. */
const FILE_MAX_BYTES = 8 * 1024 * 1024

/** What a kill left there; undefined if there is nothing, or nothing whole. */
export function readKeptBatch(path: string): KeptBatch | undefined {
  const text = readIfPossible(path, FILE_MAX_BYTES)?.toString('utf8').replace(/\n$/, '') ?? ''
  return isSummed(text) ? keptBatchSchema.safeParse(decodeSummed(text)).data : undefined
}

/** Puts a file aside that should have given a batch and does not, and says what that costs. */
export function lostKeptBatch(path: string): Fault {
  const what = 'events that were about to be sent when the agent was killed are lost'
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return fault('file-lost', `${path} is gone: ${what}`)
    return fault('file-lost', `${path} is damaged and was moved to ${setAside(path)}: ${what}`)
  } catch (error) {
    return fault('file-lost', `${path} cannot be read: ${what} (${faultOf(error).detail})`)
  }
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
