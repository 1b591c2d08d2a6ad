// The console's folder belongs to a user that may have been taken over: what lies in it is an attack until proven a plain file.
import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { testRoot } from '../../test-root.ts'
import { wantedCarrier } from './wanted.ts'

function box(t: Parameters<typeof testRoot>[0]) {
  const { paths, put, root } = testRoot(t)
  return {
    put,
    root,
    wanted: paths.wantedSettings,
    taken: paths.takenSettings,
    carrier: wantedCarrier(paths.wantedSettings, paths.takenSettings),
  }
}

t.test('a wish is read once, and gone afterwards', async t => {
  const { carrier, wanted, taken } = box(t)
  t.same(await carrier.read(), { kind: 'absent' })
  await carrier.clear()
  writeFileSync(wanted, 'host.name = box\n')
  t.match(await carrier.read(), { kind: 'text', text: 'host.name = box\n' })
  t.match(await carrier.read(), { kind: 'text', text: 'host.name = box\n' }, 'a run that was cut off finds it again')
  await carrier.clear()
  t.notOk(existsSync(wanted) || existsSync(taken))
})

t.test('a wish that comes while another is granted is not lost', async t => {
  const { carrier, wanted } = box(t)
  writeFileSync(wanted, 'host.name = first\n')
  await carrier.read()
  writeFileSync(wanted, 'host.name = second\n')
  await carrier.clear()
  t.match(await carrier.read(), { kind: 'text', text: 'host.name = second\n' })
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
    const { carrier, wanted, taken, put } = box(t)
    const secret = put('etc/shadow', 'root:secret:1')
    attack(wanted, secret)
    t.match(await carrier.read(), { kind: 'fault', fault: 'console: what was left there is no plain file' }, name)
    await carrier.clear()
    t.notOk(existsSync(wanted) || readdirSync(dirname(taken)).includes('taken.conf'), `${name}: it would be found again and again`)
    t.equal(readFileSync(secret, 'utf8'), 'root:secret:1')
    writeFileSync(wanted, 'host.name = box\n')
    t.match(await carrier.read(), { kind: 'text' }, 'the next wish is heard')
    attack(`${wanted}.2`, secret)
  }
})

t.test('a folder in the place where root keeps the wish is put aside', async t => {
  const { carrier, wanted, taken } = box(t)
  mkdirSync(join(taken, 'deep'), { recursive: true })
  writeFileSync(wanted, 'host.name = box\n')
  t.match(await carrier.read(), { kind: 'text' })
})

t.test('a file without end is not read to its end', async t => {
  const { carrier, wanted } = box(t)
  writeFileSync(wanted, Buffer.alloc(5 << 20, 0x61))
  t.match(await carrier.read(), { kind: 'fault', fault: /longer than 64 KiB/ })
  await carrier.clear()
  t.notOk(existsSync(wanted))
})
