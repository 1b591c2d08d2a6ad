// The readable record of everything that left the box, and at the same time the journal from which counts and sequence are
// restored after a power cut. Append-only files of chained lines; an entry is flushed before anything is done that relies on it.
// Beside them lies the checkpoint, in reserved space, for what a full disk does not take any more.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { asDiskFailure, type Fault, faultOf } from '../errors.ts'
import { openRegular, removeIfThere, syncFolder } from '../lib/durable-file.ts'
import { ensureFolder, setAside } from '../lib/state-file.ts'
import type { Totals } from './accounting.ts'
import { CheckpointFile } from './checkpoint.ts'
import { encodeLine, hashOfLine, type LedgerEntry } from './entries.ts'
import { type FoundLedger, findLedger, ledgerFiles, ledgerName } from './ledger-files.ts'
import { applyEntry, type LedgerState } from './state.ts'

const FILE_MAX_BYTES = 8 * 1024 * 1024
const fsyncAsync = promisify(fsync)

export class Ledger {
  readonly state: LedgerState
  /** Bytes of an unfinished line that a power cut left at the end of the last file, cut off when it was opened. */
  readonly tornBytes: number
  /** What was wrong with the files when it was opened, for people. */
  readonly damage: readonly string[]
  /** Why the checkpoint could not be written the last time. */
  checkpointFault: Fault | undefined
  private readonly folder: string
  /** May be changed: it counts from the next file on. */
  quotaBytes: number
  private readonly fileMaxBytes: number
  private readonly checkpoint: CheckpointFile
  private kept = ''
  /** What a newer release put into the checkpoint beside what is known here. */
  private readonly newer: object
  private number: number
  private file = -1
  /** Of the last file, which is never reached while none is open: a checkpoint then stands behind all lines. */
  private bytes = Number.MAX_SAFE_INTEGER
  private previous: string
  /** True while there are lines that were written and not flushed. */
  private isDirty = false
  private flushing = 0
  /** Files that are full, with lines that were not flushed yet, or are being flushed. */
  private full: number[] = []

  /** Opens or begins the ledger in a folder, of the device that the box is, if it is one. */
  constructor(
    folder: string,
    quotaBytes: number,
    { fileMaxBytes = FILE_MAX_BYTES, device }: { fileMaxBytes?: number | undefined; device?: string | undefined } = {},
  ) {
    this.folder = folder
    this.quotaBytes = quotaBytes
    this.fileMaxBytes = fileMaxBytes
    const moved = ensureFolder(folder)
    const first = findLedger(folder, device)
    const named = this.giveNames(first)
    const found = named.length === 0 ? first : findLedger(folder, device)
    this.state = found.state
    this.number = found.number
    this.previous = found.previous
    this.tornBytes = found.tornBytes
    this.checkpoint = new CheckpointFile(folder, found.generation)
    this.newer = found.newer
    this.damage = [...(moved === undefined ? [] : [moved]), ...named, ...found.damage, ...this.clearAway(found), ...this.openLast(found)]
    // its room is taken as early as can be; and a line may have been cut off that it counts by its place
    this.keep(this.state.totals, this.state.stoppedCleanly)
  }

  /** Adds an entry and flushes it. On a full or failing disk nothing of it stays, and Failure 'disk-full' or 'disk-failed' is thrown. */
  append(entry: LedgerEntry, at: Date): void {
    if (this.file < 0 || this.bytes >= this.fileMaxBytes) this.beginFile(at)
    this.write(entry, at, true)
    applyEntry(this.state, entry)
  }

  /** The same without the flush, for which `flush` has to be awaited: meanwhile a slow disk does not stop the sockets from being read. */
  appendUnflushed(entry: LedgerEntry, at: Date): void {
    if (this.file < 0 || this.bytes >= this.fileMaxBytes) this.beginFile(at)
    this.write(entry, at, false)
    applyEntry(this.state, entry)
  }

  /**
   * Writes the counts of this moment, and where everything stands, into reserved space: on a full disk too. It outlasts the process
   * at once, and a power cut when the disk has got it (`isFlushed`, or half a minute). What fails is in `checkpointFault`.
   */
  keep(totals: Totals, isStopped: boolean, isFlushed = false): void {
    const { number, bytes, previous } = this
    const { lastBatch: _, ...state } = this.state
    const stand = { ...this.newer, number, bytes, previous, state: { ...state, totals, stoppedCleanly: isStopped } }
    const text = JSON.stringify(stand)
    try {
      if (text !== this.kept) this.checkpoint.write({ at: new Date().toISOString(), ...stand })
      this.kept = text
      if (isFlushed) this.checkpoint.flush()
      this.checkpointFault = undefined
    } catch (error) {
      this.checkpointFault = faultOf(asDiskFailure(error, join(this.folder, 'checkpoint')))
    }
  }

  /** Makes everything written before the call durable. After Failure 'disk-full' or 'disk-failed' it may not be; call again. */
  async flush(): Promise<void> {
    if (!this.isDirty && this.full.length === 0) return
    this.isDirty = false
    this.flushing++
    const full = this.full.splice(0)
    try {
      for (const file of full) await fsyncAsync(file)
      if (this.file >= 0) await fsyncAsync(this.file)
    } catch (error) {
      this.isDirty = true
      this.full.unshift(...full)
      throw asDiskFailure(error, join(this.folder, ledgerName(this.number)))
    } finally {
      this.flushing--
    }
    for (const file of full) closeSync(file)
  }

  /** Throws nothing: what a failing disk did not take is known from the checkpoint, or is told at the next start. */
  close(): void {
    if (this.file >= 0) this.full.push(this.file)
    this.file = -1
    for (const file of this.full.splice(0)) {
      try {
        fsyncSync(file)
      } catch (error) {
        this.checkpointFault = faultOf(asDiskFailure(error, this.folder))
      }
      closeSync(file)
    }
    this.checkpoint.close()
  }

  /** A file under the number of another would be taken for a newer one. */
  private giveNames({ misnamed }: FoundLedger): string[] {
    return misnamed.map(({ name, own }) => {
      const path = join(this.folder, name)
      try {
        if (existsSync(join(this.folder, own))) return `${path} was under a wrong name, and was moved to ${setAside(path)}`
        renameSync(path, join(this.folder, own))
        return `${path} was under a wrong name and is ${own}`
      } catch (error) {
        return `${path} is under a wrong name: ${faultOf(error).detail}`
      }
    })
  }

  /** Files that give nothing. A damaged one must not stop the box; it is kept, so that the damage can be looked into. */
  private clearAway({ empty, unusable }: FoundLedger): string[] {
    const faults: string[] = []
    for (const name of [...empty, ...unusable]) {
      const path = join(this.folder, name)
      try {
        if (empty.includes(name)) removeIfThere(path)
        else faults.push(`${path} was moved to ${setAside(path)}`)
      } catch (error) {
        faults.push(`${path} could not be moved: ${faultOf(error).detail}`)
      }
    }
    return faults
  }

  /** Opens the last file to append to it; where that cannot be, the next entry begins a new one. */
  private openLast({ bytes, lineFeedAt, number }: FoundLedger): string[] {
    if (bytes === undefined) return []
    const path = join(this.folder, ledgerName(number))
    try {
      this.file = openRegular(path, 'r+')
      if (lineFeedAt !== undefined) writeSync(this.file, '\n', lineFeedAt)
      if (fstatSync(this.file).size > bytes) ftruncateSync(this.file, bytes)
      this.bytes = bytes
      return []
    } catch (error) {
      if (this.file >= 0) closeSync(this.file)
      this.file = -1
      return [`${path} cannot be written: ${faultOf(error).detail}`]
    }
  }

  private beginFile(at: Date): void {
    const { lastBatch: _, stoppedCleanly: __, spooled: ___, gateways: ____, kept: _____, ...stand } = this.state
    const path = join(this.folder, ledgerName(this.number + 1))
    const before = { file: this.file, bytes: this.bytes, number: this.number }
    try {
      // the number is new; what a failed attempt left there is written over
      this.file = openSync(path, 'w+', 0o600)
      this.bytes = 0
      this.number++
      this.write({ ...stand, kind: 'begin', number: this.number }, at, true)
      syncFolder(this.folder)
    } catch (error) {
      if (this.file !== before.file && this.file >= 0) closeSync(this.file)
      Object.assign(this, before)
      throw asDiskFailure(error, path)
    }
    if (before.file >= 0 && (this.isDirty || this.flushing > 0)) this.full.push(before.file)
    else if (before.file >= 0) closeSync(before.file)
    try {
      this.removeOldest()
    } catch (error) {
      throw asDiskFailure(error, this.folder)
    }
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
      this.takeBack()
      throw asDiskFailure(error, join(this.folder, ledgerName(this.number)))
    }
    this.bytes += data.length
    this.previous = hashOfLine(line)
  }

  /** Nothing of an entry that failed may stay. Where that fails too, a new file begins, whose first line has the state without it. */
  private takeBack(): void {
    try {
      ftruncateSync(this.file, this.bytes)
    } catch (error) {
      this.checkpointFault = faultOf(asDiskFailure(error, this.folder))
      this.full.push(this.file)
      this.file = -1
    }
  }

  private removeOldest(): void {
    const files = ledgerFiles(this.folder).map(name => ({ path: join(this.folder, name), size: lstatSync(join(this.folder, name)).size }))
    let total = files.reduce((sum, file) => sum + file.size, 0)
    for (const file of files.slice(0, -1)) {
      if (total <= this.quotaBytes) return
      unlinkSync(file.path)
      total -= file.size
    }
  }
}
