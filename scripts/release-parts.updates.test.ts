import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, lutimesSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseManifest } from '../agent/update/manifest.ts'
import { numbers } from './release-numbers.ts'
import { makeRelease, verityOptions } from './release-parts.ts'

const path = `${process.env.PATH}:/usr/sbin`
const whyNo = ['mksquashfs', 'veritysetup'].find(name => spawnSync('which', [name], { env: { PATH: path } }).status !== 0)
const agent = join(import.meta.dirname, '../build/release/agent')
const skip = whyNo === undefined ? (existsSync(agent) ? false : 'build/release does not exist: run make release') : `there is no ${whyNo}`

t.test('the parts of a release', { skip }, async t => {
  const folder = t.testdir({ one: {}, two: {}, copy: {} })
  const copy = join(folder, 'copy')
  cpSync(agent, copy, { recursive: true })
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) lutimesSync(join(copy, name), 1, 1)
  const make = (to: string, from: string) =>
    makeRelease(join(folder, to), numbers, [
      { kind: 'runtime', folder: from },
      { kind: 'agent', folder: from },
    ])
  const one = make('one', agent)

  t.test('the same files give the same bytes, whenever they were written', async t => {
    const two = make('two', copy)
    t.strictSame(two, one)
    const bytesIn = (of: string) => readFileSync(join(folder, of, 'parts', `${one.parts[1].rootHash}.img`))
    t.ok(bytesIn('one').equals(bytesIn('two')))
    t.strictSame(parseManifest(readFileSync(join(folder, 'one/manifest'))), one, 'and the manifest is one')
  })

  t.test('the name is the root of its hash tree, and an update of the agent is at most a megabyte', async t => {
    const { rootHash, hashOffset } = one.parts[1]
    const image = join(folder, 'one/parts', `${rootHash}.img`)
    const verify = (root: string) =>
      spawnSync('veritysetup', ['verify', ...verityOptions(hashOffset), image, image, root], { env: { PATH: path } }).status
    t.equal(verify(rootHash), 0)
    t.not(verify('0'.repeat(64)), 0)
    const { size } = statSync(image)
    t.comment(`${size} bytes`)
    t.ok(size <= 1_000_000)
  })
})
