// One `cyberalarm update` at a time: two would write the same drafts, and each would think that the other's half was its own. The lock is
// the kernel's, on a file in the updater's folder (fcntl, through SQLite): it goes with the process that holds it, however that ends, and
// nobody can hold it who may not write there.
import { chownSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { asDiskFailure, Failure } from '../errors.ts'

/** SQLITE_BUSY and SQLITE_FULL (sqlite.org/rescode.html): another process has it; the disk has no room. */
const BUSY = 5
const FULL = 13

/** Gives what ends it. Failure 'update-running' if another process holds it, 'disk-failed' or 'disk-full' if the file cannot be made. */
export function onlyOne(path: string): () => void {
  const file = open(path)
  try {
    // nothing is ever written, also where the disk is full
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if (codeOf(error) === BUSY) throw new Failure('update-running', 'another `cyberalarm update` runs on this box')
    throw failureOf(error, path)
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
    throw codeOf(error) === undefined ? asDiskFailure(error, path) : failureOf(error, path)
  }
}

/** SQLite's, or undefined of another error. */
const codeOf = (error: unknown): unknown => (error instanceof Error && 'errcode' in error ? error.errcode : undefined)

const failureOf = (error: unknown, path: string): Failure =>
  new Failure(
    codeOf(error) === FULL ? 'disk-full' : 'disk-failed',
    `cannot lock ${path}: ${error instanceof Error ? error.message : error}`,
    error,
  )
