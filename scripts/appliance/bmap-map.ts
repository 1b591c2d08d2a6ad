// Decides which blocks of an image have to be written. Pure.
//
// A block map made the usual way, from the holes of a sparse file, leaves out zeroes that matter: free entries of a FAT, blocks
// that dm-verity has hashed, unused inode tables. On a device that was used before, old bytes then stand in their place, and
// the box does not start (bmaptool has issues on FAT and on verity). So here only blocks that are never read are left out:
//  - a partition that holds anything is written whole; a sealed one, which is only read and whose hash tree lies behind its
//    filesystem, up to the last block that is not zero;
//  - of a partition that is all zero (the second root), the first and last MiB are written: there the signatures lie by which the
//    kernel, blkid or systemd would take old data for a filesystem (libblkid looks at no other places but btrfs' copies);
//  - the first and last MiB of the image are written: both partition tables with their free entries, which their checksums cover;
//  - outside of partitions, what is not zero. Without a sound GPT everything is written.
import type { Partition } from './bmap-gpt.ts'

export const EDGE_BYTES = 1 << 20
/** Longer runs are split, so that a bad spot can be named and progress is seen. */
const MAX_RANGE_BYTES = 64 << 20

export interface BlockRun {
  readonly first: number
  readonly last: number
}

export interface ImageFacts {
  readonly imageBytes: number
  readonly blockBytes: number
  /** One byte a block, 1 where it holds anything but zeroes. */
  readonly filled: Uint8Array
  readonly partitions: readonly Partition[] | undefined
  /** Names of partitions under dm-verity with the hash tree behind the filesystem. */
  readonly sealed: readonly string[]
}

export function chooseBlocks({ imageBytes, blockBytes, filled, partitions, sealed }: ImageFacts): readonly BlockRun[] {
  const needed = Uint8Array.from(filled)
  const need = (start: number, end: number): void => {
    needed.fill(1, Math.floor(Math.max(0, start) / blockBytes), Math.ceil(Math.min(end, imageBytes) / blockBytes))
  }
  if (partitions === undefined) need(0, imageBytes)
  need(0, EDGE_BYTES)
  need(imageBytes - EDGE_BYTES, imageBytes)
  for (const { name, start, end } of partitions ?? []) {
    // Blocks that lie wholly inside: the last partition commonly shares its last block with the backup of the partition table.
    const first = Math.ceil(start / blockBytes)
    const lastFilled = filled.subarray(first, Math.floor(end / blockBytes)).lastIndexOf(1)
    if (lastFilled >= 0) need(start, sealed.includes(name) ? (first + lastFilled + 1) * blockBytes : end)
    need(start, Math.min(start + EDGE_BYTES, end))
    need(Math.max(start, end - EDGE_BYTES), end)
  }
  return runsOf(needed, MAX_RANGE_BYTES / blockBytes)
}

function runsOf(needed: Uint8Array, longest: number): readonly BlockRun[] {
  const runs: BlockRun[] = []
  for (let first = needed.indexOf(1); first >= 0; ) {
    const end = needed.indexOf(0, first)
    const last = Math.min((end < 0 ? needed.length : end) - 1, first + longest - 1)
    runs.push({ first, last })
    first = needed.indexOf(1, last + 1)
  }
  return runs
}
