// Each call with which the agent changes its disk fails in turn: once, or from then on, with each error that a disk has, or the agent
// is killed there. Afterwards nothing with a receipt is missing, nothing is lost uncounted, the box starts, and what is whole goes out.
// In process, by the agent's own parts; the sample of `make test`. `make test-long` takes every point.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { failingDisk } from '../testing/failing-disk.ts'
import { memoryFolder } from '../testing/harness.ts'

const disk = failingDisk()
// what comes after meets the calls that fail
const { liveWith } = await import('../testing/disk-faults.ts')
const { makeIdentity } = await import('../testing/box-life.ts')
const { pathsBelow } = await import('../paths.ts')

t.setTimeout(3_600_000)
const STRIDE = process.env.EVERY_POINT === '1' ? 1 : 7
const troubles = [
  ['ENOSPC', false],
  ['ENOSPC', true],
  ['EDQUOT', true],
  ['EIO', false],
  ['EIO', true],
  ['killed', false],
  ['torn', false],
] as const

for (const [i, [trouble, isLasting]] of troubles.entries())
  t.test(`${trouble}${isLasting ? ' from then on' : ''}, at each ${STRIDE}th call`, async t => {
    const folder = memoryFolder(t)
    const wrong: string[] = []
    let lives = 0
    for (let at = i % STRIDE; ; at += STRIDE) {
      const root = join(folder, String(at))
      mkdirSync(pathsBelow(root).data, { recursive: true })
      disk.disarm()
      await makeIdentity(pathsBelow(root).identity)
      const found = await liveWith(disk, root, at, trouble, isLasting)
      if (found === undefined) break
      lives++
      if (found !== '') wrong.push(`${at}: ${found}`)
    }
    t.ok(lives > 5, `${lives} lives`)
    t.same(wrong.slice(0, 5), [], `${wrong.length} of them went wrong`)
  })
