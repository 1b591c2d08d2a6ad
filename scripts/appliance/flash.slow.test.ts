// Flashing into plain files, and the program as a whole.
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type FlashRequest, flash } from './flash.ts'
import { FlashFault } from './flash-fault.ts'
import { newestImage } from './flash-image.ts'
import { type Build, DISK_BYTES, isZero, MIB, makeBuild, NAME, noise, personWho, requestFor, signBuild } from './flash-test-support.ts'
import { SIGNATURE, SUMS } from './sums.ts'

// every path of these tests has a space and a line feed in it
const folder = join(t.testdir({ 'odd\nname of it': {} }), 'odd\nname of it')
const keys = join(folder, 'keys')
const build = await makeBuild(join(folder, 'builds', 'one'), keys)
const raw = await readFile(build.rawPath)
const never = new AbortController().signal
const TARGET_BYTES = DISK_BYTES + 5 * MIB
const old = noise(TARGET_BYTES, 'what lay there before')
let made = 0

async function makeTarget(bytes = TARGET_BYTES): Promise<string> {
  const path = join(folder, `target ${made++}`)
  await writeFile(path, old.subarray(0, bytes))
  return path
}

/** A copy of the build, to be spoiled. */
async function spoil(change: (copy: Build) => Promise<void>): Promise<Build> {
  const copy = join(folder, `spoilt ${made++}`)
  await cp(build.folder, copy, { recursive: true })
  const at = (name: string): string => join(copy, name)
  const spoilt = { ...build, folder: copy, imagePath: at(`${NAME}.img.zst`), bmapPath: at(`${NAME}.bmap`), signers: at('allowed_signers') }
  await change(spoilt)
  return spoilt
}

/** Refused before anything was written. */
async function refuses(t: Test, due: RegExp, from: Build, more: Partial<FlashRequest> = {}, typed?: string): Promise<void> {
  const target = await makeTarget()
  const person = personWho(typed ?? target)
  await t.rejects(flash(requestFor(from, target, more), person, never), { constructor: FlashFault, message: due })
  t.ok((await readFile(target)).equals(old), 'nothing was written')
}

t.test('a file that was flashed holds the image', async t => {
  const target = await makeTarget()
  const person = personWho(target)
  await flash(requestFor(build, target), person, never)
  const now = await readFile(target)
  t.ok(now.subarray(0, 13 * MIB).equals(raw.subarray(0, 13 * MIB)), 'all partitions in use')
  t.ok(isZero(now.subarray(13 * MIB, 14 * MIB)), 'the empty one begins empty')
  t.ok(now.subarray(23 * MIB, 24 * MIB).equals(raw.subarray(23 * MIB)), 'the backup of the partition table')
  t.ok(now.subarray(24 * MIB, 28 * MIB).equals(old.subarray(24 * MIB, 28 * MIB)), 'what nobody reads is left')
  t.ok(isZero(now.subarray(28 * MIB)), 'where an old backup of a partition table would be is empty')
  t.equal(now.length, TARGET_BYTES)
  t.match(person.lines.join('\n'), /24\.0 MiB.*signed by the key SHA256:[\s\S]*every block was read back and compared/)
  t.equal(person.questions.length, 1)
})

t.test('one of exactly the size of the image too', async t => {
  const target = await makeTarget(DISK_BYTES)
  await flash(requestFor(build, target, { yes: target }), personWho(undefined), never)
  t.ok((await readFile(target)).subarray(23 * MIB).equals(raw.subarray(23 * MIB)))
})

t.test('asks for the name of the device, and takes nothing else for a yes', async t => {
  for (const typed of ['', 'y', 'yes', '/dev/sdb']) await refuses(t, /Not confirmed/, build, {}, typed)
  const person = personWho(undefined)
  const target = await makeTarget()
  await t.rejects(flash(requestFor(build, target), person, never), /Not confirmed/)
  await refuses(t, /YES \(--yes\) is \/dev\/sdb, but the device is/, build, { yes: '/dev/sdb' })
})

t.test('a link is followed, and what it leads to has to be typed', async t => {
  const target = await makeTarget()
  const link = join(folder, 'by-id')
  await symlink(target, link)
  await t.rejects(flash(requestFor(build, link), personWho(link), never), /Not confirmed/)
  t.ok((await readFile(target)).equals(old))
  const person = personWho(target)
  await flash(requestFor(build, link), person, never)
  t.ok((await readFile(target)).subarray(0, MIB).equals(raw.subarray(0, MIB)))
})

t.test('refuses a file that is too small, and what is none', async t => {
  const small = await makeTarget(DISK_BYTES - 1)
  await t.rejects(flash(requestFor(build, small), personWho(small), never), /needs 24\.0 MiB/)
  for (const [path, due] of [
    [join(folder, 'nowhere'), /does not exist/],
    [folder, /is not a regular file/],
    ['/dev/null', /is not a regular file/],
  ] as const)
    await t.rejects(flash(requestFor(build, path), personWho(path), never), due)
  await t.rejects(flash(requestFor(build, '/dev/null', { isFile: false }), personWho('/dev/null'), never), /is not a disk/)
  const file = await makeTarget()
  await t.rejects(flash(requestFor(build, file, { isFile: false }), personWho(file), never), /is not a disk/)
})

t.test('refuses a build whose parts were changed or are missing', async t => {
  const flip = (at: number) => async (path: string) => {
    const bytes = await readFile(path)
    bytes[at] ^= 1
    await writeFile(path, bytes)
  }
  await refuses(t, /img\.zst is not the file that was signed/, await spoil(copy => flip(5000)(copy.imagePath)))
  await refuses(t, /bmap is not the file that was signed/, await spoil(copy => flip(500)(copy.bmapPath)))
  await refuses(t, /signature of SHA256SUMS does not match/, await spoil(copy => flip(3)(join(copy.folder, SUMS))))
  await refuses(t, /signature of SHA256SUMS does not match/, await spoil(copy => flip(150)(join(copy.folder, SIGNATURE))))
  for (const name of [SUMS, SIGNATURE, 'allowed_signers', `${NAME}.bmap`])
    await refuses(t, /is missing|not good|No such file/, await spoil(copy => rm(join(copy.folder, name))))
  await refuses(
    t,
    /does not name other\.img\.zst|bmap is missing/,
    await spoil(copy => rename(copy.imagePath, join(copy.folder, 'other.img.zst'))),
    {
      image: join(folder, `spoilt ${made - 1}`, 'other.img.zst'),
    },
  )
})

t.test('refuses a build that somebody else signed', async t => {
  const foreign = await spoil(async copy => {
    const { signers } = copy
    await signBuild({ ...copy, signers: join(copy.folder, 'theirs') }, join(folder, 'their keys'))
    t.notSame(await readFile(signers), await readFile(join(copy.folder, 'theirs')))
  })
  await refuses(t, /does not match any key in/, foreign)
})

t.test('a key that lies beside an image from elsewhere proves nothing', async t => {
  const trust = { builds: join(folder, 'builds', 'two'), signers: undefined }
  await refuses(t, /was not built by this checkout. Give the keys you trust/, build, { trust })
  await mkdir(trust.builds)
  await refuses(t, /was not built by this checkout/, build, { trust })
  await refuses(t, /does not exist/, build, { trust: { ...trust, signers: join(folder, 'none') } })
  const target = await makeTarget()
  await flash(requestFor(build, target, { trust: { ...trust, signers: build.signers } }), personWho(target), never)
  t.ok((await readFile(target)).subarray(0, MIB).equals(raw.subarray(0, MIB)), 'with a key that was named it goes')
})

/** What went wrong after writing began: the target is neither old nor new, and shows no partition table. */
async function breaksOff(t: Test, due: RegExp, from: Build): Promise<void> {
  const target = await makeTarget()
  const output = await flash(requestFor(from, target), personWho(target), never).then(
    () => '',
    (error: unknown) => (error instanceof FlashFault ? error.message : String(error)),
  )
  t.match(output, due)
  t.match(output, /is INCOMPLETE/)
  const now = await readFile(target)
  t.ok(isZero(now.subarray(0, MIB)), 'it has no partition table')
  t.equal(now.length, TARGET_BYTES, 'nothing was written behind its end')
}

t.test('an image that unpacks to more than its block map says is stopped there', async t => {
  const bomb = await spoil(async copy => {
    const packed = await readFile(copy.imagePath)
    await writeFile(copy.imagePath, Buffer.concat([packed, zstdCompressSync(Buffer.alloc(512 * MIB))]))
    await signBuild(copy, keys)
  })
  await breaksOff(t, /decompresses to more than the 25165824 bytes/, bomb)
})

t.test('so is one that ends early, is cut off, is another, or is no zstd', async t => {
  const packed = async (bytes: Buffer): Promise<Build> =>
    spoil(async copy => {
      await writeFile(copy.imagePath, bytes)
      await signBuild(copy, keys)
    })
  const changed = Buffer.from(raw)
  changed[5 * MIB + 7] ^= 1
  await breaksOff(t, /ends after 23068672 of 25165824 bytes/, await packed(zstdCompressSync(raw.subarray(0, 22 * MIB))))
  await breaksOff(t, /unexpected end of file/, await packed((await readFile(build.imagePath)).subarray(0, -3)))
  await breaksOff(t, /image is damaged: blocks 0 to 3583/, await packed(zstdCompressSync(changed)))
  await breaksOff(t, /nknown frame descriptor/, await packed(raw.subarray(0, 100_000)))
})

t.test('refuses a signed block map with a range beyond the end', async t => {
  const crooked = await spoil(async copy => {
    const text = await readFile(copy.bmapPath, 'utf8')
    await writeFile(copy.bmapPath, text.replace(/-6143 </, '-6144 <'))
    await signBuild(copy, keys)
  })
  await refuses(t, /beyond the image|its own checksum differs/, crooked)
})

t.test('interrupted by hand while writing, the disk is reported as incomplete', async t => {
  const target = await makeTarget()
  const stop = new AbortController()
  const progress = (verb: string) => () => void (verb.startsWith('writing') && stop.abort())
  await t.rejects(flash(requestFor(build, target), { ...personWho(target), progress }, stop.signal), /Interrupted\.\n.*INCOMPLETE/s)
  t.ok(isZero((await readFile(target)).subarray(0, MIB)))
})

t.test('broken off before, nothing is written', async t => {
  const target = await makeTarget()
  await t.rejects(flash(requestFor(build, target), personWho(target), AbortSignal.abort()), /Interrupted\. Nothing was written/)
  t.ok((await readFile(target)).equals(old))
})

t.test('a disk that gives back other bytes is reported as worn out, and loses its partition table again', async t => {
  const target = await makeTarget()
  const person = personWho(target)
  let isSpoilt = false
  const spoil = async (): Promise<void> => {
    await using file = await open(target, 'r+')
    await file.write(Buffer.from('!'), 0, 1, 20 * MIB)
  }
  // the first word of reading back comes after all was written, and before the second range is read
  const progress = (verb: string) => () => {
    if (verb.startsWith('reading') && !isSpoilt) void spoil()
    if (verb.startsWith('reading')) isSpoilt = true
  }
  await t.rejects(flash(requestFor(build, target), { ...person, progress }, never), /does not give back what was written.*INCOMPLETE/s)
  t.ok(isZero((await readFile(target)).subarray(0, MIB)))
})

t.test('broken off while reading back, too', async t => {
  const target = await makeTarget()
  const stop = new AbortController()
  const progress = (verb: string) => () => void (verb.startsWith('reading') && stop.abort())
  await t.rejects(
    flash(requestFor(build, target), { ...personWho(target), progress }, stop.signal),
    /Interrupted while reading back.*INCOMPLETE/s,
  )
  t.ok(isZero((await readFile(target)).subarray(0, MIB)))
})

t.test('takes the newest image of this checkout where none is named', async t => {
  const builds = join(folder, 'checkout')
  await mkdir(join(builds, 'a'), { recursive: true })
  t.equal(newestImage(builds), undefined)
  t.equal(newestImage(join(folder, 'nowhere')), undefined)
  await cp(build.folder, join(builds, 'a'), { recursive: true })
  await new Promise(done => setTimeout(done, 20))
  await cp(build.folder, join(builds, 'b'), { recursive: true })
  t.equal(newestImage(builds), join(builds, 'b', `${NAME}.img.zst`))
  await t.rejects(
    flash(
      requestFor(build, '/x', { image: undefined, trust: { builds: join(folder, 'nowhere'), signers: undefined } }),
      personWho(''),
      never,
    ),
    /No image has been built here/,
  )
})

// --- the program

const program = join(import.meta.dirname, '..', 'flash.ts')

function start(
  args: readonly string[],
  input: string | undefined,
): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env.PATH } })
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()))
  if (input === undefined) child.stdin.end()
  else child.stdin.end(input)
  return { child, ended: new Promise(done => child.on('close', code => done({ code, output }))) }
}
const argsFor = (target: string): string[] => ['--file', target, '--image', build.imagePath, '--signers', build.signers]

t.test('the program: what is typed counts, and the end of input is a no', async t => {
  const target = await makeTarget()
  const link = join(t.testdir(), 'target')
  await rename(target, link)
  const no = await start(argsFor(link), undefined).ended
  t.match(no, { code: 1, output: /Type .* to go on: [\s\S]*Not confirmed\. Nothing was written\./ })
  t.notMatch(no.output, /at .*\.ts:/, 'no stack')
  const yes = await start(argsFor(link), `${link}\n`).ended
  t.match(yes, { code: 0, output: /writing .* 100 %[\s\S]*reading .* 100 %[\s\S]*holds the image/ })
  t.match(await start([...argsFor(link), '--yes', link], undefined).ended, { code: 0 })
})

t.test('the program explains itself without arguments, and refuses unknown ones', async t => {
  t.match(await start([], undefined).ended, { code: 2, output: /no disk given: make flash DEVICE=/ })
  t.match(await start(['--force'], undefined).ended, { code: 2, output: /there is no option '--force'/ })
  t.match(await start(['--help'], undefined).ended, { code: 0, output: /--device DISK[\s\S]*make flash DEVICE=/ })
})

t.test('leaves no draft behind', async t => {
  t.strictSame(
    (await readdir(build.folder)).filter(name => name.includes('draft')),
    [],
  )
})
