// Runs the fast tests again that a changed file concerns: those that import it, themselves or through other files, and for what
// is not imported (fixtures, settings) those of its folder and of the folders above. Ends when it is interrupted.
import { readFileSync, watch as watchFolder } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runFiles } from './pool.ts'
import { findTests, folders } from './tiers.ts'

/** An editor writes a file in several steps. */
const QUIET_MS = 200

export async function watch(): Promise<never> {
  const changed = new Set<string>()
  for (const folder of folders)
    watchFolder(folder, { recursive: true }, (_, name) => {
      if (name !== null && !name.includes('node_modules')) changed.add(join(folder, name))
    })
  console.log(`watching ${folders.join(', ')}; press Ctrl-C to stop`)
  for (;;) {
    await sleep(QUIET_MS)
    if (changed.size === 0) continue
    const files = [...changed]
    changed.clear()
    await runConcerned(files)
  }
}

async function runConcerned(changed: readonly string[]): Promise<void> {
  const tests = concerned(changed, await findTests(['check']), await readImports())
  if (tests.length === 0) return
  const began = performance.now()
  const results = await runFiles(tests, ({ failed, shown }) => {
    if (failed > 0) console.log(shown)
  })
  const sum = (name: 'passed' | 'failed') => results.reduce((total, result) => total + result[name], 0)
  const took = ((performance.now() - began) / 1000).toFixed(1)
  const time = new Date().toTimeString().slice(0, 8)
  console.log(`${time}  ${changed.join(' ')}: ${tests.length} files, ${sum('passed')} passed, ${sum('failed')} failed, ${took} s`)
}

export type Imports = ReadonlyMap<string, readonly string[]>

/** Of those tests the ones to run after these files changed. */
export function concerned(changed: readonly string[], tests: readonly string[], imports: Imports): string[] {
  const importers = new Map<string, string[]>()
  for (const [file, targets] of imports) for (const target of targets) importers.set(target, [...(importers.get(target) ?? []), file])
  const reached = new Set(changed)
  // a set gives also what is put into it meanwhile
  for (const file of reached) for (const importer of importers.get(file) ?? []) reached.add(importer)
  const data = changed.filter(file => !file.endsWith('.ts'))
  return tests.filter(test => reached.has(test) || data.some(file => file.startsWith(`${dirname(test)}/`)))
}

async function readImports(): Promise<Imports> {
  const imports = new Map<string, string[]>()
  for (const folder of folders)
    for await (const name of glob('**/*.ts', { cwd: folder, exclude: name => name === 'node_modules' })) {
      const file = join(folder, name)
      const found = readFileSync(file, 'utf8').matchAll(/(?: from |^import |\bimport\()'(\.[^']+)'/gm)
      imports.set(
        file,
        [...found].map(([, target]) => join(dirname(file), target)),
      )
    }
  return imports
}
