// A disk that fails at a chosen point: wraps the calls of node:fs that change something, for tests only. What is loaded after it
// meets the wrapped calls. A call fails once or from then on, or the process is as if killed: this call is done by half at most, and
// none after it.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

export type Trouble = 'ENOSPC' | 'EIO' | 'EDQUOT' | 'killed' | 'torn'

export class Killed extends Error {}

export interface FailingDisk {
  /** Calls since `arm`, by what they do and to which file. */
  readonly calls: readonly string[]
  /** Lets call number `at` (0 is the first) fail; `isLasting`: and all after it. */
  arm(at: number, trouble: Trouble, isLasting?: boolean): void
  /** Everything works again. */
  disarm(): void
}

let calls: string[] = []
let failAt = Number.POSITIVE_INFINITY
let trouble: Trouble = 'EIO'
let isLasting = false
let isDead = false
const names = new Map<number, string>()

/** `more` is true where the call takes room on the disk: a full one refuses nothing else. */
function step(what: string, path: string, takesRoom: boolean, byHalf?: () => void): void {
  if (isDead) throw new Killed()
  const number = calls.push(`${what} ${path}`) - 1
  if (number !== failAt && !(isLasting && number > failAt)) return
  if (trouble === 'killed' || trouble === 'torn') {
    isDead = true
    if (trouble === 'torn') byHalf?.()
    throw new Killed()
  }
  if (isLasting && trouble !== 'EIO' && !takesRoom) return
  throw Object.assign(new Error(`${trouble}: ${what} '${path}'`), { code: trouble, syscall: what, errno: -5 })
}

const real = { ...fs }
const isNew = (path: string): boolean => !real.existsSync(path)
const writes = (flags: unknown): boolean => typeof flags === 'string' && /[wa+]/.test(flags)
const shortName = (path: unknown): string => String(path).split('/').slice(-2).join('/')
/** The checkpoint is written over in the room that it has. */
const takesRoom = (fd: number): boolean => !/checkpoint$/.test(names.get(fd) ?? '')

function openSync(path: fs.PathLike, flags: fs.OpenMode = 'r', mode?: fs.Mode): number {
  if (writes(flags)) step('open', shortName(path), isNew(String(path)))
  const fd = real.openSync(path, flags, mode)
  names.set(fd, shortName(path))
  return fd
}

const writeSync = (fd: number, data: NodeJS.ArrayBufferView | string, ...rest: number[]): number => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const [offset, length, position] = typeof data === 'string' ? [0, bytes.byteLength, rest[0]] : rest
  const from = offset ?? 0
  const count = length ?? bytes.byteLength - from
  step('write', names.get(fd) ?? '', takesRoom(fd), () => real.writeSync(fd, bytes, from, count >> 1, position))
  return real.writeSync(fd, bytes, from, count, position)
}

const wrapped = {
  openSync,
  writeSync,
  fsyncSync: (fd: number) => {
    step('fsync', names.get(fd) ?? '', false)
    real.fsyncSync(fd)
  },
  ftruncateSync: (fd: number, length?: number) => {
    step('truncate', names.get(fd) ?? '', false)
    real.ftruncateSync(fd, length)
  },
  renameSync: (from: fs.PathLike, to: fs.PathLike) => {
    step('rename', shortName(to), false)
    real.renameSync(from, to)
  },
  unlinkSync: (path: fs.PathLike) => {
    step('unlink', shortName(path), false)
    real.unlinkSync(path)
  },
  fsync: (fd: number, done: (error: Error | null) => void) => {
    try {
      step('fsync', names.get(fd) ?? '', false)
    } catch (error) {
      done(error as Error)
      return
    }
    real.fsync(fd, done)
  },
}

const promises = { open: fs.promises.open, rename: fs.promises.rename }

async function open(path: fs.PathLike, flags?: string, mode?: fs.Mode): Promise<fs.promises.FileHandle> {
  const name = shortName(path)
  if (writes(flags)) step('open', name, isNew(String(path)))
  const file = await promises.open(path, flags, mode)
  const { writeFile, sync } = file
  file.writeFile = async (data, ...rest) => {
    step('write', name, true, () => real.writeSync(file.fd, (data as Buffer).subarray(0, (data as Buffer).length >> 1)))
    return writeFile.call(file, data, ...rest)
  }
  file.sync = async () => {
    step('fsync', name, false)
    return sync.call(file)
  }
  return file
}

async function rename(from: fs.PathLike, to: fs.PathLike): Promise<void> {
  step('rename', shortName(to), false)
  return promises.rename(from, to)
}

/** Puts the wrapped calls in the place of the real ones, for everything that is in this process. */
export function failingDisk(): FailingDisk {
  Object.assign(fs, wrapped)
  Object.assign(fs.promises, { open, rename })
  syncBuiltinESMExports()
  const set = (at: number, what: Trouble, lasts: boolean) => {
    calls = []
    failAt = at
    trouble = what
    isLasting = lasts
    isDead = false
  }
  return {
    get calls() {
      return calls
    },
    arm: (at, what, lasts = false) => set(at, what, lasts),
    disarm: () => set(Number.POSITIVE_INFINITY, 'EIO', false),
  }
}
