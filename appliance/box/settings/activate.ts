// Has running services take up what changed. At boot none of them runs yet, and nothing may wait for one: their start waits
// for us, so whoever restarted one and waited would wait for ever.
import { hostname } from 'node:os'
import type { NetworkBackend, NetworkPlan } from '../network/plan.ts'
import type { RunTool } from '../tools.ts'

export interface Activation {
  /** undefined: it could not be written, and there is nothing to take up. */
  readonly changed: { readonly [What in 'network' | 'agent' | 'time' | 'openPorts' | 'code']: boolean | undefined }
  readonly backend: NetworkBackend
  readonly plan: NetworkPlan
  readonly hostName: string
}

/** Gives what did not work. */
export async function activate(run: RunTool, { changed, backend, plan, hostName }: Activation): Promise<string[]> {
  const faults: string[] = []
  const call = async (words: readonly string[]) => {
    const [name, ...rest] = words
    const result = await run(name, rest)
    if (result.kind === 'failed') faults.push(result.text)
    else if (result.kind === 'done' && result.code !== 0)
      faults.push(`${words.join(' ')}: ${(result.error || result.out.toString('utf8').trim() || `exit code ${result.code}`).slice(0, 300)}`)
  }
  const runs = async (unit: string): Promise<boolean> => {
    const result = await run('systemctl', ['is-active', '--quiet', unit])
    return result.kind === 'done' && result.code === 0
  }
  /** Units that take a while to start are restarted without waiting for them. */
  const restart = async (unit: string) => {
    if (await runs(unit)) await call(['systemctl', '--no-block', 'restart', unit])
  }

  // the service that sets it starts late, and network and agent would wait for it with us
  if (hostname() !== hostName) await call(['systemd-run', '--no-block', '--quiet', 'hostnamectl', '--transient', 'set-hostname', hostName])
  if (changed.network === true && (await runs(backend.unit))) for (const words of backend.reload(plan)) await call(words)
  // at boot the rules may be about to be loaded, or have been loaded a moment ago
  if (changed.openPorts === true) await call(['systemctl', '--no-block', 'try-restart', 'cyberalarm-rules.service'])
  if (changed.time === true && (await runs('chronyd.service'))) await call(['chronyc', 'reload', 'sources'])
  // it takes up what it can and restarts for the rest
  if (changed.agent === true && (await runs('cyberalarm-agent.service')))
    await call(['systemctl', '--no-block', 'reload-or-restart', 'cyberalarm-agent.service'])
  // it holds the code and the way to central of its start; where it does not run, its path unit starts it
  if (changed.code === true || changed.agent === true) await restart('cyberalarm-enrol.service')
  return faults
}
