// Central as a process of its own, for tests that kill it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { askAdmin } from '../../central-stub/operator/admin.ts'
import type { CentralAddress, Start } from './harness.ts'

const main = join(import.meta.dirname, '../../central-stub/main.ts')

export interface CentralProcess extends CentralAddress {
  readonly child: ChildProcess
  makeCode(): Promise<string>
  kill(): Promise<void>
  /** From now on it outlives this process. */
  leaveRunning(): void
}

/** Starts central on a folder; `port` 0 takes a free one, `name` is how boxes reach it, `options` are more of its command line. */
export async function startCentralProcess(
  folder: string,
  port = 0,
  {
    inside = [],
    name = 'localhost',
    options = [],
  }: Pick<Start, 'inside'> & { readonly name?: string; readonly options?: readonly string[] } = {},
): Promise<CentralProcess> {
  const [command, ...words] = [
    ...inside,
    process.execPath,
    main,
    'run',
    '--folder',
    folder,
    '--port',
    String(port),
    '--name',
    name,
    ...options,
  ]
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  // a test that ends by an error of its own leaves none behind
  const end = () => child.kill('SIGKILL')
  const leaveRunning = () => void process.off('exit', end)
  process.once('exit', end)
  child.once('close', leaveRunning)
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), closed.then(() => undefined)])
  if (first === undefined) throw new Error('central did not start')
  const { listening, pins } = JSON.parse(String(first[0])) as { listening: string; pins: string[] }
  return {
    url: listening,
    pins,
    child,
    makeCode: async () => String(await askAdmin(folder, { ask: 'code', member: 'member', hours: 1 })),
    kill: async () => {
      child.kill('SIGKILL')
      await closed
    },
    leaveRunning,
  }
}
