// One `cyberalarm update` at a time: two would write the same drafts, and each would think that the other's half was its own. The lock is
// the kernel's, on a file in the updater's folder (fcntl, through SQLite): it goes with the process that holds it, however that ends, and
// nobody can hold it who may not write there.
import { chownSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { asDiskFailure, Failure } from '../errors.ts'

/** SQLITE_BUSY (sqlite.org/rescode.html): another process has it. */
const BUSY = 5

/** Gives what ends it. Failure 'update-running' if another process holds it, 'disk-failed' or 'disk-full' if the file cannot be made. */
export function onlyOne(path: string): () => void {
  const file = open(path)
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY)
      throw new Failure('update-running', 'another `cyberalarm update` runs on this box')
    throw new Failure('disk-failed', `cannot lock ${path}: ${error instanceof Error ? error.message : error}`, error)
  }
  return () => file.close()
}

function open(path: string): DatabaseSync {
  const folder = dirname(path)
  try {
    mkdirSync(folder, { recursive: true })
    const file = new DatabaseSync(path, { timeout: 0 })
    // of what root makes there, the updater, who has no rights, is to be the owner
    const { uid, gid } = statSync(folder)
    if (process.getuid?.() === 0 && statSync(path).uid !== uid) chownSync(path, uid, gid)
    return file
  } catch (error) {
    if (error instanceof Error && 'errcode' in error) throw new Failure('disk-failed', `cannot open ${path}: ${error.message}`, error)
    throw asDiskFailure(error, path)
  }
}
