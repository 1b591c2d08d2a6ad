// Part `quiet`: what the agent takes where members live, at a thousand messages a second and at none: there it is waking up that costs.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Part } from './context.ts'
import { costOf } from './cost.ts'
import { figure } from './numbers.ts'
import { cpuOf, cpuSeconds } from './process-cost.ts'
import { send } from './sender.ts'
import { type Subject, settled } from './subject.ts'

const RATE = 1000
const SECONDS = { full: 30, quick: 10 } as const
const WARM_UP = 400_000
const WARM_UP_RATE = 100_000
/** Until garbage of the warm-up is gone, which is collected when there is time. */
const CALM_MS = 10_000

export const quietPart: Part = {
  name: 'quiet',
  title: `CPU at ${RATE} messages a second, and at none`,
  run: async context => {
    for (let run = 1; run <= context.runs; run++)
      for (const subject of context.subjects)
        if (subject.input === 'syslog' && subject.isRelayed !== true) await measure(context, subject, run)
  },
}

async function measure({ quick, workload, results, say, runs }: Context, subject: Subject, run: number): Promise<void> {
  const { name } = subject
  const running = await subject.start()
  try {
    await send({ file: workload.file, count: WARM_UP, rate: WARM_UP_RATE, port: running.port })
    await settled(running, WARM_UP)
    await sleep(CALM_MS)
    const seconds = SECONDS[quick ? 'quick' : 'full']
    const before = cpuSeconds(cpuOf(running.pid))
    await sleep(seconds * 1000)
    const idle = ((cpuSeconds(cpuOf(running.pid)) - before) * 1000) / seconds
    const cost = await costOf(running, { file: workload.file, warmUp: 0, count: RATE * seconds, rate: RATE })
    say(`  ${run}/${runs} ${name.padEnd(24)} ${figure(cost.microseconds)} µs a message, ${figure(idle)} ms a second without any`)
    results.add(`syslog.quiet.${name}`, `CPU a message, syslog at ${RATE}/s, ${name}`, 'µs', cost.microseconds)
    results.add(`syslog.idle.${name}`, `CPU a second without messages, ${name}`, 'ms', idle)
  } finally {
    await running.stop()
  }
}
