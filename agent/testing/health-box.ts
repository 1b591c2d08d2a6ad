// A box for tests of health: a real agent below a folder, to which the machine's own /proc and /sys are shown, or stand-ins for them.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import type { CheckName } from '../health/report/words.ts'
import type { Status } from '../health/status-schema.ts'
import { type AgentProcess, type CentralAddress, type Start, startAgent, temporaryFolder, until, writeSettings } from './harness.ts'

export interface HealthBox {
  readonly root: string
  start(how?: Start): Promise<AgentProcess>
}

export interface HealthBoxOptions {
  readonly central?: CentralAddress
  readonly settings?: Readonly<Record<string, string>>
  /** Text of files below the root that stand in for those of a machine; without it the machine's own are shown. */
  readonly machine?: Readonly<Record<string, string>>
}

export function healthBox(t: Test, { central, settings = {}, machine }: HealthBoxOptions = {}): HealthBox {
  const root = join(temporaryFolder(t), 'box')
  mkdirSync(root)
  if (machine === undefined) for (const name of ['proc', 'sys']) symlinkSync(`/${name}`, join(root, name))
  else writeFiles(root, machine)
  writeSettings(root, central, settings)
  return {
    root,
    start: async how => {
      const agent = await startAgent(root, how)
      t.teardown(() => agent.kill())
      return agent
    },
  }
}

export function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

export const checkOf = (status: Status, name: CheckName): Status['health'][number] | undefined =>
  status.health.find(({ check }) => check === name)

/** Waits until a check stands so, and gives what is said of it then; '' where nothing is. */
export async function whenCheck(agent: AgentProcess, name: CheckName, level: 'ok' | 'warn' | 'bad', ms = 60_000): Promise<string> {
  const status = await until(agent.status, one => checkOf(one, name)?.level === level, ms)
  return status.findings.map(({ detail, code }) => `${detail} [${code}]`).join('\n')
}
