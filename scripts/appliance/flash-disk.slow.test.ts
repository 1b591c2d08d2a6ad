// Flashing real disks, where this machine lets us have a loop device.
import { execFile } from 'node:child_process'
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { flash } from './flash.ts'
import { lookAt, openTarget } from './flash-target.ts'
import { DISK_BYTES, MIB, makeBuild, noise, personWho, requestFor } from './flash-test-support.ts'

const run = promisify(execFile)
const folder = t.testdir()
const build = await makeBuild(join(folder, 'build'), join(folder, 'keys'))
const raw = await readFile(build.rawPath)
const never = new AbortController().signal
const TARGET_BYTES = DISK_BYTES + 5 * MIB
const old = noise(TARGET_BYTES, 'what lay there before')
const loop = await makeLoop()
const skip = loop === undefined ? 'no loop device can be had here (it takes root and /dev/loop-control)' : false

async function makeLoop(): Promise<{ device: string; file: string } | undefined> {
  const file = join(folder, 'loop.img')
  await writeFile(file, old.subarray(0, TARGET_BYTES))
  const made = await run('losetup', ['--find', '--show', file]).catch(() => undefined)
  return made === undefined ? undefined : { device: made.stdout.trim(), file }
}
t.teardown(async () => {
  if (loop !== undefined) await run('losetup', ['--detach', loop.device])
})

t.test('a disk', { skip }, async t => {
  const { device, file } = loop ?? { device: '', file: '' }
  const request = requestFor(build, device, { isFile: false, allowInternal: true, yes: device })
  await t.test('is not written without --internal, if it is built in', async t => {
    await t.rejects(flash({ ...request, allowInternal: false }, personWho(device), never), /appears to be a built-in disk/)
    t.ok((await readFile(file)).equals(old))
  })
  await t.test('holds the image afterwards, and the kernel sees it', async t => {
    const person = personWho(undefined)
    await flash(request, person, never)
    t.ok((await readFile(file)).subarray(5 * MIB, 7 * MIB).equals(raw.subarray(5 * MIB, 7 * MIB)))
    t.notMatch(person.lines.join('\n'), /Read back through the memory/, 'it was read past the cache')
  })
  await t.test('is not written while somebody has it for himself', async t => {
    const before = lookAt(device, false)
    const mount = join(t.testdir(), 'mount')
    await mkdir(mount)
    await run('mkfs.ext4', ['-q', '-F', device])
    const mounted = await run('mount', [device, mount]).then(
      () => true,
      () => false,
    )
    if (!mounted) return t.pass('a disk that is in use', { skip: 'mounting is not allowed here' })
    try {
      await t.rejects(flash(request, personWho(device), never), /in use: loop\d+ is mounted on/)
      await t.rejects(openTarget(before), /is in use by the kernel .*EBUSY/, 'also when that happened after it was looked at')
    } finally {
      await run('umount', [mount])
    }
  })
  await t.test('is not written when another one has taken its name since the question', async t => {
    const other = join(t.testdir(), 'other')
    await writeFile(other, old.subarray(0, DISK_BYTES))
    const person = personWho(undefined)
    const swap = async (): Promise<string> => {
      await run('losetup', ['--detach', device])
      await run('losetup', [device, other])
      return device
    }
    await t.rejects(
      flash({ ...request, yes: undefined }, { ...person, ask: swap }, never),
      /is now a different disk from the one you confirmed/,
    )
    t.ok((await readFile(other)).equals(old.subarray(0, DISK_BYTES)))
    await run('losetup', ['--detach', device])
    await run('losetup', [device, file])
  })
  await t.test('that becomes shorter while it is flashed is reported as incomplete', async t => {
    // the file under the device is cut while it is flashed: what was written behind is gone
    const person = personWho(undefined)
    const cut = { ...person, progress: (verb: string) => () => void (verb.startsWith('reading') && truncate(file, 8 * MIB)) }
    await t.rejects(flash(request, cut, never), /INCOMPLETE/)
    await writeFile(file, old)
  })
})
