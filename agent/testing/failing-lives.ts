// Lives of a box in which each call that changes its disk fails in turn.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { pathsBelow } from '../paths.ts'
import { failingDisk } from './failing-disk.ts'
import { memoryFolder } from './harness.ts'

const disk = failingDisk()
// what comes after meets the calls that fail, also where it keeps one of them for itself
const { liveWith } = await import('./disk-faults.ts')
const { makeIdentity } = await import('./box-life.ts')

const troubles = [
  ['ENOSPC', false],
  ['ENOSPC', true],
  ['EDQUOT', true],
  ['EIO', false],
  ['EIO', true],
  ['killed', false],
  ['torn', false],
] as const

/** `stride`: of so many calls one fails; another one for each trouble. */
export function failEachCall(t: Test, stride: number): void {
  for (const [i, [trouble, isLasting]] of troubles.entries())
    t.test(`${trouble}${isLasting ? ' from then on' : ''}, at each ${stride}th call`, async t => {
      const folder = memoryFolder(t)
      const wrong: string[] = []
      let lives = 0
      for (let at = i % stride; ; at += stride) {
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
}
