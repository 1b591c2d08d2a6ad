// Reads a raw image and makes its block map: once for what is zero, once for the sums of what has to be written. What is a hole
// in the file plays no part, so a copy of the image gives the same map.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { BLOCK_BYTES, type Bmap, type BmapRange } from './bmap.ts'
import { GPT_HEAD_BYTES, readPartitions } from './bmap-gpt.ts'
import { chooseBlocks } from './bmap-map.ts'
import { readAt } from './read-at.ts'

const CHUNK_BYTES = 4 << 20
const zeroes = Buffer.alloc(CHUNK_BYTES)
const shorter = () => new Error('the image became shorter while it was read')

export interface ScanOptions {
  /** See bmap-map.ts; none by default. */
  readonly sealed?: readonly string[]
  readonly progress?: (doneBytes: number, allBytes: number) => void
}

export async function makeBmap(rawPath: string, { sealed = [], progress }: ScanOptions = {}): Promise<Bmap> {
  await using raw = await open(rawPath, 'r')
  const imageBytes = (await raw.stat()).size
  if (imageBytes === 0 || imageBytes % BLOCK_BYTES !== 0) throw new Error(`${rawPath} is ${imageBytes} bytes, not a whole number of blocks`)
  const filled = new Uint8Array(imageBytes / BLOCK_BYTES)
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let at = 0; at < imageBytes; at += CHUNK_BYTES) {
    const bytes = await readAt(raw, chunk, at, Math.min(CHUNK_BYTES, imageBytes - at), shorter)
    if (!bytes.equals(zeroes.subarray(0, bytes.length))) markFilled(filled, bytes, at / BLOCK_BYTES)
    progress?.(at / 2, imageBytes)
  }
  const head = Buffer.from(await readAt(raw, chunk, 0, Math.min(GPT_HEAD_BYTES, imageBytes), shorter))
  const ranges: BmapRange[] = []
  const partitions = readPartitions(head, imageBytes)
  for (const run of chooseBlocks({ imageBytes, blockBytes: BLOCK_BYTES, filled, partitions, sealed })) {
    const hash = createHash('sha256')
    const end = (run.last + 1) * BLOCK_BYTES
    for (let at = run.first * BLOCK_BYTES; at < end; at += CHUNK_BYTES)
      hash.update(await readAt(raw, chunk, at, Math.min(CHUNK_BYTES, end - at), shorter))
    ranges.push({ ...run, sha256: hash.digest('hex') })
    progress?.((imageBytes + end) / 2, imageBytes)
  }
  return { imageBytes, blockBytes: BLOCK_BYTES, ranges }
}

function markFilled(filled: Uint8Array, bytes: Buffer, firstBlock: number): void {
  for (let i = 0; i * BLOCK_BYTES < bytes.length; i++) {
    if (bytes.compare(zeroes, 0, BLOCK_BYTES, i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES) !== 0) filled[firstBlock + i] = 1
  }
}
