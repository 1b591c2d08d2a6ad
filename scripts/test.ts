// Runs the checks and tests, tells how long each part took, and ends with the line `N passed, N failed`.
//   node scripts/test.ts [--all]      --all adds the end-to-end tests
import { mkdirSync, readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'

const all = process.argv.includes('--all')
/** Tests that take long, because they kill processes, fill disks or live through a week. */
const slow = /^agent\/e2e\/|survives-/
const output = 'build/test.tap'

$.verbose = false
mkdirSync('build', { recursive: true })
let failedParts = 0

async function part(name: string, run: () => Promise<boolean>): Promise<void> {
  const began = performance.now()
  const isGood = await run()
  if (!isGood) failedParts++
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${name.padEnd(28)} ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

async function tool(command: string, ...args: string[]): Promise<boolean> {
  const done = await $({ nothrow: true })`${command} ${args}`
  if (done.exitCode !== 0) console.log(done.stdout + done.stderr)
  return done.exitCode === 0
}

async function findTests(): Promise<string[]> {
  const files: string[] = []
  for (const folder of ['agent', 'central-stub', 'scripts'])
    for await (const file of glob('**/*.test.ts', { cwd: folder, exclude: name => name === 'node_modules' })) files.push(join(folder, file))
  return files.filter(file => all || !slow.test(file)).sort()
}

/** Counts of assertions in a file of TAP, from its closing comment. */
function countTap(): { passed: number; failed: number } {
  const text = readFileSync(output, 'utf8')
  const closing = text.match(/^# \{ total: .*\}$/gm)?.at(-1) ?? ''
  const number = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(closing)?.[1] ?? 0)
  return { passed: number('pass'), failed: number('fail') }
}

await part('types', () => tool('tsc', '-p', '.'))
await part('lint and format', () => tool('biome', 'check', '--error-on-warnings', '.'))
const files = await findTests()
await part(`tests (${files.length} files)`, async () => {
  const done = await $({
    nothrow: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })`tap --reporter=${process.stdout.isTTY ? 'terse' : 'dot'} --timeout=900 --output-file=${output} ${files}`
  return done.exitCode === 0
})
const { passed, failed } = countTap()
console.log(`${passed} passed, ${failed + failedParts} failed`)
process.exitCode = failed + failedParts > 0 ? 1 : 0
