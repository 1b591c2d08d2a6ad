// The bytes of a capture file or of standard input, unpacked if they are packed with gzip or zstd, which their first bytes
// tell. Reads as fast as bytes are taken and no faster, so a file may be larger than the memory.
import { createReadStream } from 'node:fs'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Failure } from '../../errors.ts'
import { isErrorWithCode } from '../../lib/durable-file.ts'

const CHUNK_BYTES = 1 << 18
const MAGIC_BYTES = 4

/** RFC 1952, RFC 8878. */
const unpackers: readonly { readonly magic: readonly number[]; open(): Transform }[] = [
  { magic: [0x1f, 0x8b], open: () => createGunzip({ chunkSize: CHUNK_BYTES }) },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], open: () => createZstdDecompress({ chunkSize: CHUNK_BYTES }) },
]

/** Others that people use, and what unpacks them. */
const foreignPackers: readonly { readonly magic: readonly number[]; readonly command: string }[] = [
  { magic: [0x42, 0x5a, 0x68], command: 'bzip2 -dc' },
  { magic: [0xfd, 0x37, 0x7a, 0x58], command: 'xz -dc' },
  { magic: [0x04, 0x22, 0x4d, 0x18], command: 'lz4 -dc' },
]

/** A file as a stream; throws nothing, the stream says what is wrong. */
export const openCapture = (path: string): Readable => createReadStream(path, { highWaterMark: CHUNK_BYTES })

/** What was packed ends before its end is reached: the bytes given before are whole. */
export class EndsEarly extends Error {}

/** Closes the input in the end, also if nobody wants all of it. Throws EndsEarly, and Failure 'capture-damaged' or 'capture-unreadable'. */
export async function* unpacked(input: Readable, name: string): AsyncGenerator<Uint8Array> {
  const chunks = named(input, name)
  try {
    const { head, isAll } = await headOf(chunks)
    const whole = isAll ? one(head) : rejoined(head, chunks)
    const foreign = foreignPackers.find(({ magic }) => begins(head, magic))
    if (foreign !== undefined)
      throw new Failure('capture-unreadable', `unpack it on the way: ${foreign.command} FILE | cyberalarm replay -`)
    const unpacker = unpackers.find(({ magic }) => begins(head, magic))
    if (unpacker === undefined) yield* whole
    // what goes wrong in any part is thrown where the last one is read
    else for await (const chunk of pipeline(whole, unpacker.open(), () => undefined)) yield chunk
  } catch (error) {
    if (isErrorWithCode(error, 'Z_BUF_ERROR')) throw new EndsEarly('', { cause: error })
    if (error instanceof Error && 'code' in error && /^(Z|ZSTD)_/.test(String(error.code)))
      throw new Failure('capture-damaged', `what ${name} was packed with cannot be undone any further: ${error.message}`, error)
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
