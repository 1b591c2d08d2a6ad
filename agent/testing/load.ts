// Hours of mixed load in one call: a real central, a real agent and a real sender in a network namespace, and what was seen.
//   node agent/testing/load.ts MINUTES     of the release (`make release`); prints a line every ten seconds

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessStatus, Status } from '../health/status-schema.ts'
import { startCentralProcess } from './central-process.ts'
import { repeatFixtures } from './fixtures.ts'
import { runToEnd, startAgent, until, writeSettings } from './harness.ts'
import type { LoadPlan, LoadSent } from './load-sender.ts'
import { openNamespace } from './namespace.ts'

const workload = join(import.meta.dirname, '../../../shared/bench/workload.mjs')
const sender = join(import.meta.dirname, 'load-sender.ts')
const GROUP = 514
const FROM = '203.0.113.5'
const TO = '198.51.100.10'
const rules = `table inet load {
  chain input {
    type filter hook input priority 0;
    ip daddr ${TO} log prefix "[GW-DROP] " group ${GROUP} snaplen 24 queue-threshold 64 drop
  }
}`
/** Short, so that what took the processor away can be told from what the agent did itself. */
const SAMPLE_MS = 1000
const REPORT_SAMPLES = 10
const RESOLUTION_MS = 10
/** Of /proc/stat (proc_stat(5)): a hundredth of a second on every Linux that Node.js runs on. */
const TICK_MS = 10
/** Twenty thousand a second in all. */
const rates = { udp: 14_000, tcp: 4000, packets: 2000 }
const LINES = 200_000

export interface LoadSample extends ProcessStatus {
  /** Since start: only what is longer than all before is judged. */
  readonly longestStallMs: number
  /** What the host of this virtual machine took from its processors since the sample before, all of them together. */
  readonly stolenMs: number
  /** How long the agent's main thread was ready since the sample before, and other programs had the processors. */
  readonly waitedMs: number
}

export interface LoadOutcome {
  readonly sent: LoadSent
  readonly last: Status
  readonly samples: readonly LoadSample[]
  /** How late this process was woken at worst, which had nothing to do: the machine's doing, not the agent's. */
  readonly machineStallMs: number
}

/** `folder` is kept; `minutes` of load, and a few seconds before and after. */
export async function runLoad(folder: string, minutes: number, report: (line: string) => void = () => undefined): Promise<LoadOutcome> {
  const namespace = await openNamespace([`${FROM}/32`, `${TO}/32`], rules)
  const central = await startCentralProcess(join(folder, 'central'), 0, namespace)
  writeSettings(folder, central, { 'nflog.groups': String(GROUP) })
  const enrolled = await runToEnd(['enrol', await central.makeCode(), '--root', folder], '', namespace)
  if (enrolled.code !== 0) throw new Error(enrolled.error)
  const agent = await startAgent(folder, { ...namespace, isRelease: true })
  const file = join(folder, 'messages')
  writeFileSync(file, messages())
  const plan: LoadPlan = {
    file,
    seconds: minutes * 60,
    udp: { port: agent.udpPort, rate: rates.udp },
    tcp: { port: agent.tcpPort, rate: rates.tcp },
    packets: { from: FROM, to: TO, rate: rates.packets },
  }
  const [command, ...words] = [...namespace.inside, 'env', '-u', 'NODE_OPTIONS', process.execPath, sender, JSON.stringify(plan)]
  const sending = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  sending.stdout.on('data', chunk => {
    output += chunk
  })
  const ended = once(sending, 'close')
  const samples: LoadSample[] = []
  const pid = agent.child.pid ?? 0
  let before = { stolenMs: stolenMs(), waitedMs: waitedMs(pid) }
  const control = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  control.enable()
  try {
    for (let isOver = false; !isOver; ) {
      isOver = await Promise.race([ended.then(() => true), sleep(SAMPLE_MS).then(() => false)])
      const status = await agent.status()
      if (status.process === null) throw new Error('a running agent knows what it takes')
      const now = { stolenMs: stolenMs(), waitedMs: waitedMs(pid) }
      const longestStallMs = status.process.longestStallSinceStartMs
      const [stolen, waited] = [now.stolenMs - before.stolenMs, now.waitedMs - before.waitedMs]
      const sample = { ...status.process, longestStallMs, stolenMs: stolen, waitedMs: waited }
      before = now
      samples.push(sample)
      if (samples.length % REPORT_SAMPLES === 0) report(lineOf(status, sample))
    }
    const sent = JSON.parse(output) as LoadSent
    const last = await until(
      () => agent.status(),
      status => status.queue.batches === 0 && status.accounting.every(({ waiting, spooled }) => waiting === 0 && spooled === 0),
      60_000,
    )
    report(lineOf(last, samples[samples.length - 1]))
    return { sent, last, samples, machineStallMs: Math.max(0, control.max / 1e6 - RESOLUTION_MS) }
  } finally {
    sending.kill()
    await agent.kill('SIGTERM')
    await central.kill()
    await namespace.close()
  }
}

/** Since the machine's start; the eighth number of the first line. */
function stolenMs(): number {
  return Number(readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/\s+/)[8] ?? 0) * TICK_MS
}

/** The second number of schedstat (Documentation/scheduler/sched-stats.rst of Linux), in nanoseconds; a process's first thread is its main one. */
function waitedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
}

function lineOf(status: Status, { residentBytes, cpuSeconds, longestStallMs, stolenMs }: LoadSample): string {
  const sum = (name: 'received' | 'unaccounted' | 'sent') => status.accounting.reduce((total, input) => total + input[name], 0)
  const lost = status.accounting.reduce((total, input) => total + (input.kernelLost ?? 0), 0)
  const memory = `${(residentBytes / 2 ** 20).toFixed(1)} MiB`
  return `${sum('received')} received, ${sum('sent')} sent, ${sum('unaccounted')} unaccounted, ${lost} lost by the kernel; ${memory}, ${cpuSeconds.toFixed(1)} s CPU, longest stall ${longestStallMs} ms, ${stolenMs} ms stolen by the host`
}

/** A day of a small member's gateways, or our own fixtures again and again. */
function messages(): string {
  if (existsSync(workload))
    return execFileSync(process.execPath, [workload, '--messages', String(LINES)], { encoding: 'latin1', maxBuffer: 1 << 28 })
  return repeatFixtures(LINES).join('\n')
}

if (import.meta.main) {
  const folder = process.argv[3] ?? join('build', 'load')
  const { sent, last, machineStallMs } = await runLoad(folder, Number(process.argv[2] ?? 60), console.log)
  console.log(JSON.stringify({ sent, machineStallMs, accounting: last.accounting }, null, 2))
}
