// Runs the checks and tests, tells how long each part took, and ends with the line `N passed, N failed`.
//   node scripts/test.ts [check | all | long | updates]
import { createWriteStream, mkdirSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { $ } from 'zx'

/**
 * How long a test takes stands in its file's name: `x.test.ts` belongs to `make check`, `x.slow.test.ts` starts processes,
 * fills disks or makes networks, `x.alone.test.ts` measures or needs the whole machine, `x.long.test.ts` and
 * `x.updates.test.ts` take an hour and have targets of their own.
 */
type Tier = 'check' | 'slow' | 'alone' | 'long' | 'updates'
const tierOf = (file: string): Tier => (/\.(slow|alone|long|updates)\.test\.ts$/.exec(file)?.[1] ?? 'check') as Tier
const targets: Readonly<Record<string, readonly Tier[]>> = {
  check: ['check'],
  all: ['check', 'slow', 'alone'],
  long: ['long'],
  updates: ['updates'],
}
const target = process.argv[2] ?? 'check'
const tiers = targets[target]
if (tiers === undefined) throw new Error(`node scripts/test.ts ${Object.keys(targets).join(' | ')}, not '${target}'`)
/** What is packed, flashed and started by the tests. */
const needsRelease = target !== 'check'
const isWhole = tiers.includes('check')

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
  for (const folder of ['agent', 'appliance', 'central-stub', 'ova', 'packer', 'scripts'])
    for await (const file of glob('**/*.test.ts', { cwd: folder, exclude: name => name === 'node_modules' })) files.push(join(folder, file))
  return files.filter(file => tiers.includes(tierOf(file))).sort()
}

/**
 * Runs the tests; tells each file as it ends, and everything about those that failed. Counts are of assertions. The
 * runner's own reporters draw the whole screen anew for each assertion, which takes minutes for some ten thousand.
 */
async function runTests(files: readonly string[], output: string): Promise<{ passed: number; failed: number }> {
  const run = $({ nothrow: true })`tap --reporter=tap --timeout=${isWhole ? 3000 : 10_800} ${files}`
  const keep = createWriteStream(output)
  let block: string[] = []
  let closing = ''
  for await (const line of createInterface({ input: run.stdout })) {
    keep.write(`${line}\n`)
    block.push(line)
    if (line.startsWith('# { total: ')) closing = line
    const ended = /^(ok|not ok) \d+ - (\S+) # time=([\d.]+)ms/.exec(line)
    if (ended === null) continue
    const isGood = ended[1] === 'ok'
    if (!isGood) console.log(block.filter(text => !/^\s+ok /.test(text)).join('\n'))
    console.log(`  ${isGood ? 'ok  ' : 'FAIL'} ${ended[2].padEnd(58)} ${(Number(ended[3]) / 1000).toFixed(1)} s`)
    block = []
  }
  keep.end()
  const { stderr } = await run
  if (stderr !== '') console.log(stderr)
  const number = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(closing)?.[1] ?? 0)
  return { passed: number('pass'), failed: closing === '' ? 1 : number('fail') }
}

if (needsRelease) await part('release', () => tool('node', 'scripts/build-release.ts'))
if (isWhole) {
  await part('types', () => tool('tsc', '-p', '.'))
  await part('lint and format', () => tool('biome', 'check', '--error-on-warnings', '.'))
}
const files = await findTests()
const total = { passed: 0, failed: 0 }
async function tests(name: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return
  await part(`${name} (${files.length} ${files.length === 1 ? 'file' : 'files'})`, async () => {
    const { passed, failed } = await runTests(files, `build/${name.replaceAll(' ', '-')}.tap`)
    total.passed += passed
    total.failed += failed
    return failed === 0
  })
}
const isAlone = (file: string) => tierOf(file) !== 'check' && tierOf(file) !== 'slow'
await tests(
  'tests',
  files.filter(file => !isAlone(file)),
)
for (const file of files.filter(isAlone)) await tests(basename(file).split('.')[0].replaceAll('-', ' '), [file])
const failed = total.failed + failedParts
console.log(`${total.passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
