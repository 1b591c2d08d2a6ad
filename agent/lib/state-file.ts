// A small file that a program cannot do without, kept in two copies under checksums. What a disk damages in one is taken from
// the other; a damaged one is set aside under the name `x.damaged`, the newest only, and never stops a program from starting.
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { isErrorWithCode, isPassing, isUnreadable, readWithin, syncFolder, writeDurable } from './durable-file.ts'
import { decodeSummed, encodeSummed } from './summed.ts'

export const copyOf = (path: string): string => `${path}.copy`
export const asideOf = (path: string): string => `${path}.damaged`

/** A longer file is not read. */
export const STATE_MAX_BYTES = 1024 * 1024

export interface State<T> {
  /** undefined: there is none, or nothing whole is left of it (then `damage` says so). */
  readonly value: T | undefined
  /** What is wrong, for people: one sentence each. Empty where all is well. */
  readonly damage: readonly string[]
}

interface Read<T> {
  readonly bytes: Buffer
  readonly value: T
}

/** Writes the file and its copy. Where the copy fails, the file is written all the same, and the error is thrown. */
export function writeState(path: string, text: string, options: { mode?: number } = {}): void {
  writeDurable(path, text, options)
  writeDurable(copyOf(path), text, options)
}

/** Reads the file, or its copy where the file is gone or damaged. `decode` throws on what makes no sense. Changes nothing on the disk. */
export function readState<T>(path: string, decode: (bytes: Buffer) => T): State<T> {
  const { file, copy, damage } = readBoth(path, decode)
  return { value: (file ?? copy)?.value, damage }
}

/** The same for the program that owns the file: what is damaged is set aside, and both copies are there again. */
export function mendState<T>(path: string, decode: (bytes: Buffer) => T, options: { mode?: number } = {}): State<T> {
  const { file, copy, damage } = readBoth(path, decode)
  const whole = file ?? copy
  const mended = [...damage]
  for (const [place, found] of [
    [path, file],
    [copyOf(path), copy],
  ] as const) {
    try {
      if (whole !== undefined && found?.bytes.equals(whole.bytes)) continue
      if (found === undefined && lstatSync(place, { throwIfNoEntry: false }) !== undefined) setAside(place)
      if (whole !== undefined) writeDurable(place, whole.bytes, { mode: options.mode ?? 0o600 })
    } catch (error) {
      mended.push(`${place} could not be mended: ${reasonOf(error)}`)
    }
  }
  return { value: whole?.value, damage: mended }
}

function readBoth<T>(path: string, decode: (bytes: Buffer) => T) {
  const damage: string[] = []
  const [file, copy] = [path, copyOf(path)].map(place => {
    try {
      return readWhole(place, decode)
    } catch (error) {
      if (isPassing(error)) throw error
      damage.push(`${place}: ${reasonOf(error)}`)
      return undefined
    }
  })
  if (file === undefined && copy !== undefined && damage.length === 0) damage.push(`${path} was missing`)
  return { file, copy, damage }
}

function readWhole<T>(path: string, decode: (bytes: Buffer) => T): Read<T> | undefined {
  try {
    const bytes = readWithin(path, STATE_MAX_BYTES)
    return { bytes, value: decode(bytes) }
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Moves what is damaged out of the way, in place of what was moved there before. Also a folder, or a file that cannot be read. */
export function setAside(path: string): string {
  const aside = asideOf(path)
  rmSync(aside, { recursive: true, force: true })
  renameSync(path, aside)
  syncFolder(dirname(path))
  return aside
}

/** Makes a folder; something else in its place, or a folder that cannot be read, is set aside. Tells what it did, if anything. */
export function ensureFolder(path: string): string | undefined {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    readdirSync(path)
    return undefined
  } catch (error) {
    if (!isUnreadable(error) || lstatSync(path, { throwIfNoEntry: false }) === undefined) throw error
    const aside = setAside(path)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return `${path} cannot be read as a folder and was moved to ${aside}`
  }
}

/** For state that is JSON: `decode` of the object, whose sum is right. */
export const fromJson =
  <T>(decode: (value: unknown) => T) =>
  (bytes: Buffer): T => {
    const value = decodeSummed(bytes.toString('utf8').replace(/\n$/, ''))
    if (value === undefined) throw new Error('is not what was written')
    return decode(value)
  }

export const toJson = (value: object): string => `${encodeSummed(value)}\n`

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
