// Decides which blocks of an image have to be written. Pure.
//
// A block map made the usual way, from the holes of a sparse file, leaves out zeroes that matter: free entries of a FAT, blocks
// that dm-verity has hashed, unused inode tables. On a device that was used before, old bytes then stand in their place, and
// the box does not start (bmaptool's issues on FAT and on verity tell of it). So here only what nobody ever reads is left out:
//  - a partition that holds anything is written whole; a sealed one, which is only read and whose hash tree lies behind its
//    filesystem, up to the last block that is not zero;
//  - of a partition that is all zero (the second root), the first and last MiB are: there the signatures lie by which the kernel,
//    blkid or systemd would take what an earlier owner left for a filesystem (libblkid looks at no other places but btrfs' copies);
//  - the first and last MiB of the image are: both partition tables with their free entries, which their checksums cover;
//  - outside of partitions, what is not zero. Without a sound GPT everything is written.
import type { Partition } from './bmap-gpt.ts'

export const EDGE_BYTES = 1 << 20
/** Longer runs are cut, so that a bad spot can be named and progress is seen. */
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
  const wanted = Uint8Array.from(filled)
  const want = (start: number, end: number): void => {
    wanted.fill(1, Math.floor(Math.max(0, start) / blockBytes), Math.ceil(Math.min(end, imageBytes) / blockBytes))
  }
  if (partitions === undefined) want(0, imageBytes)
  want(0, EDGE_BYTES)
  want(imageBytes - EDGE_BYTES, imageBytes)
  for (const { name, start, end } of partitions ?? []) {
    // Blocks that lie wholly inside: the last partition commonly shares its last block with the backup of the partition table.
    const first = Math.ceil(start / blockBytes)
    const lastFilled = filled.subarray(first, Math.floor(end / blockBytes)).lastIndexOf(1)
    if (lastFilled >= 0) want(start, sealed.includes(name) ? (first + lastFilled + 1) * blockBytes : end)
    want(start, Math.min(start + EDGE_BYTES, end))
    want(Math.max(start, end - EDGE_BYTES), end)
  }
  return runsOf(wanted, MAX_RANGE_BYTES / blockBytes)
}

function runsOf(wanted: Uint8Array, longest: number): readonly BlockRun[] {
  const runs: BlockRun[] = []
  for (let first = wanted.indexOf(1); first >= 0; ) {
    const end = wanted.indexOf(0, first)
    const last = Math.min((end < 0 ? wanted.length : end) - 1, first + longest - 1)
    runs.push({ first, last })
    first = wanted.indexOf(1, last + 1)
  }
  return runs
}
