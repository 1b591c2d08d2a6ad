// The bytes of a capture file or of standard input, decompressed if their first bytes are those of gzip or zstd. Reads no
// faster than bytes are used, so a file may be larger than memory.
import { createReadStream } from 'node:fs'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Failure } from '../../errors.ts'
import { isErrorWithCode } from '../../lib/durable-file.ts'

const CHUNK_BYTES = 1 << 18
const MAGIC_BYTES = 4

/** RFC 1952, RFC 8878. */
const decompressors: readonly { readonly magic: readonly number[]; open(): Transform }[] = [
  { magic: [0x1f, 0x8b], open: () => createGunzip({ chunkSize: CHUNK_BYTES }) },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], open: () => createZstdDecompress({ chunkSize: CHUNK_BYTES }) },
]

/** Other formats in use, and the command that decompresses them. */
const unsupported: readonly { readonly magic: readonly number[]; readonly command: string }[] = [
  { magic: [0x42, 0x5a, 0x68], command: 'bzip2 -dc' },
  { magic: [0xfd, 0x37, 0x7a, 0x58], command: 'xz -dc' },
  { magic: [0x04, 0x22, 0x4d, 0x18], command: 'lz4 -dc' },
]

/** A file as a stream; throws nothing, errors come with the stream. */
export const openCapture = (path: string): Readable => createReadStream(path, { highWaterMark: CHUNK_BYTES })

/** The compressed data is cut off: the bytes given before are good. */
export class TruncatedInput extends Error {}

/** Closes the input at the end, also if not all of it is read. Throws TruncatedInput, and Failure 'capture-damaged' or 'capture-unreadable'. */
export async function* decompressed(input: Readable, name: string): AsyncGenerator<Uint8Array> {
  const chunks = named(input, name)
  try {
    const { head, isAll } = await headOf(chunks)
    const whole = isAll ? one(head) : rejoined(head, chunks)
    const other = unsupported.find(({ magic }) => begins(head, magic))
    if (other !== undefined) throw new Failure('capture-unreadable', `decompress it first: ${other.command} FILE | cyberalarm replay -`)
    const decompressor = decompressors.find(({ magic }) => begins(head, magic))
    if (decompressor === undefined) yield* whole
    // what goes wrong in any part is thrown where the last one is read
    else for await (const chunk of pipeline(whole, decompressor.open(), () => undefined)) yield chunk
  } catch (error) {
    if (isErrorWithCode(error, 'Z_BUF_ERROR')) throw new TruncatedInput('', { cause: error })
    if (error instanceof Error && 'code' in error && /^(Z|ZSTD)_/.test(String(error.code)))
      throw new Failure('capture-damaged', `cannot decompress any more of ${name}: ${error.message}`, error)
    throw error
  } finally {
    input.destroy()
  }
}

const begins = (bytes: Uint8Array, magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte)

async function* named(input: Readable, name: string): AsyncGenerator<Buffer> {
  try {
    yield* input
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error
    throw new Failure('capture-unreadable', `cannot read ${name}: ${error.message}`, error)
  }
}

/** Enough to see what it is: a pipe may give a byte at a time. */
async function headOf(chunks: AsyncGenerator<Buffer>): Promise<{ head: Buffer; isAll: boolean }> {
  let head: Buffer = Buffer.alloc(0)
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await chunks.next()
    if (done === true) return { head, isAll: true }
    head = Buffer.concat([head, value])
  }
  return { head, isAll: false }
}

async function* one(head: Buffer): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
}

async function* rejoined(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield head
  yield* rest
}
