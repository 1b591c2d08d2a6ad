// What the console requests. The console is not trusted: its folder may hold a link to a secret of root's, a pipe, a folder, or a
// file without end. The request is moved into root's folder first, so that nobody changes it while it is read and a newer request is
// not lost, and only a plain file that has no other name is read.
import { constants, lstatSync, renameSync, rmdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isErrorWithCode, removeIfThere, syncFolder } from '../../../../agent/lib/durable-file.ts'
import { decode, TEXT_MAX_BYTES } from '../text-file.ts'
import { refusal, type SettingsSource } from './source.ts'

export interface ConsoleSource extends SettingsSource {
  /** Takes the request away, once it was carried out or refused. */
  clear(): Promise<void>
}

const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants
const strange = refusal('console: the request is not a regular file')

/** `requested` is where the console puts its request, `taken` where root keeps it until it is carried out or refused. */
export function consoleSource(requested: string, taken: string): ConsoleSource {
  return {
    name: 'console',
    read: async () => {
      take(requested, taken)
      return withPlain(taken, { kind: 'absent' }, strange, async file => {
        const bytes = Buffer.alloc(TEXT_MAX_BYTES + 1)
        const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
        const decoded = decode(bytes.subarray(0, bytesRead))
        if (decoded.kind === 'fault') return refusal(`console: the text ${decoded.fault}`)
        return { kind: 'text', text: decoded.text, file: 'console', wipe: async () => '' }
      })
    },
    clear: async () => {
      // its bytes may hold a code; a file system that writes elsewhere keeps them all the same, but the code is spent by then
      await withPlain(taken, undefined, undefined, async file => {
        await file.write(Buffer.alloc(Math.min((await file.stat()).size, TEXT_MAX_BYTES)), 0)
        await file.sync()
        return undefined
      })
      if (lstatSync(taken, { throwIfNoEntry: false })?.isDirectory()) putAside(taken, dirname(requested))
      else removeIfThere(taken)
      syncFolder(dirname(taken))
    },
  }
}

function take(requested: string, taken: string): void {
  try {
    if (lstatSync(taken, { throwIfNoEntry: false })?.isDirectory()) putAside(taken, dirname(requested))
    // a folder cannot take the place of a file
    if (lstatSync(requested).isDirectory()) removeIfThere(taken)
    renameSync(requested, taken)
    syncFolder(dirname(taken))
  } catch (error) {
    if (!isErrorWithCode(error, 'ENOENT')) throw error
  }
}

/** A folder goes back to whom it came from: nothing of root's walks through a tree that somebody else may change meanwhile. */
function putAside(path: string, folder: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    if (!isErrorWithCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    renameSync(path, join(folder, `${basename(path)}.refused-${process.hrtime.bigint()}`))
  }
}

async function withPlain<T>(path: string, none: T, other: T, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    const file = await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    try {
      const found = await file.stat()
      return found.isFile() && found.nlink === 1 ? await use(file) : other
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return none
    if (isErrorWithCode(error, 'ELOOP', 'EISDIR', 'ENXIO', 'EACCES')) return other
    throw error
  }
}
