// A release that cannot read what is kept of the metadata of updates could never be replaced: that is found out without a network.
import { rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { copyOf, toJson } from '../lib/state-file.ts'
import { pathsBelow } from '../paths.ts'
import { openStages } from '../testing/update-stage.ts'
import { checkKept } from '../verbs/update.ts'
import { readKept } from './on-disk.ts'

t.setTimeout(120_000)
const stages = await openStages(t.testdir(), t)

t.test('what was verified is read again without a network, and what was not is refused', async t => {
  const stage = stages.next()
  const paths = pathsBelow(stage.box)
  const kept = () => readKept({ state: paths.updateMetadata, root: stage.makers.rootBytes })
  await t.rejects(kept(), { code: 'update-none' }, 'nothing was learnt so far')
  t.match(await stage.check(), { code: '' })
  const before = stage.onDisk()
  const versions = await kept()
  t.match(Object.keys(versions).sort(), ['channels', 'root', 'snapshot', 'targets', 'timestamp'])
  t.ok(Object.values(versions).every(version => version >= 1))
  let said = ''
  await checkKept({ json: true, print: text => (said = text) }, paths)
  t.same(JSON.parse(said), versions)
  t.same(stage.onDisk(), before, 'nothing on the disk has changed')

  stage.makers.release(3, '0.3.0', 1000)
  stage.offer(3)
  await stage.check()
  t.ok((await kept()).targets > versions.targets, 'the versions follow what is learnt')

  const forged = stages.next(Date.now())
  await forged.check()
  const { updateMetadata } = pathsBelow(forged.box)
  const files = {
    'root.json': stage.makers.rootBytes.toString(),
    'timestamp.json': '{"signed":{"_type":"timestamp","version":9},"signatures":[]}',
  }
  rmSync(copyOf(updateMetadata))
  writeFileSync(updateMetadata, toJson({ files }))
  await t.rejects(readKept({ state: updateMetadata, root: stage.makers.rootBytes }), { code: 'update-refused' })
})
