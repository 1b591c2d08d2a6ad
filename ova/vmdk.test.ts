// The disk as ESXi takes it: qemu-img, which knows nothing of us, reads back what went in.
import { execFile } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { Cursor } from './cursor.ts'
import { examineDisk } from './disk-check.ts'
import { DISK_MIB, MIB, makeRawDisk, memorySource } from './test-support.ts'
import { writeVmdk } from './vmdk.ts'
import { readHeader, SECTOR } from './vmdk-layout.ts'

const run = promisify(execFile)
const folder = t.testdir()
const raw = join(folder, 'disk.raw')
const vmdk = join(folder, 'disk.vmdk')
await makeRawDisk(raw)
const steps: number[] = []
const facts = await writeVmdk(raw, vmdk, { extentName: 'x-disk1.vmdk', progress: done => steps.push(done) })
const bytes = await readFile(vmdk)
const examine = (disk: Buffer) => examineDisk(new Cursor(memorySource(disk), 0, disk.length), 'disk')
const hasQemu = await run('qemu-img', ['--version']).then(
  () => true,
  () => false,
)

t.test('qemu-img reads back the same disk', { skip: hasQemu ? false : 'qemu-img is not installed (Debian: qemu-utils)' }, async t => {
  const back = join(folder, 'back.raw')
  await run('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', vmdk, back])
  t.ok((await readFile(back)).equals(await readFile(raw)), 'every byte')
  const { stdout } = await run('qemu-img', ['info', '--output=json', vmdk])
  const info = JSON.parse(stdout)
  t.equal(info['virtual-size'], DISK_MIB * MIB)
  t.equal(info['format-specific'].data['create-type'], 'streamOptimized')
  await t.resolves(run('qemu-img', ['check', '-f', 'vmdk', vmdk]), 'qemu-img check finds nothing')
})

t.test('stores what is not zero and nothing else', async t => {
  const report = await examine(bytes)
  t.strictSame(report.faults, [])
  t.equal(report.capacityBytes, DISK_MIB * MIB)
  t.equal(report.populatedBytes, facts.populatedBytes)
  // 4 of the first noise, 3 or 4 of text, 2 of the noise across a border, 1 at the end
  t.equal(facts.populatedBytes / 65536, 4 + 3 + 2 + 1)
  t.equal(facts.fileBytes, bytes.length)
  t.ok(bytes.length < 0.8 * MIB, `${bytes.length} bytes for a disk of ${DISK_MIB} MiB`)
  t.equal(steps.at(-1), DISK_MIB * MIB, 'progress ends at the whole')
})

t.test('gives the same bytes for the same disk, and another content ID for another', async t => {
  const again = join(folder, 'again.vmdk')
  await writeVmdk(raw, again, { extentName: 'x-disk1.vmdk' })
  t.ok((await readFile(again)).equals(bytes))
  const { contentId } = await writeVmdk(raw, again, { extentName: 'x-disk1.vmdk', level: 1 })
  t.equal(contentId, facts.contentId, 'the content ID is of the content, not of its packing')
  await using file = await open(raw, 'r+')
  await file.write(Buffer.from([1]), 0, 1, 50 * MIB)
  const changed = await writeVmdk(raw, again, { extentName: 'x-disk1.vmdk' })
  t.not(changed.contentId, facts.contentId)
  await file.write(Buffer.from([0]), 0, 1, 50 * MIB)
  await file.write(Buffer.from([1]), 0, 1, 51 * MIB)
  t.not((await writeVmdk(raw, again, { extentName: 'x-disk1.vmdk' })).contentId, changed.contentId, 'where a byte stands counts')
})

t.test('a disk without any data is a VMDK too', async t => {
  const empty = join(folder, 'empty.raw')
  await using file = await open(empty, 'w')
  await file.truncate(2 * MIB)
  const path = join(folder, 'empty.vmdk')
  const { populatedBytes } = await writeVmdk(empty, path, { extentName: 'x-disk1.vmdk' })
  t.equal(populatedBytes, 0)
  t.strictSame((await examine(await readFile(path))).faults, [])
})

t.test('refuses a disk that is not whole MiB', async t => {
  for (const length of [0, 512, MIB + 65536]) {
    const odd = join(folder, 'odd.raw')
    await using file = await open(odd, 'w')
    await file.truncate(length)
    await t.rejects(writeVmdk(odd, join(folder, 'odd.vmdk'), { extentName: 'x' }), /whole number of MiB/)
  }
})

t.test('notices every byte of structure that was changed', async t => {
  const footer = bytes.length - 2 * SECTOR
  const directory = Number(readHeader(bytes.subarray(footer, footer + SECTOR)).directorySector) * SECTOR
  const places: readonly (readonly [string, number])[] = [
    ['magic', 0],
    ['version', 4],
    ['flags', 8],
    ['capacity', 12],
    ['grain size', 20],
    ['newline check', 75],
    ['compression', 77],
    ['number of the first grain', 128 * SECTOR],
    ['length of the first grain', 128 * SECTOR + 8],
    ['data of the first grain', 128 * SECTOR + 400],
    ['directory', directory],
    ['directory, an empty table', directory + 4],
    ['a grain table', bytes.readUInt32LE(directory) * SECTOR],
    ['marker of the directory', directory - SECTOR + 12],
    ['footer', footer + 56],
    ['footer, capacity', footer + 12],
    ['end of stream', bytes.length - SECTOR + 12],
  ]
  for (const [what, place] of places) {
    const broken = Buffer.from(bytes)
    broken[place] ^= 0x01
    t.not((await examine(broken)).faults.length, 0, what)
  }
  for (const length of [0, 100, SECTOR, 128 * SECTOR, 130 * SECTOR, directory, bytes.length - SECTOR])
    t.not((await examine(bytes.subarray(0, length))).faults.length, 0, `ends at ${length}`)
  t.not((await examine(Buffer.concat([bytes, Buffer.alloc(SECTOR)]))).faults.length, 0, 'a sector too many')
})

t.test('refuses a grain that unpacks to more than a grain, without unpacking it', async t => {
  const { deflateSync } = await import('node:zlib')
  const { formatGrain } = await import('./vmdk-layout.ts')
  const bomb = formatGrain(0, deflateSync(Buffer.alloc(64 * MIB)))
  const report = await examine(Buffer.concat([bytes.subarray(0, 128 * SECTOR), bomb]))
  t.match(report.faults, [{ code: 'disk-stream', text: /does not unpack/ }])
})
