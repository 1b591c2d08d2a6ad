// Sums and their signature: sha256sum and ssh-keygen, used as anybody would, agree with us.
import { execFile, execFileSync } from 'node:child_process'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { formatSums, parseSums, SIGNATURE, SIGNERS, SUMS, sumOfFile } from './sums.ts'
import { checkSignature, chooseSigningKey, formatSigners, type SigningKey, signSums } from './sums-sign.ts'

const run = promisify(execFile)
// a folder with a space and a line feed in its name: no shell may come between
const folder = join(t.testdir({ 'odd\nname of it': {} }), 'odd\nname of it')
await writeFile(join(folder, 'a.ova'), 'one')
await writeFile(join(folder, 'b.img.zst'), 'two')
const sums = formatSums(
  new Map([
    ['b.img.zst', await sumOfFile(join(folder, 'b.img.zst'))],
    ['a.ova', await sumOfFile(join(folder, 'a.ova'))],
  ]),
)
const key = await chooseSigningKey(undefined, join(folder, 'keys'))
const signersPath = join(folder, SIGNERS)
const signaturePath = join(folder, SIGNATURE)
await writeFile(join(folder, SUMS), sums)
await writeFile(signersPath, formatSigners(key))
await writeFile(signaturePath, await signSums(sums, key))

t.test('sha256sum -c agrees', async t => {
  const { stdout } = await run('sha256sum', ['-c', '--strict', SUMS], { cwd: folder })
  t.equal(stdout, 'a.ova: OK\nb.img.zst: OK\n')
})

t.test('whoever has OpenSSH can check the signature as the documentation says', async t => {
  const words = ['-Y', 'verify', '-f', SIGNERS, '-I', 'release@cyberalarm', '-n', 'file', '-s', SIGNATURE]
  t.match(
    execFileSync('ssh-keygen', words, { cwd: folder, input: sums, encoding: 'utf8' }),
    /^Good "file" signature for release@cyberalarm/,
  )
})

t.test('names the key that signed', async t => {
  const stated = await run('ssh-keygen', ['-l', '-f', join(folder, 'keys', 'own-key.pub')])
  t.ok(stated.stdout.includes(await checkSignature(sums, signaturePath, signersPath)))
})

t.test('the same sums signed again give the same signature', async t => {
  t.equal(await signSums(sums, key), await readFile(signaturePath, 'utf8'))
})

t.test('the own key is made once, for its owner alone, and says that it is no proof', async t => {
  t.equal((await chooseSigningKey(undefined, join(folder, 'keys'))).publicKey, key.publicKey)
  t.equal((await stat(join(folder, 'keys', 'own-key'))).mode & 0o777, 0o600)
  t.ok(key.isOwn)
})

t.test('a key that was given is used', async t => {
  const given = await chooseSigningKey(join(folder, 'keys', 'own-key'), join(folder, 'nowhere'))
  t.strictSame(given, { ...key, isOwn: false })
  await t.rejects(stat(join(folder, 'nowhere')), { code: 'ENOENT' })
  const half = await chooseSigningKey(join(folder, 'keys', 'own-key.pub'), folder)
  t.equal(half.publicKey, key.publicKey, 'a public half, for a key in an agent or on a token')
})

t.test('refuses a key that is missing, of another kind, or open to others', async t => {
  await t.rejects(chooseSigningKey(join(folder, 'none'), folder), { code: 'ENOENT' })
  await run('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(folder, 'ecdsa')])
  await t.rejects(chooseSigningKey(join(folder, 'ecdsa'), folder), /is not an Ed25519 key/)
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'open')])
  await chmod(join(folder, 'open'), 0o644)
  await t.rejects(chooseSigningKey(join(folder, 'open'), folder), /UNPROTECTED|bad permissions/i)
})

t.test('refuses changed sums, another key, another purpose, another signer, and rubbish', async t => {
  const other = await chooseSigningKey(undefined, join(folder, 'other'))
  const refuse = async (name: string, text: string, signature: string, signers = formatSigners(key)): Promise<void> => {
    await writeFile(join(folder, 'sig'), signature)
    await writeFile(join(folder, 'signers'), signers)
    await t.rejects(checkSignature(text, join(folder, 'sig'), join(folder, 'signers')), Error, name)
  }
  const good = await readFile(signaturePath, 'utf8')
  await refuse('changed sums', sums.replace('a.ova', 'c.ova'), good)
  await refuse('another key', sums, await signSums(sums, other))
  await refuse('a signature for mail', sums, await signFor('email', key))
  await refuse('a key that may sign only for git', sums, good, formatSigners(key).replace('"file"', '"git"'))
  await refuse('the key of another signer', sums, good, formatSigners(key).replace('release@', 'someone@'))
  await refuse('rubbish', sums, 'rubbish')
  await refuse('no keys', sums, good, '')
})

const signFor = async (namespace: string, { path }: SigningKey): Promise<string> =>
  execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', path], {
    input: sums,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })

t.test('what was written is read', async t => t.strictSame(formatSums(parseSums(sums)), sums))

const a = 'a'.repeat(64)
for (const [name, text] of [
  ['a path', `${a}  ../x\n`],
  ['a folder', `${a}  x/y\n`],
  ['an option', `${a}  -x\n`],
  ['a hidden file', `${a}  .x\n`],
  ['a name twice', `${a}  x\n${a}  x\n`],
  ['a short sum', 'aa  x\n'],
  ['an empty line', `${a}  x\n\n${a}  y\n`],
  ['an escaped name, as sha256sum writes line feeds', `\\${a}  x\\ny\n`],
  ['nothing', ''],
  ['more than it may be', `${a}  x\n`.repeat(1000)],
] as const)
  t.test(`refuses sums with ${name}`, async t => void t.throws(() => parseSums(text)))
