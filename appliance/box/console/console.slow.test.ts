// The real program on a real pseudo-terminal: tmux is the screen, and beside it a real agent and a real central.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { blockedLine, cyberalarm, sendTcp, startAgent, temporaryFolder, until, writeSettings } from '../../../agent/testing/harness.ts'
import { startCentral } from '../../../central-stub/central.ts'
import { boxPathsBelow } from '../paths.ts'

t.setTimeout(120_000)
const skip = spawnSync('tmux', ['-V']).status === 0 ? false : 'tmux is not installed'
const main = join(import.meta.dirname, '../main.ts')

interface Screen {
  text(): string
  type(...keys: string[]): void
  /** Bytes as they are, without names of keys. */
  send(text: string): void
  resize(columns: number, rows: number): void
  see(pattern: RegExp): Promise<string>
  pid(): number
  terminal(): string
}

function startConsole(t: Test, root: string, columns = 80, rows = 25): Screen {
  const socket = join(root, 'tmux')
  const tmux = (...words: string[]) =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
    })
  const command = `${process.execPath} ${main} console --root ${root}; echo ended with $?; stty -a; cat`
  tmux(
    '-u',
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    String(rows),
    `env -u NODE_OPTIONS ${command.replace('; echo', ' 2>&1; echo')}`,
  )
  tmux('set', '-g', 'status', 'off')
  t.teardown(() => tmux('kill-server'))
  const screen: Screen = {
    text: () => tmux('capture-pane', '-p'),
    type: (...keys) => void tmux('send-keys', ...keys),
    send: text => void tmux('send-keys', '-l', text),
    resize: (x, y) => void tmux('resize-window', '-x', String(x), '-y', String(y)),
    see: pattern => until(screen.text, text => pattern.test(text)),
    terminal: () => tmux('display-message', '-p', '#{pane_tty}').trim(),
    pid: () => Number(execFileSync('pgrep', ['-f', '-n', `main.ts console --root ${root}`], { encoding: 'utf8' })),
  }
  return screen
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function box(t: Test) {
  const folder = temporaryFolder(t)
  const root = join(folder, 'box')
  const central = await startCentral({ folder: join(folder, 'central') })
  t.teardown(() => central.close())
  writeSettings(root, central, { 'syslog.udp': '127.0.0.1:0' })
  const paths = boxPathsBelow(root)
  for (const one of [paths.reports, join(paths.enrolmentReport, '..'), join(paths.requestedSettings, '..')])
    mkdirSync(one, { recursive: true })
  const agent = await startAgent(root)
  t.teardown(() => agent.kill())
  const tell = (path: string, report: object) => writeFileSync(path, JSON.stringify({ at: new Date().toISOString(), ...report }))
  return { root, central, agent, paths, tell }
}

t.test('from the invitation to the first receipt', { skip }, async t => {
  const { root, central, agent, paths, tell } = await box(t)
  writeFileSync(paths.member, 'member.networks = 198.51.100.0/24\n')
  tell(paths.settingsReport, { hostName: 'fw-logs', sources: [] })
  const screen = startConsole(t, root)
  await screen.see(/Welcome\. This box is ready to be enrolled: press E/)
  const code = await central.makeCode()
  screen.type('e')
  await screen.see(/Enrolment code/)
  screen.send(code.toLowerCase())
  await screen.see(/the check letter is correct/)
  screen.type('Tab', 'Enter')
  t.notMatch(await screen.see(/entered; the check letter is correct/), code)
  await pause(600)
  screen.type('y')
  await until(
    () => existsSync(paths.requestedSettings),
    isThere => isThere,
  )
  t.equal(readFileSync(paths.requestedSettings, 'utf8'), `member.networks = 198.51.100.0/24\nenrolment.code = ${code}\n`)
  t.equal(statSync(paths.requestedSettings).mode & 0o777, 0o600)
  t.same(readdirSync(join(paths.requestedSettings, '..')), ['cyberalarm.conf'])
  t.match(await screen.see(/Applying the settings/), /^(?![\s\S]*ABCD)/)
  rmSync(paths.requestedSettings)
  tell(paths.settingsReport, { hostName: 'fw-logs', sources: [{ name: 'console', state: 'used', faults: [] }] })
  tell(paths.enrolmentReport, { state: 'trying' })
  await screen.see(/in use[\s\S]*Asking central/)
  t.equal((await cyberalarm(root, 'enrol', code)).code, 0)
  tell(paths.enrolmentReport, { state: 'enrolled' })
  await screen.see(/This box is enrolled/)
  screen.type('Enter')
  await sendTcp(agent.tcpPort, [blockedLine(1), blockedLine(2)])
  await screen.see(/Connected to central, last receipt \d+ s ago/)
  t.match(await screen.see(/Gateways \(1\)/), /127\.0\.0\.1 +Linux netfilter +2 /)
})

t.test('no key ends it or gives anything but pages, and garbage leaves nothing behind', { skip }, async t => {
  const { root, paths } = await box(t)
  const screen = startConsole(t, root)
  await screen.see(/Welcome/)
  const pid = screen.pid()
  screen.type('C-c', 'C-z', 'C-\\', 'C-d', 'C-s', 'C-q', 'C-v', 'C-]', 'F1', 'F12', 'M-x', 'BTab')
  screen.send('\x1b[200~rm -rf /\x1b[201~\x1b]0;x\x07\x1b[c')
  for (let i = 0; i < 10; i++)
    screen.send(Array.from({ length: 1000 }, (_, j) => String.fromCharCode(1 + ((i * 131 + j * 73) % 255))).join(''))
  await pause(300)
  screen.type('Escape')
  await pause(200)
  screen.type('Escape')
  t.match(await screen.see(/^ {2}CyberAlarm .*\n\n {2}┌─+┐\n/), /Welcome/, 'the screen is whole')
  t.equal(screen.pid(), pid, 'the same process')
  t.same(readdirSync(join(paths.requestedSettings, '..')), [])
})

t.test('fills any size, and comes back whole after another program wrote on its screen', { skip }, async t => {
  const { root } = await box(t)
  const screen = startConsole(t, root)
  const isWhole = (text: string) => /^ {2}CyberAlarm [\s\S]*\n {2}\[N\] Network [^\n]*\n*$/.test(text)
  t.match(await until(screen.text, isWhole), /\[D\] Diagnostics to USB/)
  for (const [columns, rows] of [
    [132, 50],
    [40, 12],
    [80, 25],
  ]) {
    screen.resize(columns, rows)
    const text = await until(screen.text, now => isWhole(now) && now.trimEnd().split('\n').length === rows)
    t.ok(
      text.split('\n').every(line => line.length <= columns),
      `${columns} x ${rows}`,
    )
  }
  // as the kernel does, whose messages go to the same screen
  writeFileSync(screen.terminal(), '\r\n[ 12.3] something happened\r\n'.repeat(5))
  await screen.see(/something happened/)
  screen.type('C-l')
  t.notMatch(await until(screen.text, isWhole), /something happened/)
})

t.test('gives the terminal back when it is told to end', { skip }, async t => {
  const { root } = await box(t)
  const screen = startConsole(t, root)
  await screen.see(/Welcome/)
  process.kill(screen.pid(), 'SIGTERM')
  const text = await screen.see(/ended with 0[\s\S]*-?echo /)
  t.match(text, /isig/)
  t.notMatch(text, /-isig|-icanon|-echo /)
})

t.test('says so when the agent does not run, when a request cannot be left, and when nobody answers', { skip }, async t => {
  const folder = temporaryFolder(t)
  const root = join(folder, 'box')
  mkdirSync(root)
  // a file where the folder should be
  mkdirSync(join(root, 'var/lib/cyberalarm-box'), { recursive: true })
  writeFileSync(join(root, 'var/lib/cyberalarm-box/wanted'), '')
  const screen = startConsole(t, root)
  await screen.see(/agent does not answer: no agent is running|Waiting for the network/)
  screen.type('d')
  await screen.see(/press Enter/)
  await pause(600)
  screen.type('Enter')
  t.match(await screen.see(/could not be started/), /Cannot write to the disk/)
})
