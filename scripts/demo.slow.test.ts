// `make demo KEEP=1` as README has it: every message is accounted for, and agent and central are still there to be looked at.
import { type StdioOptions, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'

t.setTimeout(120_000)
const run = (words: readonly string[], stdio: StdioOptions = 'pipe') =>
  spawnSync(process.execPath, words, { cwd: join(import.meta.dirname, '..'), encoding: 'utf8', stdio, timeout: 60_000 })

t.test('the demo leaves both running when asked to, and says how to look at them and end them', async t => {
  // what is left running has the demo's stderr; a pipe would stay open
  const { status, stdout } = run(['scripts/demo.ts', '--keep'], ['ignore', 'pipe', 'ignore'])
  const ids = /^ {2}kill (\d+) (\d+) && rm -r (\S+)$/m.exec(stdout)
  t.ok(ids, 'it says how to stop them')
  if (ids === null) return
  const [, agent, central, folder] = ids
  t.teardown(async () => {
    for (const id of [agent, central]) process.kill(Number(id))
    await sleep(1000)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  t.equal(status, 0, 'every message is accounted for')
  const commands = [...stdout.matchAll(/^ {2}node (.+)$/gm)].map(([, words]) => words.split(' ').filter(word => word !== '--watch'))
  t.equal(commands.length, 3)
  for (const words of commands) {
    const { status, stderr } = run(words)
    t.equal(status, 0, `${words.join(' ')}: ${stderr}`)
  }
})
