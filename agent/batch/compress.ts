// Zstandard (RFC 8878) over the parts of a batch. A long part is flushed on its own, because zstd keeps one table of
// symbol frequencies a block: random source ports beside small counters would spoil each other's.
import { constants, createZstdCompress, zstdDecompressSync } from 'node:zlib'
import { UNPACKED_MAX_BYTES } from './layout.ts'

const OWN_BLOCK_BYTES = 400
const LEVEL = 9

/** One zstd frame of all parts in order; the work is done off the main thread. */
export function compress(parts: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_contentSizeFlag]: 0 },
    })
    const out: Buffer[] = []
    stream.on('data', (chunk: Buffer) => out.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => resolve(Buffer.concat(out)))
    let pending = 0
    for (const part of parts) {
      if (part.length >= OWN_BLOCK_BYTES && pending > 0) stream.flush(constants.ZSTD_e_flush)
      stream.write(part)
      pending = part.length >= OWN_BLOCK_BYTES ? OWN_BLOCK_BYTES : pending + part.length
    }
    // ended while the last part is still on its way, Node ends the frame with it and begins an empty one after it
    stream.flush(constants.ZSTD_e_flush, () => stream.end())
  })
}

/** The parts again, as one. Throws if they would be larger than a batch can be. */
export function decompress(data: Uint8Array): Buffer {
  return zstdDecompressSync(data, { maxOutputLength: UNPACKED_MAX_BYTES })
}
