// A disk whose power can be cut without stopping anybody: an ext4 in a file. A copy of the file has exactly the writes that had
// reached the disk, as after a power cut; what the kernel still kept in memory is missing.
import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const SIZE = '12M'
/** Small, so that a copy takes a hundredth of a second. Careless writes are not guarded (ext4(5): auto_da_alloc). */
const make = ['-q', '-F', '-b', '1024', '-J', 'size=1']
const options = 'loop,noauto_da_alloc'
const QUIET_TRIES = 200

/** Why there can be no such disk here; false if there can. */
export const whyNoDisk = (): string | false => (process.getuid?.() === 0 ? false : 'mounting a disk that is a file takes root')

export interface CutDisk {
  /** Where it is mounted. */
  readonly place: string
  /** Keeps what the disk has at this moment, and what files have that lose their power with it. */
  cut(beside?: readonly string[]): Promise<Cut>
}

export interface Cut {
  /** What the files beside the disk had. */
  readonly beside: readonly Buffer[]
  /** Mounts the disk as a start after the power cut would, while `look` runs. */
  mounted<T>(look: (place: string) => T | Promise<T>): Promise<T>
}

export function makeDisk(t: { teardown(done: () => unknown): unknown }, folder: string): CutDisk {
  const [file, place, after] = ['disk.img', 'mounted', 'after'].map(name => join(folder, name))
  for (const each of [place, after]) mkdirSync(each)
  tool('truncate', '-s', SIZE, file)
  tool('mkfs.ext4', ...make, file)
  tool('mount', '-o', options, file, place)
  t.teardown(() => tool('umount', place))
  let cuts = 0
  return {
    place,
    cut: async (files = []) => {
      const [disk, ...beside] = await readAtOnce([file, ...files])
      const copy = join(folder, `cut-${cuts++}.img`)
      writeSparse(copy, disk)
      const mounted = async <T>(look: (place: string) => T | Promise<T>): Promise<T> => {
        tool('mount', '-o', options, copy, after)
        let seen: T
        try {
          seen = await look(after)
        } catch (error) {
          tool('umount', '--lazy', after) // what failed may hold files open, and is what has to be told
          throw error
        }
        tool('umount', after)
        return seen
      }
      return { beside, mounted }
    },
  }
}

function tool(command: string, ...words: string[]): void {
  execFileSync(command, words, { stdio: 'pipe', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
}

/** Reads files as they were at one moment: twice, until nothing was written while they were read. */
async function readAtOnce(files: readonly string[]): Promise<Buffer[]> {
  const read = () => files.map(file => readFileSync(file))
  let last = read()
  for (let tries = 0; tries < QUIET_TRIES; tries++) {
    const now = read()
    if (now.every((bytes, i) => bytes.equals(last[i]))) return now
    last = now
    await sleep(1)
  }
  throw new Error(`${files.join(', ')} changed all the time`)
}

/** Most of a small disk is empty. */
function writeSparse(path: string, bytes: Buffer): void {
  const empty = Buffer.alloc(65_536)
  const file = openSync(path, 'w')
  for (let at = 0; at < bytes.length; at += empty.length) {
    const piece = bytes.subarray(at, at + empty.length)
    if (!piece.equals(empty.subarray(0, piece.length))) writeSync(file, piece, 0, piece.length, at)
  }
  ftruncateSync(file, bytes.length)
  closeSync(file)
}
