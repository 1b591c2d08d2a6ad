// `make demo KEEP=1` as README has it: every message is accounted for, and agent and central are still there to be looked at.
import { type StdioOptions, spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'

t.setTimeout(600_000)
const environment = { cwd: join(import.meta.dirname, '..'), encoding: 'utf8', timeout: 250_000, maxBuffer: 1 << 26 } as const
const run = (words: readonly string[], stdio: StdioOptions = 'pipe') => spawnSync(process.execPath, words, { ...environment, stdio })

/** Of each gateway at 127.0.0.11 to 17, which send one product each. */
const gatewaysOf = (text: string) =>
  [...text.matchAll(/^ +\d+ {2}127\.0\.0\.1\d {2}(.+?) {2,}.* ([\d.]+) %/gm)].map(([, product, parsed]) => ({
    product,
    parsed: Number(parsed),
  }))

function checkFigures(t: Test, text: string): void {
  const gateways = gatewaysOf(text)
  t.equal(new Set(gateways.map(({ product }) => product)).size, 7, 'seven gateways, seven products')
  t.ok(
    gateways.every(({ parsed }) => parsed > 99),
    `nearly all is parsed: ${JSON.stringify(gateways)}`,
  )
  t.ok(Number(/([\d.]+) bytes each/.exec(text)?.[1]) > 0, 'what was sent has a size')
}

t.test('with nothing beside the project each gateway is a product of its own', async t => {
  const { status, stdout } = run(['scripts/demo.ts', '--fixtures'])
  t.equal(status, 0, 'every message is accounted for')
  checkFigures(t, stdout)
})

t.test('the demo leaves both running when asked to, and says how to look at them and end them', async t => {
  // what is left running has the demo's stderr; a pipe would stay open
  const { status, stdout } = run(['scripts/demo.ts', '--keep'], ['ignore', 'pipe', 'ignore'])
  const [stop, agent, central, folder] = /^ {2}kill (\d+) (\d+); .* rm -r (\S+)$/m.exec(stdout) ?? []
  t.ok(stop, 'it says how to stop them')
  if (stop === undefined) return
  let isStopped = false
  t.teardown(() => {
    if (isStopped) return
    for (const id of [agent, central]) process.kill(Number(id), 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  t.equal(status, 0, 'every message is accounted for')
  checkFigures(t, stdout)
  const commands = [...stdout.matchAll(/^ {2}(node_modules\/.bin\/node .+)$/gm)].map(([, line]) => line.replace(' --watch', ''))
  t.equal(commands.length, 3)
  // as a newcomer has it: no Node of the project in the path
  for (const line of commands) {
    const { status, stderr } = spawnSync('sh', ['-c', line], { ...environment, env: { PATH: '/usr/bin:/bin' } })
    t.equal(status, 0, `${line}: ${stderr}`)
  }
  const { status: stopped, stderr } = spawnSync('sh', ['-c', stop.trim()], environment)
  isStopped = stopped === 0
  t.equal(stopped, 0, `the line that stops them works: ${stderr}`)
  t.notOk(existsSync(folder), 'nothing is left')
})
