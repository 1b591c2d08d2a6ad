import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { promote, setPaused, usualWaves } from '../../scripts/updates/channels.ts'
import { addRelease } from '../../scripts/updates/releases.ts'
import { appliance, does, isReady, isWholeHandOver, pathsOf, report, runs, set, taken, wanted } from '../testing/update-hand-over.ts'
import { HOUR_MS, openStages } from '../testing/update-stage.ts'
import { readUpdateState, updateStatus } from './state.ts'

t.setTimeout(300_000)
const dir = t.testdir()
const stages = await openStages(dir, t)

t.test('loads what is offered, hands it over once, and knows what came of it', async t => {
  const stage = appliance(stages.next())
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
  t.match((await stage.check()).text, /"tried"/, 'and whoever asks is told so')
  t.match(updateStatus(pathsOf(stage)), { kind: 'tried', release: { state: 'taken-back', text: 'As it is.' } })
  await does(t, stage, 'handed-over', { isNow: true })
  taken(stage)
  report(stage, 'waiting', 1)
  await does(t, stage, 'handed-over')
  t.ok(isReady(stage), 'what the guard had no room for was not tried: it is handed over again')
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
  const stage = appliance(stages.next())
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
  const stage = appliance(stages.next())
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

  const windowed = appliance(stages.next())
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
  t.same(readdirSync(pathsOf(stage).updates).sort(), ['lock', 'metadata.json', 'metadata.json.copy', 'state.json'])
  t.match(await stage.update({ isNow: true }), { code: 'update-by-package' })
})

t.test('the timer looks once an hour, and at once when a window has opened or something failed', async t => {
  const stage = appliance(stages.next())
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
