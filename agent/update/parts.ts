// Loads the files of a release. A file with its real name is whole and has the hash that the makers signed; until then it is a
// `.draft`, which a later attempt continues. It takes only so much of the line, and looks for room before the first byte.
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asDiskFailure, Failure } from '../errors.ts'
import { isErrorWithCode, removeIfThere, syncFolder } from '../lib/durable-file.ts'
import { type Answer, type DownloadLimits, download, downloadLimits, downloadWhole, type Fetch, refusalOf } from './fetch.ts'
import type { Target } from './metadata.ts'

/** Kept free beside what is loaded: batches go first. */
const RESERVE_BYTES = 64 * 1024 * 1024
export const USUAL_BYTES_PER_SECOND = 256 * 1024

export interface PartOptions {
  readonly fetch: Fetch
  /** Where the file shall lie; its folder is made. */
  readonly path: string
  readonly bytesPerSecond?: number
  readonly reserveBytes?: number
  readonly limits?: DownloadLimits
  readonly signal?: AbortSignal
  /** Told how many bytes of the file are there. */
  readonly progress?: (bytes: number) => void
}

/** Loads the file, or goes on with what was loaded of it. Nothing happens if it is there. */
export async function loadPart(target: Target, options: PartOptions): Promise<void> {
  const { path } = options
  const draft = `${path}.draft`
  try {
    if (await isWhole(target, path)) return
    mkdirSync(dirname(path), { recursive: true })
    await loadDraft(target, options, draft)
    if (!(await isWhole(target, draft))) {
      forget(draft)
      throw new Failure('update-damaged', `${target.name} came in other bytes than those that are signed`)
    }
    removeIfThere(etagOf(draft))
    await rename(draft, path)
    syncFolder(dirname(path))
  } catch (error) {
    // batches need the room more; and what belongs to a longer file than that which is signed is of no use
    if (isErrorWithCode(error, 'ENOSPC', 'EDQUOT') || (error instanceof Failure && error.code === 'update-refused')) forget(draft)
    throw error instanceof Error && 'syscall' in error && !(error instanceof Failure) ? asDiskFailure(error, path) : error
  }
}

/** A small file in memory. */
export async function loadSmall({ name, length, hash }: Target, fetch: Fetch, mostBytes: number, limits = downloadLimits): Promise<Buffer> {
  if (length > mostBytes) throw new Failure('update-refused', `${name} has ${length} bytes, more than ${mostBytes}`)
  const bytes = await downloadWhole(fetch, pathOfTarget(name, hash.digest), length, limits)
  if (createHash(hash.algorithm).update(bytes).digest('hex') !== hash.digest)
    throw new Failure('update-damaged', `${name} came in other bytes than those that are signed`)
  return bytes
}

/** TUF's consistent snapshots: a file lies under its hash, so that none is ever replaced (specification, 6.2). */
export function pathOfTarget(name: string, digest: string): string {
  const slash = name.lastIndexOf('/') + 1
  return `targets/${name.slice(0, slash)}${digest}.${name.slice(slash)}`
}

async function loadDraft(target: Target, options: PartOptions, draft: string): Promise<void> {
  const { fetch, limits = downloadLimits, signal } = options
  const there = sizeOf(draft)
  const etag = readEtag(draft)
  // longer, or nothing that could be continued
  const from = there <= target.length && etag !== '' ? there : 0
  if (from === target.length && from > 0) return
  checkRoom(target.name, dirname(options.path), target.length - from, options.reserveBytes)
  const path = pathOfTarget(target.name, target.hash.digest)
  const ask = { ...(from > 0 && { from, etag }), mostBytes: target.length, signal }
  await download(fetch, path, ask, limits, async (answer, chunks) => {
    const isContinued = answer.status === 206 && from > 0
    if (answer.status !== 200 && !isContinued) throw refusalOf(answer.status, path)
    const file = await open(draft, isContinued ? 'a' : 'w', 0o644)
    try {
      if (!isContinued) writeFileSync(etagOf(draft), answer.etag)
      await append(file, chunks, isContinued ? from : 0, target, options)
    } finally {
      await file.sync().finally(() => file.close())
    }
  })
}

async function append(file: FileHandle, chunks: Answer['stream'], from: number, target: Target, options: PartOptions): Promise<void> {
  const { bytesPerSecond = USUAL_BYTES_PER_SECOND, signal } = options
  const began = performance.now()
  let taken = 0
  for await (const chunk of chunks) {
    if (from + taken + chunk.length > target.length)
      throw new Failure('update-refused', `${target.name} is longer than the ${target.length} bytes that are signed`)
    await file.writeFile(chunk)
    taken += chunk.length
    options.progress?.(from + taken)
    const aheadMs = (taken / bytesPerSecond) * 1000 - (performance.now() - began)
    if (aheadMs > 0) await sleep(aheadMs, undefined, signal === undefined ? {} : { signal })
  }
  if (from + taken < target.length) throw new Failure('central-unreachable', `${target.name} ended early; the rest is loaded later`)
}

/** Failure 'update-no-room' unless the disk has room for so many bytes and what has to stay free. */
export function checkRoom(name: string, folder: string, bytes: number, reserveBytes = RESERVE_BYTES): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < bytes + reserveBytes)
    throw new Failure('update-no-room', `${name} needs ${mib(bytes + reserveBytes)} MiB on the disk, and ${mib(bavail * bsize)} are free`)
}

const mib = (bytes: number): number => Math.ceil(bytes / (1024 * 1024))
const etagOf = (draft: string): string => `${draft}.etag`

function forget(draft: string): void {
  removeIfThere(draft)
  removeIfThere(etagOf(draft))
}

/** 0 if there is none. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function readEtag(draft: string): string {
  const size = sizeOf(etagOf(draft))
  return size === 0 || size > 200 ? '' : readFileSync(etagOf(draft), 'latin1')
}

/** False if there is no such file. */
export async function isWhole({ length, hash }: Target, path: string): Promise<boolean> {
  if (statSync(path, { throwIfNoEntry: false })?.size !== length) return false
  const sum = createHash(hash.algorithm)
  for await (const chunk of createReadStream(path)) sum.update(chunk)
  return sum.digest('hex') === hash.digest
}
