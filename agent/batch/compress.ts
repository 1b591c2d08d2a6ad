// Zstandard (RFC 8878) over the parts of a batch. A long part is flushed on its own, because zstd keeps one table of
// symbol frequencies a block: random source ports beside small counters would spoil each other's. The frame states how long
// its content is, so that a reader knows what it will be before it makes it.
import { constants, createZstdCompress, zstdDecompressSync } from 'node:zlib'
import { UNPACKED_MAX_BYTES } from './layout.ts'

const OWN_BLOCK_BYTES = 400
const LEVEL = 9

/** One zstd frame of all parts in order; the work is done off the main thread. */
export function compress(parts: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
      pledgedSrcSize: parts.reduce((sum, part) => sum + part.length, 0),
      flush: constants.ZSTD_e_flush,
    })
    const out: Buffer[] = []
    stream.on('data', (chunk: Buffer) => out.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => resolve(Buffer.concat(out)))
    const blocks = blocksOf(parts)
    // ended while the last block is still on its way, Node ends the frame with it and begins an empty one after it
    for (const block of blocks) stream.write(Buffer.concat(block), block === blocks[blocks.length - 1] ? () => stream.end() : undefined)
  })
}

/** What is flushed together; each is one job for the thread pool, and wakes the main thread once. */
function blocksOf(parts: readonly Uint8Array[]): Uint8Array[][] {
  const blocks: Uint8Array[][] = [[]]
  for (const part of parts) {
    if (part.length >= OWN_BLOCK_BYTES && blocks[blocks.length - 1].length > 0) blocks.push([])
    blocks[blocks.length - 1].push(part)
  }
  return blocks
}

/** The parts again, as one. Throws before anything is decompressed if they would be larger than a batch can be. */
export function decompress(data: Uint8Array): Buffer {
  const size = statedSize(data)
  if (size > UNPACKED_MAX_BYTES) throw new RangeError('the content is larger than a batch can be')
  const plain = zstdDecompressSync(data, { maxOutputLength: Math.max(size, 1) })
  if (plain.length !== size) throw new RangeError('the content has another length than its frame states')
  return plain
}

const MAGIC = 0xfd2fb528
/** Bits of the frame header descriptor that a batch has not: a dictionary, and what is reserved. */
const UNWANTED = 0b1011
const SINGLE_SEGMENT = 0b10_0000

/** The content size in a frame header (RFC 8878 section 3.1.1.1). Sizes of eight bytes are never those of a batch. */
function statedSize(data: Uint8Array): number {
  const header = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const descriptor = header.getUint8(4)
  if (header.getUint32(0, true) !== MAGIC || (descriptor & UNWANTED) !== 0) throw new RangeError('this is no zstd frame of a batch')
  const hasWindow = (descriptor & SINGLE_SEGMENT) === 0
  const at = hasWindow ? 6 : 5
  const flag = descriptor >> 6
  if (flag === 0 && !hasWindow) return header.getUint8(at)
  if (flag === 1) return header.getUint16(at, true) + 256
  if (flag === 2) return header.getUint32(at, true)
  throw new RangeError('the zstd frame does not state how long its content is')
}
