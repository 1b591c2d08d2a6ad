// Runs test files beside each other, those that took longest the last time first, so that none of them is left for the end.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { type FileResult, runFile } from './run-file.ts'
import { isAlone, tierOf } from './tiers.ts'

const memory = 'build/test-seconds.json'
/** Of a file that was never run here. */
const FIRST_GUESS_SECONDS = { check: 1, slow: 10 } as const
/** They wait for sockets and timers as much as they compute. */
export const jobs = availableParallelism() + 1

/** Tells of each file as it ends. */
export async function runFiles(files: readonly string[], tell: (result: FileResult) => void): Promise<FileResult[]> {
  const seconds = remembered()
  const guess = (file: string) => seconds[file] ?? FIRST_GUESS_SECONDS[tierOf(file) === 'check' ? 'check' : 'slow']
  const together = files.filter(file => !isAlone(file)).sort((a, b) => guess(b) - guess(a))
  const results: FileResult[] = []
  async function work(queue: string[]): Promise<void> {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file)
      results.push(result)
      tell(result)
    }
  }
  await Promise.all(Array.from({ length: jobs }, () => work(together)))
  await work(files.filter(isAlone))
  mkdirSync(dirname(memory), { recursive: true })
  const now = Object.fromEntries(results.map(({ file, seconds }) => [file, Number(seconds.toFixed(1))]))
  writeFileSync(memory, `${JSON.stringify({ ...seconds, ...now }, null, 1)}\n`)
  return results
}

function remembered(): Readonly<Record<string, number>> {
  try {
    return JSON.parse(readFileSync(memory, 'utf8')) as Record<string, number>
  } catch {
    return {} // the first run here; it only decides on the order
  }
}
