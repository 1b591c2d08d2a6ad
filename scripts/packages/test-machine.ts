// What tests install on: a machine in namespaces, with this one's files below a layer of its own, and a real systemd.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrorWithCode } from '../../agent/lib/durable-file.ts'

const script = join(import.meta.dirname, 'test-machine.sh')
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const START_MS = 120_000
const layer = '/.layer'

export interface CommandResult {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

export interface Machine {
  /** Put before a command, it runs the command outside but on the machine's network. */
  readonly network: readonly string[]
  /** Runs a command on the machine. */
  run(words: readonly string[], input?: string): CommandResult
  /** The same through a shell; throws an Error if it fails. */
  sh(line: string, input?: string): string
  /** Paths that it has of its own in these folders, beside or instead of the tree below its layer: `/usr/bin/node`; `- /etc/motd` is gone. */
  own(...folders: readonly string[]): string[]
  /** Starts it again, as after a loss of power: its files stay. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** Why there can be no such machine here; undefined if there can. */
export function whyNoMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'a machine in namespaces takes root'
  for (const file of ['/lib/systemd/systemd', '/usr/bin/dpkg', '/usr/bin/nsenter', '/usr/sbin/ip'])
    if (!existsSync(file)) return `there is no ${file}`
  const tried = spawnSync('unshare', [
    '-mpuinC',
    '--fork',
    'sh',
    '-c',
    'mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m && mount -t cgroup2 c /mnt/w',
  ])
  return tried.status === 0 ? undefined : `no namespaces with overlay and cgroup2 here: ${tried.stderr}`
}

/** `folder` is seen as /packages, and is where the machine's layer hangs, above the tree of files in `root`. */
export async function startMachine(folder: string, root = '/'): Promise<Machine> {
  const name = `cyberalarm-test-${process.pid}-${Math.floor(performance.now())}`
  const outside: ChildProcess = spawn('unshare', ['-m', 'sh', script, name, folder, root], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  outside.stderr?.on('data', chunk => (said += chunk))
  const closed = once(outside, 'close')
  let init = await firstProcess(outside, () => said)
  const enter = () => ['nsenter', '-t', String(init), '-m', '-p', '-u', '-i', '-n', '-C', 'env', '-i', path, 'LC_ALL=C']
  const run = (words: readonly string[], input = ''): CommandResult => {
    const [command, ...rest] = [...enter(), ...words]
    const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', input, timeout: 120_000 })
    return { code: status, out: stdout, error: stderr }
  }
  const machine: Machine = {
    get network() {
      return ['nsenter', '-t', String(init), '-n']
    },
    run,
    sh: (line, input) => {
      const { code, out, error } = run(['sh', '-c', line], input)
      if (code !== 0) throw new Error(`${line} ended with ${code}: ${out}${error}`)
      return out
    },
    // a folder of which nothing was changed is not in the layer
    own: (...folders) => readLayer(run(['find', ...folders.map(each => join(layer, each)), '-printf', '%y %p\\n']).out, root),
    restart: async () => {
      const before = init
      writeFileSync(join(folder, `${name}.restart`), '')
      process.kill(init, 'SIGKILL')
      init = await firstProcess(outside, () => said, before)
      await started()
    },
    close: async () => {
      process.kill(init, 'SIGKILL')
      await closed
      spawnSync('unshare', ['-m', 'sh', script, name, folder, root, 'clear'])
    },
  }
  const started = async () => {
    const deadline = performance.now() + START_MS
    while (!/running|degraded/.test(run(['systemctl', 'is-system-running']).out)) {
      if (performance.now() > deadline) throw new Error(`systemd did not start: ${said}`)
      await sleep(100)
    }
    machine.sh('systemctl start systemd-journald.socket systemd-journald.service')
  }
  await started()
  return machine
}

/** A character device stands for what is gone (overlayfs.rst of Linux, "whiteouts"); what lies below it too is only another content of it. */
function readLayer(text: string, root: string): string[] {
  return text.split('\n').flatMap(line => {
    const path = line.slice(2).replace(layer, '')
    const isBelow = path !== '' && lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined
    if (line.startsWith('c ')) return isBelow ? [`- ${path}`] : []
    return path === '' || isBelow ? [] : [path]
  })
}

/** The process that is 1 inside, and not `before`: systemd, once it has taken the place of the script. */
async function firstProcess(outside: ChildProcess, said: () => string, before?: number): Promise<number> {
  const deadline = performance.now() + START_MS
  for (;;) {
    if (outside.exitCode !== null || performance.now() > deadline) throw new Error(`the machine did not start: ${said()}`)
    const child = childOf(childOf(String(outside.pid)))
    if (child !== '' && Number(child) !== before && commandOf(child).includes('/systemd')) return Number(child)
    await sleep(50)
  }
}

const childOf = (id: string): string => (id === '' ? '' : read(`/proc/${id}/task/${id}/children`).trim().split(' ')[0])
const commandOf = (id: string): string => read(`/proc/${id}/cmdline`)

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT', 'ESRCH')) return '' // it has ended meanwhile; why, is said on the next look
    throw error
  }
}
