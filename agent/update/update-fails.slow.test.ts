// What may go wrong on the way from an offer to the guard: files and servers of strangers, full disks, power cuts. What was handed over
// before stays as it was, and what is handed over is whole.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { promote } from '../../scripts/updates/channels.ts'
import { writeOffline } from '../../scripts/updates/offline.ts'
import { ThrowAway } from '../../scripts/updates/throw-away.ts'
import { failingDisk } from '../testing/failing-disk.ts'
import { appliance, does, isReady, isWholeHandOver, pathsOf, taken, wanted } from '../testing/update-hand-over.ts'
import { DAY_MS, openStages } from '../testing/update-stage.ts'
import { attempt } from './attempt.ts'
import { readUpdateState, updateStatus } from './state.ts'

t.setTimeout(300_000)
const dir = t.testdir()
const stages = await openStages(dir, t)

t.test('an offline file does what central does, and is believed no more', async t => {
  const stage = appliance(stages.next())
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
  t.match(updateStatus(pathsOf(stage)), { kind: 'failed', fault: { code: 'update-file-missing' } }, 'and the console tells it')
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

  const old = appliance(stages.next(Date.now() - 4 * DAY_MS))
  writeOffline(old.makers.repository, 'stable', bad, old.makers.now)
  t.match(await old.update({ from: bad }), { code: 'update-expired', text: /timestamp\.json is expired/ }, 'a file of four days ago')
})

t.test('a hostile server: longer and other parts than those that are signed', async t => {
  for (const [change, code] of [
    [(bytes: Buffer) => Buffer.concat([bytes, randomBytes(5000)]), /update-refused|central-unreachable/],
    [(bytes: Buffer) => randomBytes(bytes.length), /update-damaged/],
    [() => Buffer.alloc(0), /central-unreachable|update-damaged/],
  ] as const) {
    const stage = appliance(stages.next())
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
  const stage = appliance(stages.next())
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
      open: async () => ({
        fetch: (path: string, ask: Parameters<typeof client.get>[1]) => {
          if (path.includes('/parts/')) writeFileSync(filler, Buffer.alloc(1_850_000))
          return client.get(`/v1/updates/${path}`, ask)
        },
        state: paths.updateMetadata,
        root: readFileSync(updateRoot),
      }),
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
    t.match((await attempt({ ...options, open: async () => ({ ...(await options.open()), fetch }) })).decision, { kind: 'handed-over' })
    isWholeHandOver(t, stage, 3)
  } finally {
    execFileSync('umount', [updates])
  }
})

t.test('power cut at each write of an attempt: what is ready is whole, and the next attempt brings it', async t => {
  const disk = failingDisk()
  const stage = appliance(stages.next())
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
