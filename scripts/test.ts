// Runs the checks and tests, tells how long each part took, and ends with the line `N passed, N failed`.
//   node scripts/test.ts [check | all | long | updates]
//   node scripts/test.ts one FILE...      prints what failed and a count
//   node scripts/test.ts watch            runs the fast tests again that a changed file concerns
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { $ } from 'zx'
import { runFiles } from './tests/pool.ts'
import type { FileResult } from './tests/run-file.ts'
import { findTests, type Tier, tierOf } from './tests/tiers.ts'
import { watch } from './tests/watch.ts'

const targets: Readonly<Record<string, readonly Tier[]>> = {
  check: ['check'],
  all: ['check', 'slow', 'alone'],
  long: ['long'],
  updates: ['updates'],
}
const SLOWEST = 10

$.verbose = false
mkdirSync('build', { recursive: true })
const total = { passed: 0, failed: 0 }
/** Files and other parts, for the end: what they printed is far above by then. */
const failed: string[] = []

const seconds = (value: number): string => `${value.toFixed(1)} s`
const row = (isGood: boolean, name: string, took: number): string => `${isGood ? 'ok  ' : 'FAIL'} ${name.padEnd(62)} ${seconds(took)}`

async function part(name: string, command: string, ...args: string[]): Promise<void> {
  const began = performance.now()
  const done = await $({ nothrow: true })`${command} ${args}`
  if (done.exitCode !== 0) {
    total.failed++
    failed.push(name)
    console.log(done.stdout + done.stderr)
  }
  console.log(row(done.exitCode === 0, name, (performance.now() - began) / 1000))
}

/** What is packed, flashed and started by the tests. */
const buildRelease = () => part('release', 'node', 'scripts/build-release.ts')

function count(results: readonly FileResult[]): void {
  for (const result of results) {
    total.passed += result.passed
    total.failed += result.failed
    if (result.failed > 0) failed.push(result.file)
  }
}

async function runTarget(target: string): Promise<void> {
  if (target !== 'check') await buildRelease()
  if (targets[target].includes('check')) {
    await part('types', 'tsc', '-p', '.')
    await part('lint and format', 'biome', 'check', '--error-on-warnings', '.')
  }
  const began = performance.now()
  const results = await runFiles(await findTests(targets[target]), result => {
    const isGood = result.failed === 0
    if (!isGood) console.log(result.shown)
    console.log(`  ${row(isGood, result.file, result.seconds)}`)
  })
  writeFileSync('build/tests.tap', results.map(({ file, output }) => `# ${file}\n${output}`).join('\n'))
  count(results)
  console.log(
    row(
      results.every(({ failed }) => failed === 0),
      `tests (${results.length} files)`,
      (performance.now() - began) / 1000,
    ),
  )
  const skipped = results.flatMap(({ file, skipped }) => skipped.map(reason => `  ${file}: ${reason}`))
  if (skipped.length > 0) console.log(`\nNot tested here:\n${skipped.join('\n')}`)
  const slowest = results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
  console.log(`\nThe slowest:\n${slowest.map(({ file, seconds: took }) => `  ${file.padEnd(66)} ${seconds(took)}`).join('\n')}\n`)
}

async function runOne(files: readonly string[]): Promise<void> {
  if (files.length === 0) endWith('which test file? For example: make one FILE=agent/triage/triage.test.ts')
  for (const file of files)
    if (!file.endsWith('.test.ts') || !existsSync(file)) endWith(`${file} is not a test file; paths begin at the project's folder`)
  if (files.some(file => tierOf(file) !== 'check')) await buildRelease()
  count(
    await runFiles(
      files.map(file => relative('.', file)),
      ({ failed, shown, skipped }) => {
        if (failed > 0) console.log(shown)
        for (const reason of skipped) console.log(`not tested here: ${reason}`)
      },
    ),
  )
}

function endWith(fault: string): never {
  console.error(fault)
  process.exit(2)
}

const [target = 'check', ...words] = process.argv.slice(2)
if (target === 'watch') await watch()
else if (target === 'one') await runOne(words)
else if (targets[target] !== undefined) await runTarget(target)
else endWith(`usage: node scripts/test.ts ${Object.keys(targets).join(' | ')} | one FILE | watch, not '${target}'`)
if (failed.length > 0) console.log(`Failed:\n${failed.map(name => `  ${name}`).join('\n')}`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
