import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { Failure } from '../../errors.ts'
import { decompressed, openCapture, TruncatedInput } from './pcap-input.ts'

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251))
const packers = { gzip: gzipSync, zstd: zstdCompressSync }

/** All that comes out, or what came out before it failed. */
async function read(input: Readable): Promise<{ bytes: Buffer; error: unknown }> {
  const chunks: Uint8Array[] = []
  let error: unknown
  try {
    for await (const chunk of decompressed(input, 'it')) chunks.push(chunk)
  } catch (caught) {
    error = caught
  }
  return { bytes: Buffer.concat(chunks), error }
}
const inPieces = (bytes: Buffer, size: number) =>
  Readable.from(Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)))

t.test('reads gzip, zstd and uncompressed input, in pieces of any size', async t => {
  for (const [name, pack] of [...Object.entries(packers), ['nothing', (bytes: Buffer) => bytes] as const])
    for (const size of [1, 3, 5000, 1 << 20]) {
      const { bytes, error } = await read(inPieces(pack(content.subarray(0, size < 10 ? 3000 : content.length)), size))
      t.match({ same: bytes.equals(content.subarray(0, bytes.length)), error }, { same: true, error: undefined }, `${name} by ${size}`)
      t.equal(bytes.length, size < 10 ? 3000 : content.length)
    }
  for (const length of [0, 1, 3]) t.equal((await read(inPieces(content.subarray(0, length), 1))).bytes.length, length)
})

t.test('reads compressed parts one after another, as when rotated files are joined', async t => {
  for (const [name, pack] of Object.entries(packers)) {
    const { bytes, error } = await read(inPieces(Buffer.concat([pack(content), pack(content)]), 1000))
    t.match({ length: bytes.length, error }, { length: 2 * content.length, error: undefined }, name)
  }
})

t.test('reports truncated compressed data, after all that can be read of it', async t => {
  for (const [name, pack] of Object.entries(packers)) {
    const packed = pack(Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24)))
    const { bytes, error } = await read(inPieces(packed.subarray(0, Math.floor(packed.length / 2)), 4096))
    t.ok(error instanceof TruncatedInput, `${name}: ${error}`)
    t.ok(bytes.length > 200_000, `${name} gave ${bytes.length} bytes`)
  }
})

t.test('distinguishes damaged from unreadable, and names the tool for other compressions', async t => {
  const damaged = Buffer.from(gzipSync(content))
  damaged.fill(0xff, 200, 300)
  const failures: [Readable, string, RegExp][] = [
    [inPieces(damaged, 1000), 'capture-damaged', /cannot decompress any more of it/],
    [openCapture(join(tmpdir(), 'there-is-no-such-capture')), 'capture-unreadable', /cannot read it: ENOENT/],
    [openCapture(tmpdir()), 'capture-unreadable', /cannot read it: EISDIR/],
    [inPieces(Buffer.from('BZh91AY&SY'), 100), 'capture-unreadable', /bzip2 -dc FILE \| cyberalarm replay -/],
    [inPieces(Buffer.from('\u00fd7zXZ\0', 'latin1'), 100), 'capture-unreadable', /xz -dc FILE/],
  ]
  for (const [input, code, says] of failures) {
    const { error } = await read(input)
    t.match(error, { code, message: says })
    t.ok(error instanceof Failure)
  }
})

t.test('closes the file when reading stops', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ca-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const pack of [(bytes: Buffer) => bytes, gzipSync]) {
    const path = join(folder, 'capture')
    writeFileSync(path, pack(Buffer.concat(new Array<Buffer>(20).fill(content))))
    const input = openCapture(path)
    for await (const chunk of decompressed(input, path)) {
      t.ok(chunk.length > 0)
      break
    }
    if (!input.closed) await new Promise(resolve => input.once('close', resolve))
    t.ok(input.destroyed)
  }
})
