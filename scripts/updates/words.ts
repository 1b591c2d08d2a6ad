// What is said to the makers when a file is not where they said, in place of the words of the system.
import { readFileSync } from 'node:fs'

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder: check the path, and that the stick is in',
  EACCES: 'you may not read or write it: check its owner and mode',
  EPERM: 'you may not read or write it: check its owner and mode',
  EROFS: 'it cannot be written: take off the write protection, or mount it for writing',
  ENOSPC: 'the disk is full: make room, and run the command again',
  EISDIR: 'it is a folder, and a file is needed',
  ENOTDIR: 'a part of its path is a file, and a folder is needed',
  EEXIST: 'a file is in the place of this folder: choose another one',
  EIO: 'the disk or stick cannot be read: try another copy',
}

/** A sentence for people; what is no fault of a file is said as it was thrown. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string }
  const cause = code === undefined ? undefined : causes[code]
  return cause === undefined || path === undefined ? error.message : `${(dest ?? path).replace(/\.draft$/, '')}: ${cause}`
}

/** The content of a file that a maker named; Node.js does not name a folder in its place. */
export function readNamed(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path }) : error
  }
}
