import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { commands } from './commands.ts'
import { enrolBox, makeBatch, makeCsr, newKey, post, send, targetOf, zeroHash } from './test-box.ts'

const main = new URL('./main.ts', import.meta.url).pathname
const folder = join(t.testdir(), 'central')

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

t.test('help teaches every command, and a wrong line says what is wrong', async t => {
  const { status, stdout } = run('--help')
  t.equal(status, 0)
  for (const { name } of commands) t.match(stdout, `  ${name} `)
  t.match(run('code', '--help'), {
    status: 0,
    stdout: /^usage: node central-stub\/main.ts code --member NAME --folder DIR \[options\][\s\S]*--hours HOURS .*\(default 72\)/,
  })
  t.match(run('fly'), { status: 2, stderr: /no command 'fly'/ })
  t.match(run('stat', '--folder', folder), { status: 2, stderr: /did you mean 'stats'\?/ })
  t.match(run('constructor'), { status: 2 })
  t.match(run('code', '--folder', folder), { status: 2, stderr: /--member is missing/ })
  t.match(run('code', '--folder', folder, '--member', 'a', '--hours', 'soon'), { status: 2, stderr: /--hours is a whole number/ })
  t.match(run('stats', '--folder', folder, '--verbose'), { status: 2, stderr: /--verbose/ })
  t.match(run('stats', '--folder', folder), { status: 1, stderr: /no central runs on/ })
  t.notOk(existsSync(folder), 'nothing was made')
})

t.test('one command starts it, the others talk to it', async t => {
  const child: ChildProcess = spawn(process.execPath, [main, 'run', '--folder', folder, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  if (child.stdout === null) throw new Error('no output')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const said = JSON.parse(line)
  t.match(said, { listening: /^https:\/\/localhost:\d+$/, pins: [/^sha256\//] })
  t.equal(statSync(join(folder, 'admin.sock')).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'register.sqlite')).mode & 0o777, 0o600)
  const target = targetOf({ port: Number(new URL(said.listening).port) }, folder)

  const code = run('code', '--folder', folder, '--member', 'St Example School').stdout.trim()
  t.match(code, /^([0-9A-Z]{4}-){4}[0-9A-Z]$/)
  const box = await enrolBox(target, code)
  const batch = await makeBatch(box, 1, zeroHash)
  t.equal((await send(box, batch)).status, 200)
  t.match(JSON.parse(run('stats', '--folder', folder, '--json').stdout), { devices: 1, batches: 1, rows: 3, events: 6, messages: 6 })
  t.match(run('stats', '--folder', folder).stdout, /disk +\d+ MiB free.*refused\n.*messages +6\n.*shed +0 batches/s)
  t.match(run('top', '--folder', folder).stdout, /sources\n +2 {2}192\.0\.2\.1\n/)
  t.match(run('revoke', '--folder', folder, '--device', 'me'), { status: 1, stderr: /device/ })
  t.match(run('revoke', '--folder', folder, '--device', box.device), { status: 0, stdout: '1 certificates revoked\n' })
  t.equal((await send(box, batch)).body.code, 'certificate-revoked')
  t.match(run('code', '--folder', folder, '--member', 'a\u0007b'), { status: 1, stderr: /control characters/ })
  await enrolBox(target, run('code', '--folder', folder, '--member', 'St \u202eelpmaxE').stdout.trim())
  t.match(run('stats', '--folder', folder).stdout, / {2}St \\u202eelpmaxE\n/, 'nothing that turns the direction of text')
  t.match(run('stats', '--folder', folder, '--json').stdout, /"St \\u202eelpmaxE"/)
  const short = run('code', '--folder', folder, '--member', 'a', '--hours', '0')
  t.equal(short.status, 1, 'a code that is never good is not made')

  t.match(run('run', '--folder', folder, '--port', '0'), { status: 1, stderr: /lock/ }, 'one folder, one central')
  t.equal((await post(target, '/v1/enrol', { code, csr: await makeCsr(newKey()) })).status, 403, 'and the first goes on')
  child.kill('SIGTERM')
  const [status] = await once(child, 'exit')
  t.equal(status, 0)
  t.notOk(existsSync(join(folder, 'admin.sock')))
})
