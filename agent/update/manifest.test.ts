import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import t from 'tap'
import { formatManifest, type Manifest, parseManifest, verifyManifest } from './manifest.ts'

const hash = (digit: string) => digit.repeat(64)
const manifest: Manifest = {
  version: '0.4.0',
  number: 57,
  systemMin: 12,
  reads: 3,
  writes: 2,
  parts: [
    { kind: 'runtime', rootHash: hash('a'), hashOffset: 43_000_000 },
    { kind: 'agent', rootHash: hash('b'), hashOffset: 4096 },
    { kind: 'pack fortigate', rootHash: hash('c'), hashOffset: 4096 },
  ],
}
const text = formatManifest(manifest)
const refused = { code: 'update-refused' }

t.test('what is written is read', async t => {
  t.same(parseManifest(Buffer.from(text)), manifest)
  t.equal(text.split('\n').slice(0, 3).join('|'), 'cyberalarm release 1|version 0.4.0|number 57')
})

t.test('every other line is refused', async t => {
  const changes: [string | RegExp, string][] = [
    ['release 1', 'release 2'],
    ['0.4.0', '0.4'],
    ['0.4.0', '0.4.0\nversion 0.4.1'],
    ['number 57', 'number 057'],
    ['number 57', 'number -1'],
    ['number 57', 'number 57 '],
    ['number 57\n', ''],
    ['number 57', 'NUMBER 57'],
    ['reads 3', 'reads 3\r'],
    ['runtime', 'kernel'],
    ['agent', 'runtime'],
    [/^agent.*\n/m, ''],
    [hash('b'), hash('B')],
    [hash('b'), hash('b').slice(1)],
    ['fortigate', '../etc'],
    [/\n$/, ''],
    [/$/, '\n'],
    [/$/, 'x'.repeat(5000)],
    [/^/, '\uFEFF'],
  ]
  for (const [from, to] of changes)
    t.throws(() => parseManifest(Buffer.from(text.replace(from, to))), refused, `${from} -> ${to.slice(0, 30)}`)
  for (let i = 0; i < text.length; i++) {
    const cut = Buffer.from(text).subarray(0, i)
    // a manifest without its last pack is one as well: that is what signatures are for
    if (!/^pack|^agent/m.test(cut.toString()) || cut.at(-1) !== 0x0a) t.throws(() => parseManifest(cut), refused, `cut at ${i}`)
  }
})

t.test('two of three different keys have to sign these very bytes', async t => {
  const bytes = Buffer.from(text)
  const pairs = Array.from({ length: 3 }, () => generateKeyPairSync('ed25519'))
  const keys = pairs.map(({ publicKey }) => publicKey)
  const [a, b] = pairs.map(({ privateKey }) => sign(null, bytes, privateKey))
  verifyManifest(bytes, [a, b], keys, 2)
  verifyManifest(bytes, [b, randomBytes(64), a], keys, 2)
  for (const signatures of [[], [a], [a, a], [a, randomBytes(64)], [a, Buffer.alloc(0)]])
    t.throws(() => verifyManifest(bytes, signatures, keys, 2), refused, `${signatures.length} signatures`)
  t.throws(() => verifyManifest(bytes, [a, a], [keys[0], keys[0]], 2), refused, 'one key that is listed twice')
  t.throws(() => verifyManifest(bytes, [a, b], keys, 0), refused)
  t.throws(() => verifyManifest(Buffer.from(text.replace('57', '58')), [a, b], keys, 2), refused)
})
