// The console's folder belongs to a user that may have been taken over: what lies in it is an attack until proven a plain file.
import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { testRoot } from '../../test-root.ts'
import { consoleSource } from './console-request.ts'

function box(t: Parameters<typeof testRoot>[0]) {
  const { paths, put, root } = testRoot(t)
  return {
    put,
    root,
    requested: paths.requestedSettings,
    taken: paths.takenSettings,
    source: consoleSource(paths.requestedSettings, paths.takenSettings),
  }
}

t.test('a request is read once, and gone afterwards', async t => {
  const { source, requested, taken } = box(t)
  t.same(await source.read(), { kind: 'absent' })
  await source.clear()
  writeFileSync(requested, 'host.name = box\n')
  t.match(await source.read(), { kind: 'text', text: 'host.name = box\n' })
  t.match(await source.read(), { kind: 'text', text: 'host.name = box\n' }, 'a run that was cut off finds it again')
  await source.clear()
  t.notOk(existsSync(requested) || existsSync(taken))
})

t.test('a request that comes while another is carried out is not lost', async t => {
  const { source, requested } = box(t)
  writeFileSync(requested, 'host.name = first\n')
  await source.read()
  writeFileSync(requested, 'host.name = second\n')
  await source.clear()
  t.match(await source.read(), { kind: 'text', text: 'host.name = second\n' })
})

t.test('links, pipes, folders and second names are neither followed nor read nor kept', async t => {
  const attacks: Readonly<Record<string, (path: string, secret: string) => void>> = {
    'a link to a secret': (path, secret) => symlinkSync(secret, path),
    'a second name of a secret': (path, secret) => linkSync(secret, path),
    'a link to nothing': path => symlinkSync('/nowhere', path),
    'a pipe': path => execFileSync('mkfifo', [path]),
    'a folder': path => mkdirSync(path),
    'a folder with something in it': path => {
      mkdirSync(path)
      writeFileSync(join(path, 'x'), 'y')
    },
  }
  for (const [name, attack] of Object.entries(attacks)) {
    const { source, requested, taken, put } = box(t)
    const secret = put('etc/shadow', 'root:secret:1')
    attack(requested, secret)
    t.match(await source.read(), { kind: 'fault', faults: [{ text: 'console: the request is not a regular file' }] }, name)
    await source.clear()
    t.notOk(existsSync(requested) || readdirSync(dirname(taken)).includes('taken.conf'), `${name}: it would be found again and again`)
    t.equal(readFileSync(secret, 'utf8'), 'root:secret:1')
    writeFileSync(requested, 'host.name = box\n')
    t.match(await source.read(), { kind: 'text' }, 'the next request is read')
    attack(`${requested}.2`, secret)
  }
})

t.test('a folder in the place where root keeps the request is put aside', async t => {
  const { source, requested, taken } = box(t)
  mkdirSync(join(taken, 'deep'), { recursive: true })
  writeFileSync(requested, 'host.name = box\n')
  t.match(await source.read(), { kind: 'text' })
})

t.test('a file without end is not read to its end', async t => {
  const { source, requested } = box(t)
  writeFileSync(requested, Buffer.alloc(5 << 20, 0x61))
  t.match(await source.read(), { kind: 'fault', faults: [{ text: /longer than 64 KiB/ }] })
  await source.clear()
  t.notOk(existsSync(requested))
})
