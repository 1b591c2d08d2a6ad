// For tests of the addon: the addon and a sender, built if they are not there, and a network namespace.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const build = join(import.meta.dirname, 'build')
const flood = join(build, 'udp-flood')

function canRun(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Why the addon can't be tested here; undefined if it can. */
export function whyNoAddon(): string | undefined {
  if (process.platform !== 'linux') return 'the addon is for Linux'
  if (!canRun('cc', '--version')) return 'no C compiler'
  if (!existsSync(join(build, 'nflog.node')) && !canRun('bash', join(root, 'scripts', 'build-addon.sh'))) return 'the addon did not build'
  if (!existsSync(flood)) {
    const draft = `${flood}.${process.pid}`
    execFileSync('cc', ['-O2', '-o', draft, join(import.meta.dirname, 'bench', 'udp-flood.c')])
    renameSync(draft, flood)
  }
  return undefined
}

/** Why there can be no rules that log; undefined if there can. */
export function whyNoNamespace(): string | undefined {
  const reason = whyNoAddon()
  if (reason !== undefined) return reason
  if (!canRun('unshare', '-rn', 'true')) return 'this system allows no network namespace'
  if (!canRun('unshare', '-rn', 'ip', 'link', 'set', 'lo', 'up')) return 'no ip command'
  const rule = 'add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c log group 1'
  return canRun('unshare', '-rn', 'nft', rule) ? undefined : 'no nft command, or a kernel without nfnetlink_log'
}

/** Sends `count` datagrams of 250 bytes; resolves when they are sent. */
export function sendDatagrams(address: string, port: number, count: number, rate = 0): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  spawn(flood, [address, String(port), String(count), '250', String(rate)], { stdio: 'ignore' }).on('exit', code =>
    code === 0 ? resolve() : reject(new Error(`the sender ended with ${code}`)),
  )
  return promise
}

/** Runs a program of this folder in a network namespace of its own, which ends with it. Gives its output, parsed as JSON. */
export async function inNamespace(program: string, ...args: string[]): Promise<unknown> {
  const child = spawn('unshare', ['-rn', process.execPath, join(import.meta.dirname, program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  })
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  return JSON.parse(text)
}
