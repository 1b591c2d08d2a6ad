// Runs the checks and tests, tells how long each part took, and ends with the line `N passed, N failed`.
//   node scripts/test.ts [--all | --updates]      --all adds the end-to-end tests; --updates is how a box renews its system, alone
import { createWriteStream, mkdirSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { $ } from 'zx'

const all = process.argv.includes('--all')
const updates = process.argv.includes('--updates')
/** An hour of one virtual machine: on its own. */
const renewal = /appliance\/boot\/renews-itself/
/** Tests that take long, because they start and kill processes, fill disks, make networks and partitions, or live through a week. */
const slow = new RegExp(
  [
    '^agent/e2e/|survives-|nflog\\.test|agent/verbs/replay\\.test|central-stub/(main|ingest|enrol)\\.test',
    'appliance/(nftables|box/(apply|enrol|console/console|carriers/ovf|carriers/config-partition))\\.test|appliance/boot/',
    'scripts/packages/|scripts/appliance/(flash|flash-disk|outputs|bmap-scan)\\.test|packer/packer',
  ].join('|'),
)
/** Measure how busy the agent is, or keep a whole machine busy: nothing else may run. */
const alone = /holds-under-load|appliance\/boot\//

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
  if (updates) return files.filter(file => renewal.test(file))
  return files.filter(file => !renewal.test(file) && (all || !slow.test(file))).sort()
}

/**
 * Runs the tests; tells each file as it ends, and everything about those that failed. Counts are of assertions. The
 * runner's own reporters draw the whole screen anew for each assertion, which takes minutes for some ten thousand.
 */
async function runTests(files: readonly string[], output: string): Promise<{ passed: number; failed: number }> {
  const run = $({ nothrow: true })`tap --reporter=tap --timeout=${updates ? 10_800 : 3000} ${files}`
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

// what is packed, flashed and started by the tests
if (all || updates) await part('release', () => tool('node', 'scripts/build-release.ts'))
if (!updates) {
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
await tests(
  'tests',
  files.filter(file => !alone.test(file)),
)
await tests(
  'ten minutes of load',
  files.filter(file => /holds-under-load/.test(file)),
)
await tests(
  'the image',
  files.filter(file => /appliance\/boot\//.test(file)),
)
const failed = total.failed + failedParts
console.log(`${total.passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
