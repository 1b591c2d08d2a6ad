// Which tests there are, and how long each of them takes: that stands in its file's name.
import { glob } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * `x.test.ts` belongs to `make check`, `x.slow.test.ts` starts processes, fills disks or makes networks, `x.alone.test.ts`
 * measures or needs the whole machine, `x.long.test.ts` and `x.updates.test.ts` take an hour and have targets of their own.
 */
export type Tier = 'check' | 'slow' | 'alone' | 'long' | 'updates'

export const tierOf = (file: string): Tier => (/\.(slow|alone|long|updates)\.test\.ts$/.exec(file)?.[1] ?? 'check') as Tier
/** How long one file may take. Its own setTimeout may be shorter. */
export const limitSeconds: Readonly<Record<Tier, number>> = {
  check: 2 * 60,
  slow: 15 * 60,
  alone: 60 * 60,
  long: 3 * 60 * 60,
  updates: 3 * 60 * 60,
}
/** Whether nothing else may run beside it. */
export const isAlone = (file: string): boolean => tierOf(file) !== 'check' && tierOf(file) !== 'slow'

export const folders = ['agent', 'appliance', 'central-stub', 'ova', 'packer', 'scripts'] as const

export async function findTests(tiers: readonly Tier[]): Promise<string[]> {
  const files: string[] = []
  for (const folder of folders)
    for await (const file of glob('**/*.test.ts', { cwd: folder, exclude: name => name === 'node_modules' })) files.push(join(folder, file))
  return files.filter(file => tiers.includes(tierOf(file))).sort()
}
