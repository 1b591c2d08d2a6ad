// The makers' side: the rehearsal does all of it, and the commands refuse what would lock boxes out or let one person alone decide.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatManifest } from '../../agent/update/manifest.ts'
import { makeKey } from './key-files.ts'
import { rehearse } from './rehearsal.ts'
import { ThrowAway } from './throw-away.ts'

t.setTimeout(300_000)
const dir = t.testdir()
const program = join(import.meta.dirname, '../updates.ts')

/** Runs the program as a maker does. */
function updates(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise(resolve =>
    execFile(process.execPath, [program, ...words], { cwd: dir, env: { PATH: process.env.PATH } }, (failure, out, error) =>
      resolve({ code: typeof failure?.code === 'number' ? failure.code : failure === null ? 0 : -1, out, error }),
    ),
  )
}
const done = async (...words: string[]) => {
  const { code, error } = await updates(...words)
  t.match({ code, error }, { code: 0, error: '' }, words.join(' '))
}
const refused = async (says: RegExp, ...words: string[]) => t.match(await updates(...words), { code: 1, error: says }, words.join(' '))
const repository = ['--repository', 'repo']

t.test('the rehearsal goes from the keys to the fourth root, and leaves nothing behind', async t => {
  const lines: string[] = []
  await rehearse(line => lines.push(line))
  t.match(lines.at(-1), /all went as it has to/)
  for (const said of [
    /before-wave/,
    /paused/,
    /Anna alone.*refused/,
    /revoked/,
    /root rotated/,
    /release 3, loaded and verified/,
    /release 3 carried in a file/,
    /written for new images/,
  ])
    t.ok(
      lines.some(line => said.test(line)),
      String(said),
    )
})

t.test('from keys to a published release, each step as a maker types it', async t => {
  for (const holder of ['a', 'b', 'c', 'd']) await done('keys', '--folder', holder, '--names', 'root,targets')
  await done('keys', '--folder', 'online', '--names', 'channels,snapshot,timestamp')
  t.equal(statSync(join(dir, 'a/root.pem')).mode & 0o777, 0o600)
  const key = readFileSync(join(dir, 'a/root.pem'), 'utf8')
  await refused(/a key is never written over/, 'keys', '--folder', 'a', '--names', 'root')
  t.equal(readFileSync(join(dir, 'a/root.pem'), 'utf8'), key)

  const publicOf = (role: string, holders = 'abc') => [...holders].map(holder => `${holder}/${role}.pub`).join(',')
  const online = (role: string) => [`--${role}`, `online/${role}.pub`]
  const init = (environment: string, keys: string, root = publicOf('root')) =>
    ['init', ...repository, '--environment', environment, '--root', root, '--targets', publicOf('targets'), '--keys', keys].concat(
      ['channels', 'snapshot', 'timestamp'].flatMap(online),
    )
  const two = 'a/root.pem,b/root.pem,a/targets.pem,b/targets.pem'
  await refused(/production or development/, ...init('test', two))
  await refused(/root has to be signed by 2 of its 3 keys; 1 of them/, ...init('production', 'a/root.pem,a/targets.pem'))
  await refused(/needs 3 different keys/, ...init('production', two, 'a/root.pub,a/root.pub,b/root.pub'))
  t.notOk(existsSync(join(dir, 'repo')), 'what is refused writes nothing')
  await done(...init('production', two))
  await refused(/has a root already/, ...init('production', two))

  const publish = ['publish', ...repository, '--keys', 'online/snapshot.pem,online/timestamp.pem']
  await refused(/`release` and `promote` come first/, ...publish)
  const [runtime, agent] = ['1', '2'].map(digit => digit.repeat(64))
  mkdirSync(join(dir, 'parts'))
  for (const rootHash of [runtime, agent]) writeFileSync(join(dir, 'parts', `${rootHash}.img`), rootHash)
  const manifest = (number: number) => {
    const parts = [
      { kind: 'runtime', rootHash: runtime, hashOffset: 32 },
      { kind: 'agent', rootHash: agent, hashOffset: 32 },
    ]
    writeFileSync(join(dir, 'manifest'), formatManifest({ version: '0.2.0', number, systemMin: 1, reads: 1, writes: 1, parts }))
  }
  manifest(2)
  const release = (keys: string) => ['release', ...repository, '--manifest', 'manifest', '--parts', 'parts', '--keys', keys]
  await refused(/targets has to be signed by 2 of its 3 keys; 1 of them/, ...release('a/targets.pem,a/targets.pem,a/root.pem'))
  await done(...release('a/targets.pem,c/targets.pem'))
  await refused(/release 2 is there already/, ...release('a/targets.pem,c/targets.pem'))
  manifest(1)
  await refused(/numbers only grow/, ...release('a/targets.pem,c/targets.pem'))
  const promote = (...words: string[]) => ['promote', ...repository, '--channel', 'stable', '--keys', 'online/channels.pem', ...words]
  await refused(/there is no release 3/, ...promote('--release', '3'))
  await refused(/--from or --release/, ...promote())
  await done(...promote('--release', '2', '--at-once'))
  await done(...publish)
  await done('pause', ...repository, '--channel', 'stable', '--keys', 'online/channels.pem')
  const replaceKey = (keys: string) => [
    ...['revoke', ...repository, '--role', 'targets', '--key', 'a/targets.pub', '--by', 'd/targets.pub'],
    ...['--keys', keys],
  ]
  await done(...replaceKey('b/root.pem,c/root.pem,c/targets.pem,d/targets.pem'))
  await refused(/does not sign targets/, ...replaceKey(two))
  await done('renew', ...repository, '--role', 'root', '--keys', 'a/root.pem,c/root.pem')
  await done('keys', '--folder', 'online2', '--names', 'channels')
  const channels = ['--role', 'channels', '--key', 'online/channels.pub', '--by', 'online2/channels.pub']
  await done('revoke', ...repository, ...channels, '--keys', 'b/targets.pem,d/targets.pem')
  await refused(/channels is not signed by keys that count now/, ...publish)
  await refused(
    /channels has to be signed by 1 of its 1 keys; 0/,
    'renew',
    ...repository,
    '--role',
    'channels',
    '--keys',
    'online/channels.pem',
  )
  await done('renew', ...repository, '--role', 'channels', '--keys', 'online2/channels.pem')
  await done(...publish)
  await done('offline', ...repository, '--channel', 'stable', '--out', 'update.tar')
  const forImages = ['for-images', ...repository, '--folder', 'trust']
  await refused(/leave --development out/, ...forImages, '--development')
  t.notOk(existsSync(join(dir, 'trust')))
  await done(...forImages)
  const pems = [1, 2, 3].map(i => readFileSync(join(dir, `trust/keys/${i}.pem`), 'utf8'))
  t.same(
    pems,
    ['d', 'b', 'c'].map(holder => readFileSync(join(dir, holder, 'targets.pub'), 'utf8')),
    'the keys that count now',
  )
  t.ok(readFileSync(join(dir, 'trust/update-root.json')).equals(readFileSync(join(dir, 'repo/metadata/3.root.json'))))
  const { out } = await updates('show', ...repository)
  t.match(out, /environment: production[\s\S]*root +3 +2 of 3[\s\S]*releases: 2[\s\S]*stable +2 +paused/)
  t.same(readdirSync(join(dir, 'repo')).sort(), ['metadata', 'targets'], 'nothing but what central serves')
  t.same(
    readdirSync(join(dir, 'repo', 'metadata')).filter(name => /root/.test(name)),
    ['1.root.json', '2.root.json', '3.root.json'],
  )
})

t.test('what was typed wrong is said in words that name the file and what to do, and nothing is signed', async t => {
  const folder = join(dir, 'wrong')
  const makers = new ThrowAway(folder, Date.now())
  makers.release(2, '0.2.0', 1000)
  const at = (...names: string[]) => names.map(name => join(folder, name)).join(',')
  const of = (path = 'repository') => ['--repository', at(path)]
  const channelKey = ['--keys', at('online/channels.pem')]
  const online = ['--keys', at('online/snapshot.pem', 'online/timestamp.pem')]
  const promote = (...words: string[]) => ['promote', ...of(), '--channel', 'stable', ...channelKey, ...words]
  await done(...promote('--release', '2', '--at-once'))
  const offline = ['offline', ...of(), '--channel', 'stable', '--out', join(folder, 'o.tar')]
  await refused(/`publish` comes first/, ...offline)
  await done('publish', ...of(), ...online)
  await done('pause', ...of(), '--channel', 'stable', ...channelKey)
  await refused(/`publish` comes first/, ...offline)
  t.notOk(existsSync(join(folder, 'o.tar')))
  writeFileSync(join(folder, 'rubbish'), 'rubbish')
  makeKey(join(folder, 'dora'), 'targets')
  const metadata = join(folder, 'repository/metadata')
  const before = readdirSync(metadata)

  await refused(/release 2 is paused on stable: `resume`/, ...promote('--from', 'stable'))
  await refused(/no box could ever take release 2/, ...promote('--release', '2', '--min-from', '3'))
  for (const time of ['12', '2026-13-45T00:00Z'])
    t.match(await updates(...promote('--release', '2', '--not-before', time)), { code: 2, error: /is a time in UTC such as/ }, time)
  await refused(/missing\.pem: there is no such file or folder: check the path/, 'publish', ...of(), '--keys', at('missing.pem'))
  await refused(/rubbish is no private key.*NAME\.pem/, 'publish', ...of(), '--keys', at('rubbish'))
  await refused(/anna: it is a folder, and a file is needed/, 'publish', ...of(), '--keys', at('anna'))
  await refused(/nowhere is no repository of updates, or lacks its \w+: `init`/, 'publish', ...of('nowhere'), ...online)
  await refused(/rubbish: a file is in the place of this folder/, 'keys', '--folder', at('rubbish'), '--names', 'root')
  await refused(/is no name of a key/, 'keys', '--folder', at('dora'), '--names', '../root')
  const revoke = (by: string, ...keys: string[]) => [
    ...['revoke', ...of(), '--role', 'targets', '--key', at('anna/targets.pub'), '--by', at(by), '--keys', at(...keys)],
  ]
  const roots = ['ben/root.pem', 'clara/root.pem']
  await refused(/targets has to be signed by 2 of its 3 keys; 1 of them/, ...revoke('dora/targets.pub', ...roots, 'ben/targets.pem'))
  for (const [by, role] of [
    ['ben/targets.pub', 'targets'],
    ['ben/root.pub', 'root'],
    ['online/channels.pub', 'channels'],
  ])
    await refused(
      new RegExp(`the key that comes signs ${role} already`),
      ...revoke(by, ...roots, 'ben/targets.pem', 'clara/targets.pem', by.replace('.pub', '.pem')),
    )
  t.same(readdirSync(metadata), before, 'no new root, of which boxes would learn at once')
  for (const damage of ['{', 'null']) {
    writeFileSync(join(metadata, '1.root.json'), damage)
    await refused(/1\.root\.json is damaged: take the repository from its copy/, 'show', ...of())
  }
})

t.test('help teaches each command', async t => {
  const { out } = await updates('--help')
  for (const name of [
    'keys',
    'init',
    'release',
    'promote',
    'pause',
    'resume',
    'publish',
    'revoke',
    'renew',
    'offline',
    'for-images',
    'show',
    'rehearsal',
  ]) {
    t.match(out, new RegExp(`  ${name} `))
    t.match(await updates(name, '--help'), { code: 0, out: /example/i })
  }
  t.match(await updates('relase'), { code: 2, error: /did you mean 'release'/ })
})
