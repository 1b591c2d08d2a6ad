// From an offer to what the guard takes: all parts of the release, whole and verified, and its signed manifest. The hand-over is a
// folder `wanted` in which everything is on the disk before the file `ready` gets its name; whoever finds `ready` finds all of it.
// The parts of the last offer are kept beside it, so that the next release loads only what is new.
import { linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { asDiskFailure } from '../errors.ts'
import { syncFolder, writeDurable } from '../lib/durable-file.ts'
import type { Offer } from './check.ts'
import type { DownloadLimits, Fetch } from './fetch.ts'
import type { Target } from './metadata.ts'
import { checkRoom, isWhole, loadPart, sizeOf } from './parts.ts'

export interface LoadOptions {
  readonly fetch: Fetch
  readonly bytesPerSecond: number
  readonly reserveBytes?: number
  readonly limits?: DownloadLimits
  readonly signal?: AbortSignal
  /** Told how many bytes of all parts are there. */
  readonly progress?: (bytes: number) => void
}

const partsIn = (folder: string): string => join(folder, 'parts')
const wantedIn = (folder: string): string => join(folder, 'wanted')
const nameOf = ({ name }: Target): string => name.slice(name.lastIndexOf('/') + 1)

/** What was handed over last still waits for the guard. */
export const isWaiting = (folder: string): boolean => statSync(join(wantedIn(folder), 'ready'), { throwIfNoEntry: false }) !== undefined

/** Bytes of all parts. */
export const sizeOfOffer = ({ parts }: Pick<Offer, 'parts'>): number => parts.reduce((total, { length }) => total + length, 0)

/** Loads what is not there yet; files of other releases go. Failure 'update-no-room' before the first byte. */
export async function loadParts(offer: Offer, folder: string, options: LoadOptions): Promise<void> {
  const parts = partsIn(folder)
  try {
    mkdirSync(parts, { recursive: true, mode: 0o755 })
    const names = offer.parts.map(nameOf)
    // a draft and its ETag have the name of their part in front
    for (const name of readdirSync(parts)) if (!names.some(one => name.startsWith(one))) rmSync(join(parts, name), { recursive: true })
  } catch (error) {
    throw asDiskFailure(error, parts)
  }
  const missing: Target[] = []
  for (const part of offer.parts) if (!(await isWhole(part, join(parts, nameOf(part))))) missing.push(part)
  const bytes = missing.reduce(
    (total, part) => total + part.length - Math.min(part.length, sizeOf(`${join(parts, nameOf(part))}.draft`)),
    0,
  )
  // the guard makes copies that only it can change
  const copies = missing.reduce((total, { length }) => total + length, 0)
  if (missing.length > 0) checkRoom(`release ${offer.manifest.number}`, parts, bytes + copies, options.reserveBytes)
  let done = sizeOfOffer(offer) - copies
  for (const part of missing) {
    const before = done
    await loadPart(part, { ...options, path: join(parts, nameOf(part)), progress: taken => options.progress?.(before + taken) })
    done += part.length
  }
}

/** Hands the release over. Not while one waits (`isWaiting`): the guard reads that. Of a killed one nothing counts. */
export function handOver(offer: Pick<Offer, 'manifest' | 'signed' | 'parts'>, folder: string): void {
  const wanted = wantedIn(folder)
  const parts = partsIn(wanted)
  try {
    rmSync(wanted, { recursive: true, force: true })
    mkdirSync(parts, { recursive: true, mode: 0o755 })
    for (const [name, bytes] of offer.signed) writeDurable(join(wanted, name), bytes, { mode: 0o644 })
    // the same file under two names: no second copy, and the guard changes neither
    for (const part of offer.parts) linkSync(join(partsIn(folder), nameOf(part)), join(parts, nameOf(part)))
    for (const each of [parts, wanted, folder]) syncFolder(each)
    writeDurable(join(wanted, 'ready'), `number ${offer.manifest.number}\n`, { mode: 0o644 })
  } catch (error) {
    throw asDiskFailure(error, wanted)
  }
}
