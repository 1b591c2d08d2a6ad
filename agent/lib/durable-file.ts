// State that survives a power cut: written as a draft, flushed, renamed over the old, and the folder flushed too.
// A file with its real name is therefore always whole; a `.draft` is never read.
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces the file at `path` with `data`; on any error the old file is as it was. */
export function writeDurable(path: string, data: string | Uint8Array, options: { mode?: number } = {}): void {
  const draft = `${path}.draft`
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const file = openDraft(draft, options.mode ?? 0o600)
  try {
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    removeIfThere(draft)
    throw error
  }
  syncFolder(dirname(path))
}

/** The same without blocking: a flush takes a good disk a millisecond, and a slow one 100. */
export async function writeDurableAsync(path: string, data: Uint8Array): Promise<void> {
  const draft = `${path}.draft`
  try {
    const file = await openDraftAsync(draft)
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    removeIfThere(draft)
    throw error
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function openDraft(draft: string, mode: number): number {
  try {
    return openSync(draft, 'w', mode)
  } catch (error) {
    if (!isInTheWay(error)) throw error
    rmSync(draft, { recursive: true, force: true })
    return openSync(draft, 'wx', mode)
  }
}

async function openDraftAsync(draft: string): Promise<FileHandle> {
  try {
    return await open(draft, 'w', 0o600)
  } catch (error) {
    if (!isInTheWay(error)) throw error
    rmSync(draft, { recursive: true, force: true })
    return open(draft, 'wx', 0o600)
  }
}

/** True if what has the name of a draft cannot be written over: a folder, a file of another owner, a link that leads nowhere. */
const isInTheWay = (error: unknown): boolean => isErrorWithCode(error, 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENXIO', 'ENOTDIR')

/** Opens a file, and nothing else: a pipe in its place would be waited for without an end, a device may be read without one. */
export function openRegular(path: string, flags: 'r' | 'r+'): number {
  const file = openSync(path, (flags === 'r' ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK)
  if (fstatSync(file).isFile()) return file
  closeSync(file)
  throw Object.assign(new Error('is no file'), { code: 'EISDIR', syscall: 'open' })
}

/** The content of a file of at most so many bytes. A longer one counts as one that cannot be read (`isUnreadable`). */
export function readWithin(path: string, bytesMax: number): Buffer {
  const file = openRegular(path, 'r')
  try {
    if (fstatSync(file).size <= bytesMax) return readFileSync(file)
    throw Object.assign(new Error(`is larger than ${bytesMax} bytes`), { code: 'EFBIG', syscall: 'read' })
  } finally {
    closeSync(file)
  }
}

/** The same; undefined where there is no such file (a link that leads nowhere is none), or the disk does not give it back. */
export function readIfPossible(path: string, bytesMax: number): Buffer | undefined {
  try {
    return readWithin(path, bytesMax)
  } catch (error) {
    if (isUnreadable(error) || isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Makes names that were added to or removed from a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Removes a file; that it is gone already is no error. */
export function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!isErrorWithCode(error, 'ENOENT')) throw error
  }
}

/** True of an error that says nothing about the file: the same call may well succeed in a second. */
export const isPassing = (error: unknown): boolean => isErrorWithCode(error, 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR')

/**
 * True if the system cannot give this file back, whatever else the disk holds: a sector that is gone (EIO), bad metadata (ext4 and
 * XFS say EBADMSG and EUCLEAN), a folder in its place (EISDIR), another owner (EACCES).
 */
export const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && !isPassing(error) && !isErrorWithCode(error, 'ENOENT')

export function isErrorWithCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
