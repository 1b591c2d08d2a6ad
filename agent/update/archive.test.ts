// The file of an update for a box without a central: only what the makers' program writes is read, and nothing is ever unpacked.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { tarHeader } from '../../scripts/updates/offline.ts'
import { nameInArchive, openArchive } from './archive.ts'

const dir = t.testdir()
const path = join(dir, 'update.tar')
const hash = 'a'.repeat(64)
const end = Buffer.alloc(1024)
const member = (name: string, content = 'x', type = '0') =>
  Buffer.concat([tarHeader(name, content.length, type), Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)])
const write = (...pieces: Buffer[]) => writeFileSync(path, Buffer.concat(pieces))

function refused(t: Test, says: RegExp, what: string): void {
  const before = readdirSync(dir, { recursive: true }).length
  t.throws(() => openArchive(path), { code: 'update-file-wrong', message: says }, what)
  t.equal(readdirSync(dir, { recursive: true }).length, before, 'nothing was written')
}

async function read(name: string): Promise<string> {
  const archive = openArchive(path)
  try {
    const { status, stream } = await archive.fetch(name, { mostBytes: 1000, signal: new AbortController().signal })
    if (status !== 200) return String(status)
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  } finally {
    archive.close()
  }
}

t.test('gives what is asked for by the name that central has for it', async t => {
  write(member('metadata/timestamp.json', 'stamp'), member(`targets/${hash}`, 'part'), end)
  t.equal(await read('metadata/timestamp.json'), 'stamp')
  t.equal(await read(`targets/parts/${hash}.abc.img`), 'part')
  t.equal(await read(`targets/parts/${'b'.repeat(64)}.abc.img`), '404')
  t.equal(nameInArchive('targets/other'), 'targets/other')
})

t.test('path traversal, links, devices, folders and other forms of archives', async t => {
  for (const name of [`../targets/${hash}`, '/etc/passwd', `targets/../../${hash}`, 'metadata/../x.json', 'metadata/.json', 'other']) {
    write(member(name), end)
    refused(t, /a name that no update has/, name)
  }
  for (const type of ['1', '2', '3', '4', '5', '6', 'x', 'g', 'L', '\0']) {
    write(member(`targets/${hash}`, 'x', type), end)
    refused(t, /no plain file/, `type ${type}`)
  }
  const prefixed = tarHeader(`targets/${hash}`, 0)
  prefixed.write('..', 345, 'latin1')
  write(prefixed, end)
  refused(t, /wrong checksum/, 'a prefix that was put in later')
  mkdirSync(join(dir, 'real/targets'), { recursive: true })
  symlinkSync('/etc/passwd', join(dir, 'real/targets', hash))
  execFileSync('tar', ['-C', join(dir, 'real'), '-cf', path, `targets/${hash}`])
  refused(t, /ustar|no plain file/, 'a link as tar writes it')
})

t.test('endless, huge, cut, doubled and damaged', async t => {
  write(member(`targets/${hash}`))
  refused(t, /ends early/, 'no end')
  write(member(`targets/${hash}`), member(`targets/${hash}`), end)
  refused(t, /twice/, 'twice')
  write(tarHeader(`targets/${hash}`, 65 * 1024 * 1024), end)
  refused(t, /more than 67108864/, 'a huge member')
  write(tarHeader(`targets/${hash}`, 60 * 1024 * 1024), end)
  refused(t, /ends within/, 'a member that is not all there')
  const broken = member(`targets/${hash}`)
  broken[3] ^= 1
  write(broken, end)
  refused(t, /wrong checksum/, 'damaged')
  write(...Array.from({ length: 501 }, (_, i) => member(`metadata/${i}.json`)), end)
  refused(t, /more than 500/, 'very many')
  truncateSync(path, 129 * 1024 * 1024)
  refused(t, /more than 134217728/, 'a huge file with holes')
  write(end)
  refused(t, /holds no update/, 'an empty archive, or a stick that gives zeros')
  write(Buffer.from('PK\x03\x04'.padEnd(600, 'x')))
  refused(t, /checksum/, 'something else')
})

t.test('a pipe, a device, a folder or nothing in place of the file', async t => {
  const pipe = join(dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const place of [pipe, '/dev/zero', dir, join(dir, 'none')])
    t.throws(() => openArchive(place), { code: 'update-file-missing' }, place)
  // the system answers EIO to whoever reads its first bytes, as for a stick that fails
  t.throws(() => openArchive('/proc/self/mem'), { code: 'update-file-wrong', message: /cannot be read: EIO/ })
})
