// What lies in the folder of the spool when it is opened. What is not whole is set aside and told, a file under another's name gets
// its own back, and whatever a newer version put there stays where it is.
import { isUtf8 } from 'node:buffer'
import { closeSync, type Dirent, fstatSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrorWithCode, isUnreadable, openRegular, removeIfThere } from '../lib/durable-file.ts'
import { asideOf, ensureFolder, setAside } from '../lib/state-file.ts'
import { decodeSegment, type Header, rowsOfUnknown, type Segment, segmentName } from './segment.ts'

/** The least that a file takes on the disk. */
export const BLOCK_BYTES = 4096
/** Damaged files that are kept for the helpdesk; of more the oldest go. */
const ASIDE_MAX = 8
/** More than any segment of an older version, which does not say how long it is. */
export const SEGMENT_MAX_BYTES = 64 * 1024 * 1024
const namePattern = /^\d{12}(-\d{12})?\.[a-z][a-z0-9-]{0,15}$/

export interface Stored {
  readonly segment: Segment
  /** Length of the file. */
  readonly length: number
}

/** What this release cannot read; `batches` is the number of files. */
export interface NewerFiles {
  batches: number
  bytes: number
  byInput: Record<string, number>
}

type IsOurs = (frameHead: Uint8Array) => boolean

/**
 * Whole segments in their order, none of them inside another. `tell` is called with each thing that was wrong, for people; what only
 * a newer release reads is added to `newer`.
 */
export function readSpoolFolder(folder: string, tell: (damage: string) => void, isOurs: IsOurs, newer: NewerFiles): Stored[] {
  const moved = ensureFolder(folder)
  if (moved !== undefined) tell(moved)
  const found: Stored[] = []
  attempt(() => nameAll(folder), tell)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.endsWith('.draft')) attempt(() => removeIfThere(join(folder, entry.name)), tell)
    else if (!entry.name.endsWith('.damaged')) {
      const stored = readStored(folder, entry, tell, isOurs, newer)
      if (stored !== undefined) found.push(stored)
    }
  }
  removeOldAside(folder, tell)
  return withoutReplaced(folder, found, tell)
}

/** A name that is no text any more, and under which its file could not be opened, becomes one. */
function nameAll(folder: string): void {
  for (const [i, name] of readdirSync(folder, 'buffer').entries())
    if (!isUtf8(name)) renameSync(Buffer.concat([Buffer.from(`${folder}/`), name]), join(folder, `nameless-${i}`))
}

/** One file, by what it says of itself; its name is the second witness. */
function readStored(folder: string, entry: Dirent, tell: (damage: string) => void, isOurs: IsOurs, newer: NewerFiles): Stored | undefined {
  const path = join(folder, entry.name)
  const isNamed = namePattern.test(entry.name)
  const read = entry.isFile() ? readHeader(path, isOurs) : undefined
  if (read !== undefined && read.header !== 'damaged') {
    if (read.header === 'unknown') {
      newer.batches++
      newer.bytes += read.length
      for (const [name, rows] of Object.entries(rowsOfUnknown(read.head))) newer.byInput[name] = (newer.byInput[name] ?? 0) + rows
      return undefined
    }
    const { segment, isProven } = read.header
    const name = segmentName(segment)
    if (name === entry.name) return { segment, length: read.length }
    const own = join(folder, name)
    if (isProven && readHeader(own, isOurs) === undefined) {
      attempt(() => renameSync(path, own), tell)
      tell(`${path} was under a wrong name and is ${name}`)
      return { segment, length: read.length }
    }
  }
  // a file of another kind and name is not ours
  if (isNamed) attempt(() => tell(`${path} is damaged, or of another box, and was moved to ${setAside(path)}`), tell)
  return undefined
}

/** undefined if there is no such file, or the disk does not give it back. */
function readHeader(
  path: string,
  isOurs: IsOurs,
): { header: Header | 'damaged' | 'unknown'; head: Uint8Array; length: number } | undefined {
  let file = -1
  try {
    file = openRegular(path, 'r')
    const head = Buffer.alloc(BLOCK_BYTES)
    const length = readSync(file, head, 0, head.length, 0)
    const bytes = fstatSync(file).size
    const begin = head.subarray(0, length)
    const header = decodeSegment(begin)
    const isLong = typeof header !== 'string' && bytes > (header.bytes ?? SEGMENT_MAX_BYTES)
    const isStrange = typeof header !== 'string' && header.segment.kind !== 'shed' && !isOurs(head.subarray(header.frameAt, length))
    return { header: isLong || isStrange ? 'damaged' : header, head: begin, length: bytes }
  } catch (error) {
    if (isUnreadable(error) || isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  } finally {
    if (file >= 0) closeSync(file)
  }
}

/** A segment inside the range of another was replaced by it. */
function withoutReplaced(folder: string, found: Stored[], tell: (damage: string) => void): Stored[] {
  const size = ({ segment }: Stored) => segment.last - segment.first
  found.sort((a, b) => a.segment.first - b.segment.first || size(b) - size(a) || (a.segment.kind === 'shed' ? -1 : 1))
  let covered = 0
  return found.filter(({ segment }) => {
    const isReplaced = segment.last <= covered
    if (isReplaced) attempt(() => removeIfThere(join(folder, segmentName(segment))), tell)
    else covered = segment.last
    return !isReplaced
  })
}

function removeOldAside(folder: string, tell: (damage: string) => void): void {
  const names = readdirSync(folder).filter(name => name.endsWith(asideOf('')))
  for (const name of names.sort().slice(0, -ASIDE_MAX)) attempt(() => rmSync(join(folder, name), { recursive: true, force: true }), tell)
}

/** What a disk refuses is told, and holds nothing else up: the next start tries again. */
export function attempt(what: () => void, tell: (damage: string) => void): void {
  try {
    what()
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error))
  }
}
