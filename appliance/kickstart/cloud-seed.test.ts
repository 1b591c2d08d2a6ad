// The seed of the build machine, read back with mtools; and what must not get into it.
import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { makeCloudSeed, seedFiles } from './cloud-seed.ts'

const run = promisify(execFile)
const good = `ssh-ed25519 ${'A'.repeat(68)}`
const hasTools = await run('mformat', ['--version']).then(
  () => true,
  () => false,
)

t.test('the key logs in as builder, who may use sudo; nobody has a password', async t => {
  const { 'user-data': user, 'meta-data': meta } = seedFiles(`${good} somebody@somewhere\n`)
  const [first, ...rest] = user.split('\n')
  t.equal(first, '#cloud-config', 'cloud-init takes it for settings')
  t.match(JSON.parse(rest.join('\n')), { ssh_pwauth: false, users: [{ name: 'builder', lock_passwd: true, ssh_authorized_keys: [good] }] })
  t.notMatch(user, /somewhere/, 'whose machine it was made on is left out')
  t.ok(JSON.parse(meta)['instance-id'])
})

for (const [name, key] of [
  ['a key of another kind', 'ssh-rsa AAAA'],
  ['a key that is cut off', good.slice(0, -1)],
  ['a second line', `${good}\nssh-ed25519 other`],
  ['options before the key', `command="x" ${good}`],
  ['nothing', ''],
] as const)
  t.test(`refuses ${name}`, async t => void t.throws(() => seedFiles(key), /public key/))

t.test('the disk is named as cloud-init looks for it, and holds both files', { skip: hasTools ? false : 'mtools are missing' }, async t => {
  const folder = join(t.testdir(), 'seed')
  const { key, builderArguments } = await makeCloudSeed(folder)
  t.equal((await stat(key)).mode & 0o777, 0o600)
  const disk = builderArguments.find(([word]) => word === '-hdb')?.[1] ?? ''
  t.match((await run('mlabel', ['-s', '-i', disk, '::'])).stdout, /CIDATA/)
  const files = seedFiles(await readFile(`${key}.pub`, 'utf8'))
  for (const [name, text] of Object.entries(files)) t.equal((await run('mtype', ['-i', disk, `::/${name}`])).stdout, text)
  const before = await readFile(key, 'utf8')
  t.not(await readFile((await makeCloudSeed(folder)).key, 'utf8'), before, 'each build has a key of its own')
})
