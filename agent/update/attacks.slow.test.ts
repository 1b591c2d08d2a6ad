// The attacks that The Update Framework names (specification, 1.5.2), each against a real central and the box's own client: each is
// refused, what is on the disk stays as it was, and `cyberalarm update --check` says so.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { setPaused, signOnline } from '../../scripts/updates/channels.ts'
import { makeKey, readPublicKey, readSigningKey } from '../../scripts/updates/key-files.ts'
import { type Signed, type SignedTargets, signMetadata } from '../../scripts/updates/repository.ts'
import { ThrowAway } from '../../scripts/updates/throw-away.ts'
import { renew, replaceKey } from '../../scripts/updates/trust.ts'
import type { FailureCode } from '../errors.ts'
import { DAY_MS, openStages, type UpdateStage } from '../testing/update-stage.ts'

t.setTimeout(300_000)
const dir = t.testdir()
const stages = await openStages(dir, t)

/** The box has seen what was offered before, and this is refused with the code; nothing on its disk has changed. */
async function isRefused(t: Test, stage: UpdateStage, code: FailureCode, says: RegExp): Promise<void> {
  const before = stage.onDisk()
  const said = await stage.check()
  t.equal(said.code, code, said.text)
  t.match(said.text, says)
  t.same(stage.onDisk(), before, 'nothing on the disk has changed')
}

const sees = async (t: Test, stage: UpdateStage, release: number): Promise<void> => {
  const said = await stage.check()
  t.match(said, { code: '', text: new RegExp(`"number":${release},`) })
}

const inMetadata = (stage: UpdateStage, name: string) => join(stage.served, 'metadata', name)
/** What somebody with these keys could put in place of a file. */
const forge = (stage: UpdateStage, name: string, signed: Signed, keys: Parameters<typeof signMetadata>[1]) =>
  writeFileSync(inMetadata(stage, name), signMetadata(signed, keys))

t.test('arbitrary software: a repository of other keys, and a root that its own keys alone have signed', async t => {
  const stage = stages.next()
  await sees(t, stage, 2)
  const other = new ThrowAway(join(dir, 'other'), Date.now())
  const forged = stages.next(Date.now(), other)
  other.release(9, '9.9.9', 1000)
  forged.offer(9)
  await isRefused(t, stage, 'update-refused', /timestamp/)
  const root = { ...other.repository.root, version: 2 }
  forge(stage, '2.root.json', root, other.signers('root', 'anna', 'ben', 'clara'))
  await isRefused(t, stage, 'update-refused', /root/)
})

t.test('arbitrary software: other bytes in place of a signed manifest', async t => {
  const stage = stages.next()
  const folder = join(stage.served, 'targets', 'releases', '2')
  const [name] = readdirSync(folder).filter(name => name.endsWith('.manifest'))
  writeFileSync(join(folder, name), readFileSync(join(folder, name), 'latin1').replace('0.2.0', '0.2.1'))
  t.match(await stage.check(), { code: 'update-damaged', text: /releases\/2\/manifest came in other bytes/ })
  rmSync(join(folder, name))
  t.match(await stage.check(), { code: 'update-damaged', text: /central lacks .*\.manifest/ })
})

t.test('rollback: all as it was before, and an old snapshot under a new timestamp', async t => {
  const stage = stages.next()
  const old = stage.keep('old')
  stage.makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  await sees(t, stage, 3)
  stage.show(old)
  await isRefused(t, stage, 'update-refused', /version/)
  stage.show()
  const { repository } = stage.makers
  const stamp = { ...repository.read<Signed>('timestamp'), version: 9, meta: { 'snapshot.json': { version: 1 } } } as Signed
  forge(stage, 'timestamp.json', stamp, stage.makers.online('timestamp'))
  await isRefused(t, stage, 'update-refused', /snapshot version/)
})

t.test('fast-forward: who stole the online keys and counted up is got rid of by a new root', async t => {
  const stage = stages.next()
  const { makers } = stage
  const far = 2_000_000_000
  const snapshot = { ...makers.repository.read<Signed>('snapshot'), version: far }
  const stamp = { ...makers.repository.read<Signed>('timestamp'), version: far, meta: { 'snapshot.json': { version: far } } } as Signed
  forge(stage, `${far}.snapshot.json`, snapshot, makers.online('snapshot'))
  forge(stage, 'timestamp.json', stamp, makers.online('timestamp'))
  await sees(t, stage, 2)
  stage.show()
  await isRefused(t, stage, 'update-refused', /version/)
  for (const role of ['snapshot', 'timestamp'] as const) {
    const old = readPublicKey(join(makers.folder, 'online', `${role}.pub`))
    for (const half of ['pem', 'pub']) rmSync(join(makers.folder, 'online', `${role}.${half}`))
    makeKey(join(makers.folder, 'online'), role)
    const fresh = readPublicKey(join(makers.folder, 'online', `${role}.pub`))
    replaceKey(makers.repository, role, old, fresh, makers.signers('root', 'anna', 'clara'), makers.now)
  }
  makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  await sees(t, stage, 3)
})

t.test('freeze: what was true four days ago', async t => {
  const stage = stages.next(Date.now() - 4 * DAY_MS)
  await stage.check()
  await isRefused(t, stage, 'update-expired', /timestamp\.json is expired/)
})

t.test('mix-and-match: files of two moments beside each other', async t => {
  const stage = stages.next()
  const { makers } = stage
  makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  makers.release(4, '0.4.0', 1000)
  stage.offer(4)
  cpSync(inMetadata(stage, '3.targets.json'), inMetadata(stage, '4.targets.json'))
  const said = await stage.check()
  t.match(said, { code: 'update-refused', text: /Version 3 of targets does not match/ })
  t.match(await stage.check(), { code: 'update-refused' }, 'and it stays so')
})

t.test('extraneous targets: files that nobody signed, and files that the role for channels may not sign', async t => {
  const stage = stages.next()
  const { makers } = stage
  mkdirSync(join(stage.served, 'targets', 'releases', '9'), { recursive: true })
  const names = readdirSync(join(stage.served, 'targets', 'releases', '2'))
  for (const name of names)
    cpSync(join(stage.served, 'targets', 'releases', '2', name), join(stage.served, 'targets', 'releases', '9', name))
  const { repository } = makers
  const before = repository.read<SignedTargets>('channels')
  const channel = repository
    .content('channels/stable.json', before.targets['channels/stable.json'])
    .toString()
    .replace('"release": 2', '"release": 9')
  const manifest = repository.read<SignedTargets>('targets').targets['releases/2/manifest']
  const targets = { 'channels/stable.json': repository.add('channels/stable.json', Buffer.from(channel)), 'releases/9/manifest': manifest }
  repository.write('channels', { ...before, targets }, makers.online('channels'), makers.now)
  makers.publish()
  cpSync(repository.folder, stage.served, { recursive: true })
  t.match(await stage.check(), { code: 'update-none', text: /releases\/9\/manifest/ })
})

t.test('key compromise: one of the keys for releases is not enough, and the key for channels offers no code', async t => {
  const stage = stages.next()
  const { makers } = stage
  await sees(t, stage, 2)
  const { repository } = makers
  const before = repository.read<SignedTargets>('targets')
  const targets = { ...before.targets, 'releases/9/manifest': repository.add('releases/9/manifest', Buffer.from('cyberalarm release 1\n')) }
  const one = makers.signers('targets', 'anna')
  // the thief of one key has stolen the online keys as well
  const version = before.version + 1
  writeFileSync(join(repository.folder, 'metadata', `${version}.targets.json`), signMetadata({ ...before, version, targets }, one))
  signOnline(repository, makers.online('snapshot', 'timestamp'), makers.now)
  stage.show()
  t.match(await stage.check(), { code: 'update-refused', text: /targets/ })
})

t.test('key compromise: a manifest that one key signed twice is refused, though its list is signed by two', async t => {
  const stage = stages.next()
  const { makers } = stage
  const { repository } = makers
  const before = repository.read<SignedTargets>('targets')
  const manifest = repository.content('releases/2/manifest', before.targets['releases/2/manifest'])
  const [anna] = makers.signers('targets', 'anna')
  const twice = ['releases/2/manifest.1', 'releases/2/manifest.2'].map(name => [name, repository.add(name, anna.sign(manifest))])
  const targets = { ...before.targets, ...Object.fromEntries(twice) }
  repository.write('targets', { ...before, targets }, makers.signers('targets', 'anna', 'ben'), makers.now)
  makers.publish()
  stage.show()
  t.match(await stage.check(), { code: 'update-refused', text: /signed by 1 of the 2 keys/ })
})

t.test('a file without a hash, and one that is too long, though signed', async t => {
  for (const [change, says] of [
    [{ hashes: {} }, /without a SHA-256/],
    [{ length: 65 * 1024 * 1024 }, /more than 67108864/],
  ] as const) {
    const stage = stages.next()
    const { makers } = stage
    const before = makers.repository.read<SignedTargets>('targets')
    const name = 'releases/2/manifest'
    const targets = { ...before.targets, [name]: { ...before.targets[name], ...change } } as SignedTargets['targets']
    makers.repository.write('targets', { ...before, targets }, makers.signers('targets', 'anna', 'ben'), makers.now)
    makers.publish()
    stage.show()
    t.match(await stage.check(), { code: 'update-refused', text: says })
  }
})

t.test('root: followed when two of its keys have signed, refused with one, and refused when it has ended', async t => {
  const stage = stages.next()
  const { makers } = stage
  await sees(t, stage, 2)
  renew(makers.repository, 'root', makers.signers('root', 'ben', 'clara'), makers.now)
  makeKey(join(makers.folder, 'dora'), 'root')
  const dora = readSigningKey(join(makers.folder, 'dora', 'root.pem'))
  const anna = readPublicKey(join(makers.folder, 'anna', 'root.pub'))
  replaceKey(makers.repository, 'root', anna, dora, [...makers.signers('root', 'ben', 'clara'), dora], makers.now)
  makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  await sees(t, stage, 3)
  const root = { ...makers.repository.root, version: 4 }
  forge(stage, '4.root.json', root, makers.signers('root', 'anna', 'ben'))
  await isRefused(t, stage, 'update-refused', /root/)
  stage.show()
  const development = { ...root, environment: 'development' } as const
  forge(stage, '4.root.json', development, [...makers.signers('root', 'ben', 'clara'), dora])
  await isRefused(t, stage, 'update-refused', /between development and production/)

  const ended = stages.next(Date.now() - 400 * DAY_MS)
  t.match(await ended.check(), { code: 'update-expired', text: /root\.json is expired/ })
})

t.test('development: another root, which ends after 30 days and which the box names', async t => {
  const makers = new ThrowAway(join(dir, 'developers'), Date.now(), 'development')
  t.ok(Date.parse(makers.repository.root.expires) <= Date.now() + 30 * DAY_MS)
  makers.release(2, '0.2.0', 1000)
  const stage = stages.next(Date.now(), makers)
  stage.offer(2)
  t.match(await stage.check(), { code: '', text: /"environment":"development"/ })
  const root = { ...makers.repository.root, version: 2, expires: '2036-01-01T00:00:00Z' }
  forge(stage, '2.root.json', root, makers.signers('root', 'anna', 'ben'))
  t.match(await stage.check(), { code: 'update-refused', text: /may last 30 days/ })
  stage.show()
  const production = stages.next()
  await sees(t, production, 2)
  stage.show()
  await isRefused(t, production, 'update-refused', /timestamp/)
})

t.test('a pause and a channel that is not there are told', async t => {
  const stage = stages.next()
  setPaused(stage.makers.repository, 'stable', true, stage.makers.online('channels'), stage.makers.now)
  stage.makers.publish()
  stage.show()
  t.match(await stage.check(), { code: '', text: /"kind":"paused"/ })
  rmSync(stage.served, { recursive: true })
  t.match(await stage.check(), { code: 'update-none' })
})
