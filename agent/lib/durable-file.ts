// State that survives a power cut: written as a draft, flushed, renamed over the old, and the folder flushed too.
// A file with its real name is therefore always whole; a `.draft` is never read.
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces the file at `path` with `data`; on any error the old file is as it was. */
export function writeDurable(path: string, data: string | Uint8Array, options: { mode?: number } = {}): void {
  const draft = `${path}.draft`
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const file = openSync(draft, 'w', options.mode ?? 0o600)
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
    const file = await open(draft, 'w', 0o600)
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
