// `cyberalarm update` on a box: from what central offers, or a file, to what the guard finds; and what stays as it was when anything
// goes wrong on the way. Central is a real one.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { promote, setPaused, usualWaves } from '../../scripts/updates/channels.ts'
import { writeOffline } from '../../scripts/updates/offline.ts'
import { addRelease } from '../../scripts/updates/releases.ts'
import { ThrowAway } from '../../scripts/updates/throw-away.ts'
import { pathsBelow } from '../paths.ts'
import { failingDisk } from '../testing/failing-disk.ts'
import { DAY_MS, HOUR_MS, openStages, type UpdateStage } from '../testing/update-stage.ts'
import { attempt } from './attempt.ts'
import { readUpdateState, updateStatus } from './state.ts'

t.setTimeout(300_000)
const dir = t.testdir()
const stages = await openStages(dir, t)
const pathsOf = (stage: UpdateStage) => pathsBelow(stage.box)
const put = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
/** A box with a guard, to which release 2 is offered. */
function appliance(now?: number, makers?: ThrowAway): UpdateStage {
  const stage = stages.next(now, makers)
  put(pathsOf(stage).updateSwitch, '')
  return stage
}
const runs = (stage: UpdateStage, version: string, release: number) =>
  put(join(pathsOf(stage).currentRelease, 'agent/lib/package.json'), JSON.stringify({ version, release }))
const report = (stage: UpdateStage, state: string, number: number) =>
  put(
    pathsOf(stage).releaseReport,
    JSON.stringify({ at: '2026-12-01T00:00:00Z', state, slot: 'a', version: 'x', number, text: 'As it is.' }),
  )
const set = (stage: UpdateStage, line: string) => appendFileSync(pathsOf(stage).settings, `${line}\n`)
const wanted = (stage: UpdateStage) => join(pathsOf(stage).updates, 'wanted')
const isReady = (stage: UpdateStage) => existsSync(join(wanted(stage), 'ready'))
/** The guard is done. */
const taken = (stage: UpdateStage) => rmSync(join(wanted(stage), 'ready'))
const does = async (t: Test, stage: UpdateStage, kind: string, options = {}) =>
  t.match(await stage.update(options), { code: '', text: new RegExp(`"kind":"${kind}"`) }, kind)

/** All that the guard needs is there and is what was signed. */
function isWholeHandOver(t: Test, stage: UpdateStage, number: number, what = ''): void {
  const folder = wanted(stage)
  const manifest = readFileSync(join(folder, 'manifest'), 'utf8')
  t.match(manifest, new RegExp(`^number ${number}$`, 'm'), what)
  const parts = [...manifest.matchAll(/^(?:runtime|agent) ([0-9a-f]{64})/gm)].map(([, hash]) => hash)
  for (const hash of parts)
    t.equal(
      createHash('sha256')
        .update(readFileSync(join(folder, 'parts', `${hash}.img`)))
        .digest('hex'),
      hash,
      what,
    )
  t.same(readdirSync(folder).sort(), ['manifest', 'manifest.1', 'manifest.2', 'parts', 'ready'], what)
  t.equal(readFileSync(join(folder, 'ready'), 'latin1'), `number ${number}\n`)
}

t.test('loads what is offered, hands it over once, and knows what came of it', async t => {
  const stage = appliance()
  runs(stage, '0.1.0', 1)
  await does(t, stage, 'handed-over')
  isWholeHandOver(t, stage, 2)
  for (const name of ['wanted/ready', 'wanted/manifest', 'state.json'])
    t.equal(statSync(join(pathsOf(stage).updates, name)).mode & 0o777, 0o644)
  t.match(updateStatus(pathsOf(stage)), { kind: 'handed-over', text: /^0\.2\.0 \(release 2\) is offered\. The box changes to 0\.2\.0 now/ })
  const inode = statSync(join(wanted(stage), 'manifest')).ino
  await does(t, stage, 'handed-over')
  t.equal(statSync(join(wanted(stage), 'manifest')).ino, inode, 'nothing is touched that the guard may be reading')
  taken(stage)
  report(stage, 'taken-back', 2)
  await does(t, stage, 'tried')
  t.notOk(isReady(stage), 'what was taken back is not tried again')
  t.match(updateStatus(pathsOf(stage)), { kind: 'tried', release: { state: 'taken-back', text: 'As it is.' } })
  await does(t, stage, 'handed-over', { isNow: true })
  taken(stage)
  runs(stage, '0.2.0', 2)
  report(stage, 'trial', 2)
  await does(t, stage, 'current')
  stage.makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  await does(t, stage, 'on-trial', { isNow: true })
  report(stage, 'good', 2)
  stage.offer(2)
  await does(t, stage, 'current')
  runs(stage, '0.1.0', 1)
  report(stage, 'factory', 1)
  await does(t, stage, 'handed-over')
  t.pass('a release that was good and is gone is taken again')
})

t.test('of the next release only what is new is loaded, and nothing else is kept', async t => {
  const stage = appliance()
  const first = stage.makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  await does(t, stage, 'handed-over')
  taken(stage)
  const parts = join(pathsOf(stage).updates, 'parts')
  const [runtime, agent] = first.parts.map(({ rootHash }) => `${rootHash}.img`)
  t.same(readdirSync(parts).sort(), [runtime, agent].sort())
  const before = statSync(join(parts, runtime)).mtimeMs
  const content = randomBytes(1000)
  const rootHash = createHash('sha256').update(content).digest('hex')
  const built = join(stage.makers.folder, 'built')
  writeFileSync(join(built, `${rootHash}.img`), content)
  const next = { ...first, version: '0.4.0', number: 4, parts: [first.parts[0], { ...first.parts[1], rootHash }] }
  addRelease(stage.makers.repository, next, built, stage.makers.signers('targets', 'ben', 'clara'), stage.makers.now)
  stage.offer(4)
  rmSync(join(stage.served, 'targets/parts'), { recursive: true })
  t.match(await stage.update(), { code: 'update-damaged', text: new RegExp(rootHash) }, 'the runtime is not asked for')
  stage.show()
  await does(t, stage, 'handed-over')
  isWholeHandOver(t, stage, 4)
  t.same(readdirSync(parts).sort(), [runtime, `${rootHash}.img`].sort())
  t.equal(statSync(join(parts, runtime)).mtimeMs, before)
})

t.test('wave and window are waited for unless somebody asks; a pause and a pin hold always', async t => {
  const stage = appliance()
  const { makers } = stage
  const channel = { channel: 'stable', release: 2, minFrom: 0 }
  const key = makers.online('channels')
  promote(makers.repository, { ...channel, notBefore: makers.now, waves: usualWaves }, key, makers.now)
  makers.publish()
  stage.show()
  await does(t, stage, 'before-wave')
  t.notOk(existsSync(join(pathsOf(stage).updates, 'parts')), 'nothing is loaded before')
  setPaused(makers.repository, 'stable', true, key, makers.now)
  makers.publish()
  stage.show()
  await does(t, stage, 'paused', { isNow: true })
  set(stage, 'update.pin = 0.1.0')
  await does(t, stage, 'pinned', { isNow: true })
  t.notOk(isReady(stage))

  const windowed = appliance()
  const hour = (ms: number) => new Date(Date.now() + ms).toISOString().slice(11, 16)
  set(windowed, `update.window = ${hour(2 * HOUR_MS)}-${hour(3 * HOUR_MS)}`)
  await does(t, windowed, 'before-window')
  t.equal(readdirSync(join(pathsOf(windowed).updates, 'parts')).length, 2, 'it is loaded ahead')
  t.notOk(isReady(windowed))
  t.match(updateStatus(pathsOf(windowed)), { kind: 'before-window', text: /waits for its window, which opens on/ })
  await does(t, windowed, 'handed-over', { isNow: true })
})

t.test('a machine that is updated by packages only tells', async t => {
  const stage = stages.next()
  runs(stage, '0.1.0', 1)
  await does(t, stage, 'now')
  t.match(updateStatus(pathsOf(stage)), { kind: 'now', text: /Version 0\.2\.0 is there: update the package cyberalarm/ })
  t.same(readdirSync(pathsOf(stage).updates).sort(), ['metadata.json', 'metadata.json.copy', 'state.json'])
  t.match(await stage.update({ isNow: true }), { code: 'update-by-package' })
})

t.test('the timer looks once an hour, and at once when a window has opened or something failed', async t => {
  const stage = appliance()
  runs(stage, '0.2.0', 2)
  await does(t, stage, 'current', { isIfDue: true })
  t.same(await stage.update({ isIfDue: true }), { code: '', text: '' })
  rmSync(stage.served, { recursive: true })
  t.match(await stage.update(), { code: 'update-none' })
  const since = readUpdateState(pathsOf(stage).updateState)?.fault?.since
  t.match(await stage.update({ isIfDue: true }), { code: 'update-none' })
  t.equal(readUpdateState(pathsOf(stage).updateState)?.fault?.since, since, 'since when it fails')
  t.match(updateStatus(pathsOf(stage)), { kind: 'failed', fault: { code: 'update-none' }, text: /^Updates fail since .*\[update-none\]$/ })
  stage.show()
  await does(t, stage, 'current', { isIfDue: true })
  t.equal(readUpdateState(pathsOf(stage).updateState)?.fault, undefined)
})

t.test('an offline file does what central does, and is believed no more', async t => {
  const stage = appliance()
  const file = join(dir, 'update.tar')
  writeFileSync(pathsOf(stage).settings, '')
  t.ok(Date.parse(writeOffline(stage.makers.repository, 'stable', file)) > Date.now() + 2 * DAY_MS)
  await does(t, stage, 'now', { isCheck: true, from: file })
  t.notOk(existsSync(pathsOf(stage).updateState))
  await does(t, stage, 'handed-over', { from: file })
  isWholeHandOver(t, stage, 2)
  taken(stage)

  const refuses = async (code: string, says: RegExp, what: string, make: () => void) => {
    const before = readFileSync(pathsOf(stage).updateMetadata, 'utf8')
    make()
    t.match(await stage.update({ from: join(dir, 'bad.tar') }), { code, text: says }, what)
    t.equal(readFileSync(pathsOf(stage).updateMetadata, 'utf8'), before, `${what}: nothing was learnt`)
    t.notOk(isReady(stage), `${what}: nothing was handed over`)
  }
  const bad = join(dir, 'bad.tar')
  await refuses('update-refused', /timestamp/, 'a file of another repository', () => {
    const other = new ThrowAway(join(dir, 'other'), Date.now())
    other.release(9, '9.9.9', 1000)
    promote(other.repository, { channel: 'stable', release: 9, notBefore: 0, waves: [], minFrom: 0 }, other.online('channels'), other.now)
    other.publish()
    writeOffline(other.repository, 'stable', bad)
  })
  await refuses('update-file-missing', /no such file/, 'no file', () => rmSync(bad))
  await refuses('update-file-wrong', /ends/, 'half of a file', () =>
    writeFileSync(bad, readFileSync(file).subarray(0, statSync(file).size >> 1)),
  )
  stage.makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  writeOffline(stage.makers.repository, 'stable', bad)
  const whole = readFileSync(bad)
  const parts = whole.lastIndexOf('targets/')
  whole[parts + 600] ^= 1
  writeFileSync(bad, whole)
  t.match(await stage.update({ from: bad }), { code: 'update-damaged', text: /other bytes/ }, 'a part with one bit changed')
  t.notOk(isReady(stage))
  await refuses('update-refused', /version/i, 'an older file than the one before', () => cpSync(file, bad))

  const old = appliance(Date.now() - 4 * DAY_MS)
  writeOffline(old.makers.repository, 'stable', bad)
  t.match(await old.update({ from: bad }), { code: 'update-expired', text: /timestamp\.json is expired/ }, 'a file of four days ago')
})

t.test('a hostile server: longer and other parts than those that are signed', async t => {
  for (const [change, code] of [
    [(bytes: Buffer) => Buffer.concat([bytes, randomBytes(5000)]), /update-refused|central-unreachable/],
    [(bytes: Buffer) => randomBytes(bytes.length), /update-damaged/],
    [() => Buffer.alloc(0), /central-unreachable|update-damaged/],
  ] as const) {
    const stage = appliance()
    const folder = join(stage.served, 'targets/parts')
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), change(readFileSync(join(folder, name))))
    t.match(await stage.update(), { code })
    t.notOk(existsSync(wanted(stage)))
    stage.show()
    await does(t, stage, 'handed-over')
    isWholeHandOver(t, stage, 2)
  }
})

t.test('a disk without room, and one that fills up: nothing is handed over, and it goes on later', async t => {
  const stage = appliance()
  const { updates, updateState, updateRoot } = pathsOf(stage)
  mkdirSync(updates, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', updates])
  try {
    t.match(await stage.update(), { code: 'update-no-room', text: /needs 65 MiB/ })
    t.match(readUpdateState(updateState)?.fault?.code, 'update-no-room')
    const filler = join(updates, 'filler')
    const makers = stage.makers
    makers.release(3, '0.3.0', 400_000)
    stage.offer(3)
    const paths = pathsOf(stage)
    const { openCentral } = await import('../uplink/pinned-client.ts')
    const client = await openCentral({ url: stages.central.url, pins: stages.central.pins, proxy: '' })
    t.teardown(() => client.close())
    const options = {
      metadata: {
        fetch: (path: string, ask: Parameters<typeof client.get>[1]) => {
          if (path.includes('/parts/')) writeFileSync(filler, Buffer.alloc(1_850_000))
          return client.get(`/v1/updates/${path}`, ask)
        },
        state: paths.updateMetadata,
        root: readFileSync(updateRoot),
      },
      box: { device: undefined, version: '0.1.0', number: 1, channel: 'stable', window: undefined, pin: '' },
      folder: updates,
      state: updateState,
      bytesPerSecond: 1e9,
      reserveBytes: 0,
      isWanted: false,
      canInstall: true,
      now: Date.now,
      signal: new AbortController().signal,
    }
    await t.rejects(attempt(options), { code: 'disk-full' })
    t.notOk(isReady(stage))
    t.match(readdirSync(join(updates, 'parts')).join(), /^([0-9a-f]{64}\.img)?$/, 'drafts give their room back')
    rmSync(filler)
    const fetch = (path: string, ask: Parameters<typeof client.get>[1]) => client.get(`/v1/updates/${path}`, ask)
    t.match((await attempt({ ...options, metadata: { ...options.metadata, fetch } })).decision, { kind: 'handed-over' })
    isWholeHandOver(t, stage, 3)
  } finally {
    execFileSync('umount', [updates])
  }
})

t.test('power cut at each write of an attempt: what is ready is whole, and the next attempt brings it', async t => {
  const disk = failingDisk()
  const stage = appliance()
  const { updates } = pathsOf(stage)
  await stage.check()
  const before = join(dir, 'before')
  cpSync(updates, before, { recursive: true })
  for (const trouble of ['torn', 'ENOSPC'] as const) {
    let at = 0
    for (; at < 200; at++) {
      rmSync(updates, { recursive: true })
      cpSync(before, updates, { recursive: true })
      disk.arm(at, trouble)
      const outcome = await stage.update().catch(error => error)
      const call = disk.calls[at]
      disk.disarm()
      if (call === undefined) break
      if (isReady(stage)) isWholeHandOver(t, stage, 2, `${trouble} at ${call}`)
      const next = await stage.update()
      t.match(next, { code: '', text: /"kind":"(handed-over|tried)"/ }, `${trouble} at ${call}, ${String(outcome)}`)
      if (!isReady(stage)) t.fail(`${trouble} at ${call}: not handed over`)
      else isWholeHandOver(t, stage, 2, `after ${trouble} at ${call}`)
    }
    t.ok(at > 20, `${trouble}: ${at} calls were tried`)
  }
})
