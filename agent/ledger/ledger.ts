// The readable record of everything that left the box, and at the same time the journal from which counts and sequence are
// restored after a power cut. Append-only files of chained lines; an entry is flushed before anything is done that relies on it.
import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { asDiskFailure, Failure } from '../errors.ts'
import { isErrorWithCode, isUnreadable, syncFolder } from '../lib/durable-file.ts'
import { CHAIN_START, decodeLine, encodeLine, hashOfLine, type LedgerEntry, type LedgerLine } from './entries.ts'
import { applyEntry, initialState, type LedgerState } from './state.ts'

const FILE_MAX_BYTES = 8 * 1024 * 1024
const BRACE = 0x7b
const fsyncAsync = promisify(fsync)
const nameOf = (number: number): string => `${String(number).padStart(8, '0')}.ledger`

export class Ledger {
  readonly state: LedgerState = initialState()
  /** Bytes of an unfinished line that a power cut left at the end of the last file, cut off when it was opened. */
  tornBytes = 0
  /** A file that was damaged when it was opened, kept under another name; its entries before the damage count. */
  damaged: string | undefined
  private readonly folder: string
  /** May be changed: it counts from the next file on. */
  quotaBytes: number
  private number = 0
  private file = -1
  private bytes = 0
  private previous = CHAIN_START
  /** True while there are lines that were written and not flushed. */
  private isDirty = false
  private flushing = 0
  /** Files that are full, with lines that were not flushed yet, or are being flushed. */
  private full: number[] = []

  /** Opens or begins the ledger in a folder. */
  constructor(folder: string, quotaBytes: number) {
    this.folder = folder
    this.quotaBytes = quotaBytes
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of ledgerFiles(folder).reverse()) {
      const found = this.open(name)
      if (found === 'whole') return
      this.close()
      // created just before a power cut: the state is in the file before
      if (found === 'empty') unlinkSync(join(folder, name))
      else this.quarantine(name)
      if (found === 'broken') return
    }
  }

  /** Adds an entry and flushes it. On a full or failing disk nothing of it stays, and Failure 'disk-full' or 'disk-failed' is thrown. */
  append(entry: LedgerEntry, at: Date): void {
    if (this.file < 0 || this.bytes >= FILE_MAX_BYTES) this.beginFile(at)
    this.write(entry, at, true)
    applyEntry(this.state, entry)
  }

  /** The same without the flush, for which `flush` has to be awaited: meanwhile a slow disk does not stop the sockets from being read. */
  appendUnflushed(entry: LedgerEntry, at: Date): void {
    if (this.file < 0 || this.bytes >= FILE_MAX_BYTES) this.beginFile(at)
    this.write(entry, at, false)
    applyEntry(this.state, entry)
  }

  /** Makes everything written before the call durable. After Failure 'disk-full' or 'disk-failed' it may not be; call again. */
  async flush(): Promise<void> {
    if (!this.isDirty && this.full.length === 0) return
    this.isDirty = false
    this.flushing++
    const full = this.full.splice(0)
    try {
      for (const file of full) await fsyncAsync(file)
      await fsyncAsync(this.file)
    } catch (error) {
      this.isDirty = true
      this.full.unshift(...full)
      throw asDiskFailure(error, join(this.folder, nameOf(this.number)))
    } finally {
      this.flushing--
    }
    for (const file of full) closeSync(file)
  }

  close(): void {
    for (const file of this.full.splice(0)) {
      fsyncSync(file)
      closeSync(file)
    }
    if (this.file >= 0 && this.isDirty) fsyncSync(this.file)
    if (this.file >= 0) closeSync(this.file)
    this.file = -1
  }

  /** Opens a file to append to, and applies its entries: `broken` from some line on, `unusable` from the first. */
  private open(name: string): 'whole' | 'broken' | 'unusable' | 'empty' {
    let text: Buffer
    try {
      this.file = openSync(join(this.folder, name), 'r+')
      text = readFileSync(this.file)
    } catch (error) {
      if (isUnreadable(error)) return 'unusable'
      throw error
    }
    const whole = text.lastIndexOf(10) + 1
    this.tornBytes += text.length - whole
    // an unfinished line begins as a line does; anything else without a line feed is damage
    if (whole === 0) return text.length === 0 || text[0] === BRACE ? 'empty' : 'unusable'
    if (whole < text.length) ftruncateSync(this.file, whole)
    this.bytes = whole
    this.number = Number.parseInt(name, 10)
    if (this.replayLines(text.toString('utf8', 0, whole))) return 'whole'
    return this.previous === CHAIN_START ? 'unusable' : 'broken'
  }

  /** A damaged file must not stop the box; it is kept, so that the damage can be looked into. */
  private quarantine(name: string): void {
    this.previous = CHAIN_START
    this.damaged = join(this.folder, `${name}.damaged`)
    renameSync(join(this.folder, name), this.damaged)
    syncFolder(this.folder)
  }

  /** Applies the lines of the last file, as far as each follows the one before; false if one does not. */
  private replayLines(text: string): boolean {
    for (const line of text.split('\n').slice(0, -1)) {
      const read = decodeLine(line)
      if (read === undefined || (this.previous !== CHAIN_START && read.previous !== this.previous)) return false
      this.previous = hashOfLine(line)
      applyEntry(this.state, read.entry)
    }
    return true
  }

  private beginFile(at: Date): void {
    const { totals, sequence, receipted, hash, device, enrolment, heard, sockets, unreported } = this.state
    const path = join(this.folder, nameOf(this.number + 1))
    const before = { file: this.file, bytes: this.bytes, number: this.number }
    try {
      this.file = openSync(path, 'wx+', 0o600)
      this.bytes = 0
      this.number++
      const begin = { totals: structuredClone(totals), sequence, receipted, hash, device, enrolment, heard, sockets, unreported }
      this.write({ kind: 'begin', ...begin }, at, true)
      syncFolder(this.folder)
    } catch (error) {
      if (this.file !== before.file && this.file >= 0) {
        closeSync(this.file)
        unlinkSync(path)
      }
      Object.assign(this, before)
      throw asDiskFailure(error, path)
    }
    if (before.file >= 0 && (this.isDirty || this.flushing > 0)) this.full.push(before.file)
    else if (before.file >= 0) closeSync(before.file)
    this.removeOldest()
  }

  private write(entry: LedgerEntry, at: Date, isFlushed: boolean): void {
    const line = encodeLine(entry, this.previous, at)
    const data = Buffer.from(`${line}\n`)
    try {
      for (let written = 0; written < data.length; )
        written += writeSync(this.file, data, written, data.length - written, this.bytes + written)
      if (isFlushed) fsyncSync(this.file)
      else this.isDirty = true
    } catch (error) {
      if (fstatSync(this.file).size > this.bytes) ftruncateSync(this.file, this.bytes)
      throw asDiskFailure(error, join(this.folder, nameOf(this.number)))
    }
    this.bytes += data.length
    this.previous = hashOfLine(line)
  }

  private removeOldest(): void {
    const files = ledgerFiles(this.folder).map(name => ({ path: join(this.folder, name), size: statSync(join(this.folder, name)).size }))
    let total = files.reduce((sum, file) => sum + file.size, 0)
    for (const file of files.slice(0, -1)) {
      if (total <= this.quotaBytes) return
      unlinkSync(file.path)
      total -= file.size
    }
  }
}

const ledgerFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter(name => /^\d{8}\.ledger$/.test(name))
    .sort()

/** All lines from the oldest file on, each checked against the one before. Failure 'ledger-damaged' at the end names the first break. */
export function readLedger(folder: string): Generator<LedgerLine> {
  return readFiles(folder, ledgerFiles(folder))
}

function linesOf(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/** A break is reported at the end, so that it hides nothing that came after it: reading goes on with the next file. */
function* readFiles(folder: string, names: readonly string[]): Generator<LedgerLine> {
  let previous: string | undefined
  let damage: Failure | undefined
  for (const name of names) {
    const path = join(folder, name)
    const lines = linesOf(path)
    if (lines === undefined) {
      damage ??= new Failure('ledger-damaged', `${path} cannot be read`)
      previous = undefined
      continue
    }
    lines.pop() // a line that a running agent is writing has no line feed yet
    for (const [i, line] of lines.entries()) {
      const read = decodeLine(line)
      const follows = read !== undefined && (previous === undefined || read.previous === previous)
      if (!follows) damage ??= new Failure('ledger-damaged', `${path}:${i + 1} does not follow the line before it`)
      previous = follows || (read !== undefined && i === 0) ? hashOfLine(line) : undefined
      if (previous === undefined || read === undefined) break
      yield read
    }
  }
  if (damage !== undefined) throw damage
}

/** The state of the ledger in a folder, without opening it for writing; undefined if there is none. */
export function foldLedger(folder: string): LedgerState | undefined {
  try {
    const state = initialState()
    // each file begins with the state at its start
    for (const { entry } of readFiles(folder, ledgerFiles(folder).slice(-1))) applyEntry(state, entry)
    return state
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return undefined
    throw error
  }
}
