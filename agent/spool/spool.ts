// Batches that wait for their receipts, one file each, within a quota of disk space. When it is used up, the oldest of the
// lowest value are shed, and a small segment remains in their place, so that central is told of the gap.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { asDiskFailure } from '../errors.ts'
import { readIfPossible, removeIfThere, writeDurable, writeDurableAsync } from '../lib/durable-file.ts'
import { setAside } from '../lib/state-file.ts'
import { decodeSegment, encodeSegment, joinShed, type Segment, segmentName } from './segment.ts'
import { attempt, BLOCK_BYTES, type NewerFiles, readSpoolFolder, SEGMENT_MAX_BYTES } from './spool-folder.ts'

/** Of what is wrong with files, so many are told one by one. */
const TOLD_MAX = 20

interface Entry {
  readonly segment: Segment
  readonly bytes: number
}

export class Spool {
  /** What was wrong with files of the spool since it was opened, and how often something was. */
  readonly damage: string[] = []
  damages = 0
  private readonly folder: string
  /** May be changed: it counts from the next batch on. */
  quotaBytes: number
  /** What only a newer release can read: it stays, is sent by nobody here, and counts as spooled. */
  readonly newer: NewerFiles = { batches: 0, bytes: 0, byInput: {} }
  /** By sequence, oldest first; neighbours follow each other without a gap, once `closeGaps` was called. */
  private entries: Entry[] = []
  private used = 0
  /** Sequence of the segment that is being sent now, which is not shed meanwhile. */
  private held = 0

  /** `isOurs`: whether a frame that begins with these bytes was made on this box. */
  constructor(folder: string, quotaBytes: number, isOurs: (frameHead: Uint8Array) => boolean = () => true) {
    this.folder = folder
    this.quotaBytes = quotaBytes
    this.entries = readSpoolFolder(folder, this.tell, isOurs, this.newer).map(({ segment, length }) => this.counted(segment, length))
  }

  /** Notes what is wrong, for people. */
  readonly tell = (damage: string): void => {
    this.damages++
    if (this.damage.length < TOLD_MAX) this.damage.push(damage)
  }

  get length(): number {
    return this.entries.length
  }
  get usedBytes(): number {
    return this.used
  }
  /** When the oldest segment was written, ms since 1970; 0 while there is none, undefined if its file says nothing. */
  get oldestAtMs(): number | undefined {
    const segment = this.entries[0]?.segment
    if (segment === undefined) return 0
    return statSync(join(this.folder, segmentName(segment)), { throwIfNoEntry: false })?.mtimeMs
  }
  get last(): Segment | undefined {
    return this.entries.at(-1)?.segment
  }
  /** The batches, without segments of kind `shed`. */
  get batches(): Segment[] {
    return this.entries.map(entry => entry.segment).filter(segment => segment.kind !== 'shed')
  }

  /** The oldest segment with its frame (empty for `shed`, or if it cannot be read), held until `remove` or the next `oldest`. */
  oldest(): { segment: Segment; frame: Uint8Array } | undefined {
    const segment = this.entries[0]?.segment
    this.held = segment?.last ?? 0
    if (segment === undefined) return undefined
    if (segment.kind === 'shed') return { segment, frame: new Uint8Array(0) }
    const path = join(this.folder, segmentName(segment))
    const data = readIfPossible(path, SEGMENT_MAX_BYTES) ?? new Uint8Array(0)
    const header = decodeSegment(data)
    const frame = typeof header === 'string' ? new Uint8Array(0) : data.subarray(header.frameAt)
    if (typeof header !== 'string' && header.fits(frame)) return { segment, frame }
    this.tell(`${path} is damaged`)
    return { segment, frame: new Uint8Array(0) }
  }

  /** Leaves a statement in place of the oldest batch, which cannot be sent. */
  shedOldest(): Segment {
    const batch = this.entries[0].segment
    this.shedAt(0)
    return batch
  }

  /** Adds a batch durably. Failure 'disk-full' or 'disk-failed' if it cannot be written; then nothing changed. */
  async put(segment: Segment, frame: Uint8Array): Promise<void> {
    const data = encodeSegment(segment, frame)
    const path = join(this.folder, segmentName(segment))
    await writeDurableAsync(path, data).catch(error => {
      throw asDiskFailure(error, path)
    })
    this.entries.push(this.counted(segment, data.length))
  }

  /** Removes everything up to and with a sequence: it has a receipt. */
  remove(upTo: number): void {
    while (this.entries.length > 0 && this.entries[0].segment.last <= upTo) {
      const entry = this.entries.shift()
      if (entry === undefined) return
      this.used -= entry.bytes
      this.removeFile(entry.segment)
    }
    this.held = 0
  }

  /** Frees space for `incomingBytes` more, and reports each batch that was shed at once, so that it is counted whatever happens next. */
  shedForRoom(incomingBytes: number, onShed: (batch: Segment) => void): void {
    while (this.used + sizeOnDisk(incomingBytes) > this.quotaBytes) {
      const victim = this.leastValuable()
      if (victim < 0) return
      const batch = this.entries[victim].segment
      this.shedAt(victim)
      onShed(batch)
    }
  }

  /** Removes everything; for a box that now belongs to another member. */
  clear(): Segment[] {
    const batches = this.batches
    this.remove(Number.MAX_SAFE_INTEGER)
    return batches
  }

  /**
   * Sets aside what does not follow the segment before it: a batch from a backup, say. Central refuses it for ever, and with it all that
   * come after. The first is one if it follows nothing, and nothing follows it. `sequence` and `hash`: of the last batch before the spool.
   */
  dropStrangers(sequence: number, hash: string): void {
    const [first, second] = this.entries
    const isWitnessed = second === undefined || follows(second.segment, first.segment) !== false
    let left: Pick<Segment, 'last' | 'hash'> = { last: sequence, hash: isWitnessed ? (first?.segment.previous ?? hash) : hash }
    this.entries = this.entries.filter(({ segment, bytes }) => {
      const isStranger = follows(segment, left) === false
      if (!isStranger) left = segment
      if (!isStranger) return true
      this.used -= bytes
      const path = join(this.folder, segmentName(segment))
      attempt(() => this.tell(`${path} does not follow the batch before it and was moved to ${setAside(path)}`), this.tell)
      return false
    })
  }

  /**
   * Puts a statement where files between neighbours are missing, because central never accepts a chain with a gap.
   * `sequence` and `hash`: of the last batch before the spool. Returns how many batches are missing; `tell` is told of each gap.
   */
  closeGaps(sequence: number, hash: string, tell = this.tell): number {
    let missing = 0
    for (let i = 0; i < this.entries.length; i++) {
      const left = i === 0 ? { last: sequence, hash } : this.entries[i - 1].segment
      const { first, previous } = this.entries[i].segment
      if (first <= left.last + 1) continue
      const range = { first: left.last + 1, last: first - 1 }
      const statement: Segment = {
        kind: 'shed',
        ...range,
        rows: 0,
        messages: 0,
        byInput: {},
        value: 0,
        previous: left.hash,
        hash: previous,
      }
      this.entries.splice(i, 0, this.write(statement, new Uint8Array(0)))
      missing += range.last - range.first + 1
      tell(`batches ${range.first} to ${range.last} are missing`)
    }
    return missing
  }

  private leastValuable(): number {
    let best = -1
    for (let i = 0; i < this.entries.length; i++) {
      const { kind, value, last } = this.entries[i].segment
      if (kind !== 'shed' && last !== this.held && (best < 0 || value < this.entries[best].segment.value)) best = i
      if (best >= 0 && this.entries[best].segment.value <= 1) break
    }
    return best
  }

  /** Replaces the batch at `index` by a statement, joined with those of its neighbours. The statement is on disk before the batch goes. */
  private shedAt(index: number): void {
    const batch = this.entries[index].segment
    let statement: Segment = { ...batch, kind: 'shed', value: 0 }
    let from = index
    let to = index
    const left = this.entries[index - 1]
    if (left?.segment.kind === 'shed' && left.segment.last !== this.held) {
      statement = joinShed(left.segment, statement)
      from--
    }
    const right = this.entries[index + 1]
    if (right?.segment.kind === 'shed' && right.segment.last !== this.held) {
      statement = joinShed(statement, right.segment)
      to++
    }
    const replaced = this.entries.slice(from, to + 1)
    const entry = this.write(statement, new Uint8Array(0))
    this.entries.splice(from, replaced.length, entry)
    for (const old of replaced) {
      this.used -= old.bytes
      this.removeFile(old.segment)
    }
  }

  /** One that stays is inside the range of others, or has its receipt: the next start removes it. */
  private removeFile(segment: Segment): void {
    attempt(() => removeIfThere(join(this.folder, segmentName(segment))), this.tell)
  }

  private write(segment: Segment, frame: Uint8Array): Entry {
    const data = encodeSegment(segment, frame)
    const path = join(this.folder, segmentName(segment))
    try {
      writeDurable(path, data)
    } catch (error) {
      throw asDiskFailure(error, path)
    }
    return this.counted(segment, data.length)
  }

  private counted(segment: Segment, length: number): Entry {
    const bytes = sizeOnDisk(length)
    this.used += bytes
    return { segment, bytes }
  }
}

/** undefined where there is something between them. */
const follows = (right: Segment, left: Pick<Segment, 'last' | 'hash'>): boolean | undefined =>
  right.first === left.last + 1 ? right.previous === left.hash : undefined

const sizeOnDisk = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
