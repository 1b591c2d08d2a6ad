// Reads back what was written, from the disk and not from this computer's memory (O_DIRECT), and compares it range by range with
// the block map. This also finds memory sticks that claim to be larger than they are: they lose or overwrite what is beyond.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Bmap, type BmapRange, mappedBytes, spanOf } from './bmap.ts'
import { FlashFault } from './flash-fault.ts'
import { tailOf } from './flash-write.ts'
import { readAt } from './read-at.ts'

const CHUNK_BYTES = 1 << 20
const PAGE_BYTES = 65536
/** The libraries of TypeScript for programs without a browser leave it out. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer } }

export interface VerifyJob {
  readonly path: string
  readonly targetBytes: number
  readonly bmap: Bmap
  readonly progress?: (doneBytes: number, allBytes: number) => void
  readonly signal?: AbortSignal
}

export interface Verified {
  readonly bad: readonly BmapRange[]
  readonly tailIsEmpty: boolean
  /** False where the system can't go past its cache (some network and memory filesystems). */
  readonly isDirect: boolean
}

export async function verifyImage({ path, targetBytes, bmap, progress, signal }: VerifyJob): Promise<Verified> {
  const { handle, isDirect } = await openDirect(path)
  await using file = handle
  // O_DIRECT wants memory on a boundary that depends on the disk (open(2)); that of WebAssembly begins at a page.
  const chunk = Buffer.from(new WebAssembly.Memory({ initial: CHUNK_BYTES / PAGE_BYTES }).buffer)
  const all = mappedBytes(bmap)
  let done = 0
  const bad: BmapRange[] = []
  for (const range of bmap.ranges) {
    const { start, end } = spanOf(bmap, range)
    const hash = createHash('sha256')
    for (let at = start; at < end; at += CHUNK_BYTES) {
      if (signal?.aborted) throw new FlashFault('Interrupted while reading back.')
      const bytes = await readAt(file, chunk, at, Math.min(CHUNK_BYTES, end - at), diskEnds)
      hash.update(bytes)
      done += bytes.length
      progress?.(done, all)
    }
    if (hash.digest('hex') !== range.sha256) bad.push(range)
  }
  const tail = tailOf(bmap.imageBytes, targetBytes)
  // whole sectors: the end of a plain file may be none
  const sectors = { start: Math.ceil(tail.start / 512) * 512, end: Math.floor(tail.end / 512) * 512 }
  const behind = await readAt(file, chunk, sectors.start, Math.max(0, sectors.end - sectors.start), diskEnds)
  const tailIsEmpty = behind.every(byte => byte === 0)
  return { bad, tailIsEmpty, isDirect }
}

async function openDirect(path: string): Promise<{ readonly handle: FileHandle; readonly isDirect: boolean }> {
  try {
    return { handle: await open(path, constants.O_RDONLY | constants.O_DIRECT), isDirect: true }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error
    return { handle: await open(path, constants.O_RDONLY), isDirect: false }
  }
}

const diskEnds = (byte: number): FlashFault => new FlashFault(`The disk ends at byte ${byte}, before the image does.`)
