// The shell of the guard and the TypeScript of the updater read a manifest the same way: what one refuses, the other does.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { formatManifest, parseManifest } from '../agent/update/manifest.ts'

const script = join(import.meta.dirname, 'rootfs/usr/lib/cyberalarm/update/manifest.sh')
const root = 'ab'.repeat(32)
const good = formatManifest({
  version: '1.2.3',
  number: 57,
  systemMin: 12,
  reads: 3,
  writes: 2,
  parts: [
    { kind: 'runtime', rootHash: root, hashOffset: 4096 },
    { kind: 'agent', rootHash: root, hashOffset: 8192 },
    { kind: 'pack fortigate', rootHash: root, hashOffset: 8192 },
  ],
})
const attacks: Readonly<Record<string, string | Buffer>> = {
  'a line more': `${good}note hello\n`,
  'a path for a hash': good.replace(root, `../../etc/shadow${'a'.repeat(48)}`),
  'a path in the version': good.replace('1.2.3', '../1.2.3'),
  'a command in a line': good.replace('number 57', 'number $(reboot)'),
  'a line feed in a value': good.replace('1.2.3', '1.2.3\nnumber 99'),
  'a return before a line feed': good.replaceAll('\n', '\r\n'),
  'a NUL': good.replace('57', '5\x007'),
  'a letter that is none': Buffer.concat([Buffer.from(good), Buffer.from([0xff, 0x0a])]),
  'no line feed at the end': good.slice(0, -1),
  'an empty line': `${good}\n`,
  nothing: '',
  'a very long line': good.replace('fortigate', 'f'.repeat(5000)),
  'a very long file': good + `pack ${'p'.repeat(30)} ${root} 4096\n`.repeat(60),
  'a part twice': `${good}agent ${root} 4096\n`,
  'no agent': good.replace(/^agent.*\n/m, ''),
  'a number with a zero before': good.replace('number 57', 'number 057'),
  'a number of ten digits': good.replace('number 57', 'number 1000000000'),
  'lines in another order': good.replace('reads 3\nwrites 2', 'writes 2\nreads 3'),
  'another format': good.replace('release 1', 'release 2'),
}

/** Numbers of those that the shell takes. */
function takenByShell(folder: string, texts: readonly (string | Buffer)[]): number[] {
  for (const [i, text] of texts.entries()) writeFileSync(join(folder, `${i}`), text)
  const line = `. ${script}; for i in $(seq 0 ${texts.length - 1}); do if readable "$i"; then echo "$i"; fi; done`
  const { stdout, stderr } = spawnSync('sh', ['-euc', line], { cwd: folder, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  if (stderr !== '') throw new Error(stderr)
  return stdout.split('\n').flatMap(name => (name === '' ? [] : [Number(name)]))
}

function takenHere(texts: readonly (string | Buffer)[]): number[] {
  return texts.flatMap((text, i) => {
    try {
      parseManifest(Buffer.from(text))
      return [i]
    } catch {
      return []
    }
  })
}

t.test('a manifest of the makers is taken, and each of these is refused', async t => {
  const names = Object.keys(attacks)
  t.strictSame(takenByShell(t.testdir(), [...names.map(name => attacks[name]), good]), [names.length], 'by the shell')
  t.strictSame(takenHere([...names.map(name => attacks[name]), good]), [names.length], 'by the updater')
})

t.test('both say the same of any other text', async t => {
  const edit = fc.record({
    at: fc.nat(good.length),
    cut: fc.nat(12),
    put: fc.string({ maxLength: 6, unit: fc.constantFrom(...'0a9 \n\rZ.-/~é') }),
  })
  const edited = fc
    .array(edit, { maxLength: 2 })
    .map(edits => edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), good))
  const texts = fc.sample(edited, 150)
  t.strictSame(takenByShell(t.testdir(), texts), takenHere(texts))
})
