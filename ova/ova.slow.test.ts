// The whole: from a raw disk to an OVA, judged by our own check and by tools that know nothing of us.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { examineOvaFile } from './conformance.ts'
import { makeOva, type OvaRequest } from './ova.ts'
import { formatOvf, hardware } from './ovf.ts'
import { formatTarHeader, MAX_FILE_BYTES } from './tar.ts'
import { DISK_MIB, MIB, MODIFIED, machine, makeRawDisk, product } from './test-support.ts'

const run = promisify(execFile)
const folder = t.testdir()
const rawPath = join(folder, 'disk.raw')
await makeRawDisk(rawPath)
const request: OvaRequest = { rawPath, ovaPath: join(folder, 'x.ova'), product, guest: 'debian', modified: MODIFIED, machine }
const result = await makeOva(request)
const bytes = await readFile(request.ovaPath)

t.test('deploys: the check finds nothing', async t => {
  t.strictSame((await examineOvaFile(request.ovaPath)).lines, [])
  t.equal(result.ovaBytes, bytes.length)
  t.equal(result.sha256, createHash('sha256').update(bytes).digest('hex'))
})

t.test('tar lists descriptor, manifest and disk, in this order, owned by root', async t => {
  const { stdout } = await run('tar', ['--numeric-owner', '--utc', '-tvf', request.ovaPath])
  const lines = stdout.trim().split('\n')
  t.strictSame(
    lines.map(line => line.split(/\s+/).at(-1)),
    ['cyberalarm.ovf', 'cyberalarm.mf', 'cyberalarm-disk1.vmdk'],
  )
  for (const line of lines) t.match(line, /^-rw-r--r-- 0\/0 +\d+ 2023-11-14 22:13 /)
  t.equal(bytes.length % 10240, 0)
})

t.test('the manifest holds what sha256sum says', async t => {
  const out = t.testdir()
  await run('tar', ['-xf', request.ovaPath, '-C', out])
  const manifest = await readFile(join(out, 'cyberalarm.mf'), 'utf8')
  const due: string[] = []
  for (const name of ['cyberalarm.ovf', 'cyberalarm-disk1.vmdk']) {
    const { stdout } = await run('sha256sum', [join(out, name)])
    due.push(`SHA256(${name})= ${stdout.slice(0, 64)}\n`)
  }
  t.equal(manifest, due.join(''))
})

t.test('the same disk at the same time stated gives the same bytes', async t => {
  const again = { ...request, ovaPath: join(folder, 'again.ova') }
  t.equal((await makeOva(again)).sha256, result.sha256)
  t.not((await makeOva({ ...again, modified: MODIFIED + 1 })).sha256, result.sha256)
})

t.test('a name with markup in it does not break the descriptor', async t => {
  const odd = { ...request, ovaPath: join(folder, 'odd.ova'), product: { ...product, name: '<Cyber> & "Alarm" \u{1f6a8}' } }
  await makeOva(odd)
  t.strictSame((await examineOvaFile(odd.ovaPath)).lines, [])
})

t.test('each guest has a descriptor, with the hardware as stated once', t => {
  for (const guest of Object.keys(hardware.guests) as (keyof typeof hardware.guests)[]) {
    const facts = { fileName: 'x.vmdk', fileBytes: 1, capacityBytes: hardware.diskMiB * MIB, populatedBytes: 0 }
    const text = formatOvf(product, guest, facts)
    t.match(text, `vmw:osType="${hardware.guests[guest].vmware}"`)
    t.match(text, `<rasd:VirtualQuantity>${hardware.memoryMiB}</rasd:VirtualQuantity>`)
    t.match(text, `ovf:capacity="${7168 * MIB}"`)
    t.match(text, 'ovf:transport="com.vmware.guestInfo iso"')
    t.equal(text, formatOvf(product, guest, facts))
  }
  t.end()
})

t.test('refuses a disk that is not the one of hardware.json, and leaves nothing behind', async t => {
  const small = join(folder, 'small.raw')
  await writeFile(small, '')
  await truncate(small, 5 * MIB)
  const before = (await readdir(folder)).sort()
  await t.rejects(makeOva({ ...request, rawPath: small, ovaPath: join(folder, 'new.ova') }), /hardware\.json says 97 MiB/)
  await t.rejects(makeOva({ ...request, rawPath: join(folder, 'none.raw'), ovaPath: join(folder, 'new.ova') }), { code: 'ENOENT' })
  await t.rejects(makeOva({ ...request, product: { ...product, id: '../x' }, ovaPath: join(folder, 'new.ova') }), /can't name/)
  t.strictSame((await readdir(folder)).sort(), before)
})

t.test('a failure leaves the OVA of before as it was', async t => {
  const small = join(folder, 'small.raw')
  await t.rejects(makeOva({ ...request, rawPath: small }))
  t.ok((await readFile(request.ovaPath)).equals(bytes))
})

t.test('refuses names and sizes that would need more than ustar', t => {
  t.throws(() => formatTarHeader({ name: 'a/b', bytes: 1, modified: 0 }), /can't be the name/)
  t.throws(() => formatTarHeader({ name: 'a'.repeat(100), bytes: 1, modified: 0 }), /can't be the name/)
  t.throws(() => formatTarHeader({ name: 'a', bytes: MAX_FILE_BYTES + 1, modified: 0 }), /ustar form ends/)
  t.match(formatTarHeader({ name: 'a', bytes: MAX_FILE_BYTES, modified: 0 }).toString('latin1', 124, 136), '77777777777\0')
  t.end()
})

t.test('memory does not grow with the disk', async t => {
  const large = join(folder, 'large.raw')
  await using file = await open(large, 'w')
  await file.truncate(1024 * MIB)
  for (let at = 0; at < 1024; at += 16) await file.write(bytes, 0, 65536, at * MIB)
  const before = process.memoryUsage()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 5)
  await makeOva({ ...request, rawPath: large, ovaPath: join(folder, 'large.ova'), machine: { ...hardware, diskMiB: 1024 }, level: 1 })
  t.strictSame((await examineOvaFile(join(folder, 'large.ova'))).lines, [])
  clearInterval(watch)
  t.ok(
    most - before.rss < 96 * MIB,
    `${Math.round((most - before.rss) / MIB)} MiB more than before, for a disk of 1024 MiB and ${DISK_MIB}`,
  )
})
