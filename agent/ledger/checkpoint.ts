// Where the ledger stands, in space that is reserved for it when there is some: two slots that are written over in turn. So the
// counts are kept on a full disk too, and what a disk damages of the ledger's last lines is known from here.
// A slot is one line of JSON under a checksum, and behind its line feed whatever was there before; of a write that was cut off, the
// other slot is left.
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { isErrorWithCode, isUnreadable, openRegular, syncFolder } from '../lib/durable-file.ts'
import { setAside } from '../lib/state-file.ts'
import { decodeSummed, encodeSummed } from '../lib/summed.ts'
import { standSchema } from './entries.ts'

/** The state takes some 2 KiB, and a rule that drops messages 30 bytes for each input. */
export const SLOT_BYTES = 16_384
const SLOTS = 2

const count = z.int().nonnegative()
const schema = z.object({
  at: z.iso.datetime(),
  /** The slot with the higher one is the newer. */
  generation: count,
  /** The ledger's file and how much of it is told in `state`, and the hash of the last line of that. */
  number: count,
  bytes: count,
  previous: z.string(),
  state: standSchema.extend({
    stoppedCleanly: z.boolean(),
    spooled: z.looseObject({ sequence: count, hash: z.string() }),
    kept: count.default(0),
    gateways: count,
  }),
})

export type Checkpoint = Readonly<Omit<z.infer<typeof schema>, 'generation'>>
type Slot = z.infer<typeof schema>

/** What a newer release put beside the members that are known here. */
export const newerIn = (slot: Slot | undefined): object =>
  Object.fromEntries(Object.entries(slot ?? {}).filter(([name]) => !Object.hasOwn(schema.shape, name)))

const pathIn = (folder: string): string => join(folder, 'checkpoint')

/** The newest that can be read; `tell` is called, for people, if none can. One slot that cannot is what a power cut leaves behind. */
export function readCheckpoint(folder: string, tell: (damage: string) => void): Slot | undefined {
  let file = -1
  try {
    file = openRegular(pathIn(folder), 'r')
    const slots: Slot[] = []
    let damaged = 0
    for (let i = 0; i < SLOTS; i++) {
      const bytes = Buffer.alloc(SLOT_BYTES)
      const length = readSync(file, bytes, 0, SLOT_BYTES, i * SLOT_BYTES)
      const [text] = bytes.toString('utf8', 0, length).split('\n', 1)
      const { data } = schema.loose().safeParse(decodeSummed(text))
      if (data !== undefined) slots.push(data)
      else if (bytes.some(byte => byte !== 0)) damaged++
    }
    if (slots.length === 0 && damaged > 0) tell(`${pathIn(folder)} is not what was written`)
    return slots.sort((a, b) => b.generation - a.generation)[0]
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return undefined
    if (!isUnreadable(error)) throw error
    tell(`${pathIn(folder)}: ${error instanceof Error ? error.message : error}`)
    return undefined
  } finally {
    if (file >= 0) closeSync(file)
  }
}

/** The file, open to be written to. */
export class CheckpointFile {
  private readonly path: string
  private file = -1
  private generation: number

  /** `generation`: of what was read last. */
  constructor(folder: string, generation: number) {
    this.path = pathIn(folder)
    this.generation = generation
  }

  /** Writes into the older slot; on the disk for certain after `flush`. Throws the error of the disk. */
  write(checkpoint: Checkpoint): void {
    if (this.file < 0) this.open()
    const generation = this.generation + 1
    const line = Buffer.from(`${encodeSummed({ ...checkpoint, generation })}\n`)
    if (line.length > SLOT_BYTES) throw new RangeError(`${this.path}: the state takes ${line.length} bytes`)
    const at = (generation % SLOTS) * SLOT_BYTES
    for (let written = 0; written < line.length; ) written += writeSync(this.file, line, written, line.length - written, at + written)
    this.generation = generation
  }

  flush(): void {
    if (this.file >= 0) fsyncSync(this.file)
  }

  close(): void {
    if (this.file >= 0) closeSync(this.file)
    this.file = -1
  }

  /** Zeros are written, and not only announced, so that a file system has nothing to allocate later. */
  private open(): void {
    try {
      this.file = openRegular(this.path, 'r+')
      return
    } catch (error) {
      if (!isErrorWithCode(error, 'ENOENT') && isUnreadable(error)) setAside(this.path)
      else if (!isErrorWithCode(error, 'ENOENT')) throw error
    }
    const file = openSync(this.path, 'w+', 0o600)
    try {
      const zeros = Buffer.alloc(SLOTS * SLOT_BYTES)
      for (let written = 0; written < zeros.length; ) written += writeSync(file, zeros, written)
      fsyncSync(file)
      syncFolder(dirname(this.path))
    } catch (error) {
      closeSync(file)
      throw error
    }
    this.file = file
  }
}
