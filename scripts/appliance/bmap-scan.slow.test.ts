// Which blocks of a real file are listed, and what bmaptool makes of the map.
import { execFile } from 'node:child_process'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { type Bmap, blocksOf, formatBmap, parseBmap } from './bmap.ts'
import { readPartitions } from './bmap-gpt.ts'
import { makeBmap } from './bmap-scan.ts'
import { DISK_BYTES, isZero, layout, MIB, makeDisk, noise } from './flash-test-support.ts'

const run = promisify(execFile)
const folder = t.testdir()
const rawPath = join(folder, 'disk.raw')
await makeDisk(rawPath)
const raw = await readFile(rawPath)
const bmap = await makeBmap(rawPath)
const hasBmaptool = await run('bmaptool', ['--version']).then(
  () => true,
  () => false,
)
const skip = hasBmaptool ? false : 'bmaptool is not installed (package bmap-tools)'

/** What a disk of noise holds after only the listed blocks were written. */
function written(map: Bmap): Buffer {
  const disk = noise(DISK_BYTES, 'what an earlier owner left')
  for (const { first, last } of map.ranges) raw.copy(disk, first * 4096, first * 4096, (last + 1) * 4096)
  return disk
}
const part = (disk: Buffer, from: number, to: number): Buffer => disk.subarray(from * MIB, to * MIB)

t.test('a partition in use is written whole: free entries of a FAT and hashed zeroes are zero afterwards', async t => {
  for (const { name, from, to } of layout.slice(0, 2)) t.ok(part(written(bmap), from, to).equals(part(raw, from, to)), name)
})

t.test('of an empty partition both ends are, so that no old filesystem is found in it', async t => {
  const disk = written(bmap)
  t.ok(isZero(part(disk, 13, 14)))
  t.ok(isZero(part(disk, 20, 21)))
  t.notOk(isZero(part(disk, 14, 20)), 'its middle is left out')
  t.ok(isZero(part(disk, 21, 22)))
  t.notOk(isZero(part(disk, 22, 22.5)), 'also where its last block has the backup of the partition table in it')
})

t.test('a sealed partition is written up to its last block, and its end is emptied', async t => {
  const disk = written(await makeBmap(rawPath, { sealed: ['root-a'] }))
  t.ok(part(disk, 5, 7).equals(part(raw, 5, 7)))
  t.notOk(isZero(part(disk, 7, 12)))
  t.ok(isZero(part(disk, 12, 13)))
})

t.test('both ends of the disk are written, with the free entries of the partition tables', async t => {
  const disk = written(bmap)
  t.ok(part(disk, 0, 1).equals(part(raw, 0, 1)))
  t.ok(part(disk, 23, 24).equals(part(raw, 23, 24)))
})

t.test('without a sound partition table everything is', async t => {
  for (const [name, at, bytes] of [
    ['no signature', 512, Buffer.from('EFI QART')],
    ['a partition beyond the end', 1024 + 40, Buffer.from([0, 0, 0, 1])],
    ['a partition over the table', 1024 + 32, Buffer.from([1, 0])],
    ['entries of another size', 512 + 84, Buffer.from([0, 1])],
  ] as const) {
    const path = join(folder, 'odd.raw')
    const odd = Buffer.from(raw)
    bytes.copy(odd, at)
    await writeFile(path, odd)
    t.equal(readPartitions(odd.subarray(0, 34 * 512), DISK_BYTES), undefined, name)
    const blocks = (await makeBmap(path)).ranges.reduce((sum, range) => sum + blocksOf(range), 0)
    t.equal(blocks * 4096, DISK_BYTES, name)
  }
})

t.test('holes in the file play no part: a copy without holes gives the same map', async t => {
  const copy = join(folder, 'copy.raw')
  await writeFile(copy, raw)
  t.equal(formatBmap(await makeBmap(copy)), formatBmap(bmap))
})

t.test('long runs are cut, so that a bad spot can be named', async t => {
  const path = join(folder, 'long.raw')
  await using file = await open(path, 'w')
  await file.truncate(130 * MIB)
  t.strictSame(
    (await makeBmap(path)).ranges.map(range => [range.first, range.last]),
    [
      [0, 16383],
      [16384, 32767],
      [32768, 33279],
    ],
  )
})

t.test('refuses what is no whole number of blocks', async t => {
  const path = join(folder, 'short.raw')
  for (const bytes of [0, 4095, 8193]) {
    await writeFile(path, Buffer.alloc(bytes))
    await t.rejects(makeBmap(path), /not a whole number of blocks/)
  }
})

t.test('bmaptool copies by it, and finds a changed image by it', { skip }, async t => {
  const image = join(folder, 'cyberalarm-0.1.0-x.img.zst')
  const target = join(folder, 'target')
  await writeFile(image, zstdCompressSync(raw))
  await writeFile(join(folder, 'cyberalarm-0.1.0-x.bmap'), formatBmap(bmap))
  await run('bmaptool', ['copy', image, target])
  t.ok((await readFile(target)).equals(raw), 'the map beside the image is found by its name')
  const tampered = Buffer.from(raw)
  tampered[5 * MIB] ^= 1
  await writeFile(join(folder, 'bad.raw'), tampered)
  await t.rejects(run('bmaptool', ['copy', '--bmap', join(folder, 'cyberalarm-0.1.0-x.bmap'), join(folder, 'bad.raw'), target]), /checksum/)
})

t.test('we read what bmaptool writes', { skip }, async t => {
  const { stdout } = await run('bmaptool', ['create', rawPath])
  const theirs = parseBmap(stdout)
  t.equal(theirs.imageBytes, DISK_BYTES)
  t.ok(theirs.ranges.length > 0)
})
