// Writes what the block map lists, and checks each range against its sum on the way. The first MiB, with the partition table
// and the boot code, is emptied first and written last: a disk on which this was interrupted starts nothing and shows nothing.
//
// The end of the disk, behind the image, is emptied too: a larger disk has its old backup partition table in its last sectors,
// and some RAID and ZFS keep their signatures there; tools would offer to bring the old partitions back. What lies between the
// end of the image and there belongs to no partition and is never read.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { type Bmap, mappedBytes, spanOf } from './bmap.ts'
import { EDGE_BYTES } from './bmap-map.ts'
import { FlashFault } from './flash-fault.ts'

/** After so many bytes the disk has to confirm them: else the progress would be that of this computer's cache. */
const SYNC_BYTES = 8 << 20

export interface WriteJob {
  readonly target: FileHandle
  readonly targetBytes: number
  readonly bmap: Bmap
  /** The unpacked image from its first byte on. */
  readonly source: AsyncIterable<Buffer>
  readonly progress?: (doneBytes: number, allBytes: number) => void
  readonly signal?: AbortSignal
}

/** What is emptied behind an image. */
export const tailOf = (imageBytes: number, targetBytes: number): { readonly start: number; readonly end: number } => ({
  start: Math.max(imageBytes, targetBytes - EDGE_BYTES),
  end: Math.max(imageBytes, targetBytes),
})

/** Throws a FlashFault, or the error of the system, when the disk does not hold the image whole. */
export async function writeImage({ target, targetBytes, bmap, source, progress, signal }: WriteJob): Promise<void> {
  const head = Buffer.alloc(Math.min(EDGE_BYTES, bmap.imageBytes))
  const tail = tailOf(bmap.imageBytes, targetBytes)
  await writeAll(target, head, 0)
  await writeAll(target, Buffer.alloc(tail.end - tail.start), tail.start)
  await target.datasync()

  const all = mappedBytes(bmap)
  let done = 0
  let unsynced = 0
  const put = async (piece: Buffer, at: number): Promise<void> => {
    const inHead = Math.min(Math.max(0, head.length - at), piece.length)
    piece.copy(head, at, 0, inHead)
    await writeAll(target, piece.subarray(inHead), at + inHead)
    done += piece.length
    unsynced += piece.length
    if (unsynced < SYNC_BYTES) return
    await target.datasync()
    unsynced = 0
    progress?.(done, all)
  }

  let at = 0
  let next = 0
  let hash = createHash('sha256')
  for await (const chunk of source) {
    if (signal?.aborted) throw new FlashFault('Interrupted.')
    if (at + chunk.length > bmap.imageBytes)
      throw new FlashFault(`The image decompresses to more than the ${bmap.imageBytes} bytes in its block map.`)
    const chunkEnd = at + chunk.length
    for (let offset = 0; at < chunkEnd; ) {
      const range = bmap.ranges[next]
      const { start, end } = range === undefined ? { start: chunkEnd, end: chunkEnd } : spanOf(bmap, range)
      const length = Math.min((at < start ? start : end) - at, chunkEnd - at)
      if (at >= start) {
        const piece = chunk.subarray(offset, offset + length)
        hash.update(piece)
        await put(piece, at)
      }
      at += length
      offset += length
      if (range === undefined || at !== end) continue
      if (hash.digest('hex') !== range.sha256)
        throw new FlashFault(`The image is damaged: blocks ${range.first} to ${range.last} differ from its block map.`)
      hash = createHash('sha256')
      next++
    }
  }
  if (at !== bmap.imageBytes) throw new FlashFault(`The image ends after ${at} of ${bmap.imageBytes} bytes.`)
  await target.sync()
  await writeAll(target, head, 0)
  await target.sync()
  progress?.(all, all)
}

/** Takes the partition table away again from a disk that did not give back what was written. */
export async function withdraw(target: FileHandle, { imageBytes }: Bmap): Promise<void> {
  // On a disk that is broken or gone this fails as well; the first error is the one to report.
  await writeAll(target, Buffer.alloc(Math.min(EDGE_BYTES, imageBytes)), 0)
    .then(() => target.sync())
    .catch(() => undefined)
}

async function writeAll(target: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new FlashFault('The disk accepts no more data.')
    done += bytesWritten
  }
}
