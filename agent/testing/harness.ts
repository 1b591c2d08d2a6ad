// What end-to-end tests stand on: a real agent as a process of its own, a real central, real sockets, in a folder.
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Status, statusSchema } from '../health/status-schema.ts'
import { askStatus } from '../health/status-socket.ts'
import { writeDurable } from '../lib/durable-file.ts'
import { pathsBelow } from '../paths.ts'

interface Teardown {
  teardown(done: () => void): unknown
}

/** A folder with a short name (Unix sockets allow 107 bytes of path), gone after the test. */
export function temporaryFolder(t: Teardown, below = tmpdir()): string {
  const folder = mkdtempSync(join(below, 'ca-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The same in memory where there is such a place: flushes cost nothing there. */
export const memoryFolder = (t: Teardown): string => temporaryFolder(t, existsSync('/dev/shm') ? '/dev/shm' : tmpdir())

const main = join(import.meta.dirname, '../main.ts')
const own = join(import.meta.dirname, '../..')
/** These tests start hundreds of processes, and half of the time that takes is compiling the same files. */
const compiled = join(tmpdir(), 'node-compile-cache')
/**
 * Starts `cyberalarm` with the words given, as it is started in the field: without the hooks that the test runner puts into
 * every Node.js below it through the environment, because those end a process at its first signal.
 */
export const spawnCyberalarm = (words: readonly string[], how: Start = {}): ChildProcessWithoutNullStreams => {
  const program = how.isRelease
    ? [join(how.checkout ?? own, 'build/release/agent/bin/cyberalarm')]
    : [process.execPath, ...(how.nodeOptions ?? []), main]
  const clean = ['env', '-u', 'NODE_OPTIONS', `NODE_COMPILE_CACHE=${compiled}`]
  const [first, ...rest] = [...(how.inside ?? []), ...clean, ...program, ...words]
  return spawn(first, rest)
}

export interface Start {
  /** A command that runs the command behind it: in a namespace, for example. */
  readonly inside?: readonly string[]
  readonly nodeOptions?: readonly string[]
  /** As a box runs it, from build/release (`make release`). */
  readonly isRelease?: boolean
  /** Whose release; this one's if nothing is said. */
  readonly checkout?: string
}

export interface AgentProcess {
  readonly root: string
  readonly child: ChildProcess
  readonly udpPort: number
  readonly tcpPort: number
  readonly tlsPort: number
  /** What it wrote to standard error so far. */
  log(): string
  status(): Promise<Status>
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface CentralAddress {
  readonly url: string
  readonly pins: readonly string[]
}

/** Settings of a test box: free ports of the loopback, and a central. */
export function writeSettings(root: string, central: CentralAddress | undefined, more: Readonly<Record<string, string>> = {}): void {
  const settings = {
    'syslog.udp': '127.0.0.1:0',
    'syslog.tcp': '127.0.0.1:0',
    'syslog.tls': 'off',
    'member.networks': '198.51.100.0/24',
    ...(central === undefined ? {} : { 'central.url': central.url, 'central.pins': central.pins.join(' ') }),
    ...more,
  }
  const { settings: path } = pathsBelow(root)
  mkdirSync(join(path, '..'), { recursive: true })
  // for good, as on a box: tests cut the power soon after
  writeDurable(
    path,
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  )
}

/** Runs a verb to its end. */
export async function cyberalarm(root: string, ...words: string[]): Promise<{ code: number | null; out: string; error: string }> {
  return runToEnd([...words, '--root', root])
}

/** The same without a root, with text on its standard input. */
export async function runToEnd(
  words: readonly string[],
  input = '',
  how?: Start,
): Promise<{ code: number | null; out: string; error: string }> {
  const child = spawnCyberalarm(words, how)
  let out = ''
  let error = ''
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (error += chunk))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, error }
}

/** Starts `cyberalarm run` and waits until it listens. */
export async function startAgent(root: string, how?: Start): Promise<AgentProcess> {
  const child = spawnCyberalarm(['run', '--json', '--root', root], how)
  let log = ''
  child.stderr.on('data', chunk => (log += chunk))
  const closed = once(child, 'close')
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), closed.then(() => undefined)])
  if (first === undefined) throw new Error(`the agent did not start:\n${log}`)
  // read by the schema, so that every test of a real agent is one of the schema too; another checkout may have another schema
  const readStatus = (answer: unknown) => (how?.checkout === undefined ? statusSchema.parse(answer) : (answer as Status))
  const started = readStatus(JSON.parse(String(first[0])))
  const port = (name: string) =>
    Number(
      started.sources
        .find(source => source.name === name)
        ?.address.split(':')
        .pop() ?? 0,
    )
  return {
    root,
    child,
    udpPort: port('udp'),
    tcpPort: port('tcp'),
    tlsPort: port('tls'),
    log: () => log,
    status: async () => readStatus(await askStatus(pathsBelow(root).statusSocket)),
    kill: async (signal = 'SIGKILL') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await closed
    },
  }
}

/** Sends lines over one TCP connection; resolves when all are handed to the kernel and the connection is closed. */
export async function sendTcp(port: number, lines: readonly string[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.end(lines.map(line => `${line}\n`).join(''))
  socket.resume()
  await once(socket, 'close')
}

/** Asks until the answer is good; throws with the last one after `ms`. */
export async function until<T>(ask: () => T | Promise<T>, isGood: (answer: T) => boolean, ms = 20_000): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const answer = await ask()
    if (isGood(answer)) return answer
    if (performance.now() > deadline) throw new Error(`not in ${ms} ms; last: ${JSON.stringify(answer)?.slice(0, 2000)}`)
    await sleep(50)
  }
}

/** Sums of the accounting over all inputs. */
export function sums(status: Pick<Status, 'accounting'>): Record<string, number> {
  const sum = (
    name: 'received' | 'sent' | 'merged' | 'droppedTotal' | 'ignored' | 'unreadable' | 'waiting' | 'spooled' | 'shed' | 'unaccounted',
  ) => status.accounting.reduce((total, input) => total + input[name], 0)
  return Object.fromEntries(
    (['received', 'sent', 'merged', 'droppedTotal', 'ignored', 'unreadable', 'waiting', 'spooled', 'shed', 'unaccounted'] as const).map(
      name => [name, sum(name)],
    ),
  )
}

/** A blocked connection as a Linux gateway says it; every number gives another source and port, so none is merged. */
export function blockedLine(number: number): string {
  const source = `203.0.113.${1 + (number % 250)}`
  return `<4>Nov 20 12:00:00 gw kernel: [DROP]IN=eth0 OUT= MAC= SRC=${source} DST=198.51.100.10 LEN=44 TTL=244 ID=1 PROTO=TCP SPT=${1024 + (number % 60000)} DPT=${1 + (number % 65000)} WINDOW=1024 SYN`
}
