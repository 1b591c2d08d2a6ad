// Part `scaling`: that a message costs the same however many there were before it, however many sources they came from, and
// however much waits in the spool.
import { rmSync } from 'node:fs'
import { copyBox, runAgent } from './agent.ts'
import { addBacklog } from './backlog.ts'
import type { Context, Part } from './context.ts'
import { type Cost, costOf } from './cost.ts'
import { figure } from './numbers.ts'
import { send } from './sender.ts'
import { settled } from './subject.ts'

const RATE = 100_000
const WARM_UP = 200_000
const MILLION = 1_000_000
/** Messages since the start at which the cost of those since the step before is taken. */
const messageSteps = { full: [0.25, 0.5, 1, 2, 4], quick: [0.2, 0.4] } as const
const sourceSteps = { full: [1000, 10_000, 100_000, MILLION], quick: [1000, 100_000] } as const
const backlogSteps = { full: [0, 100, 1000], quick: [0, 200] } as const

export const scalingPart: Part = {
  name: 'scaling',
  title: 'how the cost of a message grows',
  run: async context => {
    const of = <T>(steps: { full: T; quick: T }): T => (context.quick ? steps.quick : steps.full)
    for (let run = 1; run <= context.runs; run++) {
      await byMessages(context, of<readonly number[]>(messageSteps))
      for (const sources of of<readonly number[]>(sourceSteps)) await bySources(context, sources)
    }
    for (const batches of of<readonly number[]>(backlogSteps)) await byBacklog(context, batches)
  },
}

function note({ results, say }: Context, series: string, at: number, unit: string, cost: Cost): void {
  const place = at.toLocaleString('en-US')
  const notKept = cost.lost + cost.missing + cost.shed
  say(
    `  ${place.padStart(9)} ${unit.padEnd(20)} ${figure(cost.microseconds)} µs a message, ${figure(cost.residentBytes / 1e6)} MB${notKept === 0 ? '' : `, ${notKept} lost or shed`}`,
  )
  const measure = results.add(`scaling.${series}.${at}`, `CPU a message, ${place} ${unit}`, 'µs', cost.microseconds)
  if (notKept > 0) measure.note = `${notKept} lost or shed in a run`
  results.add(`scaling.${series}.${at}.resident`, `Resident memory, ${place} ${unit}, highest`, 'MB', cost.residentBytes / 1e6)
}

/** One agent, and more and more messages. */
async function byMessages(context: Context, millions: readonly number[]): Promise<void> {
  const { temporary, box, workload } = context
  const running = await runAgent(copyBox(temporary, box), 'udp')
  try {
    await send({ file: workload.file, count: WARM_UP, rate: RATE, port: running.port })
    await settled(running, WARM_UP)
    let before = 0
    for (const at of millions) {
      const count = Math.round((at - before) * MILLION)
      note(
        context,
        'messages',
        at * MILLION,
        'messages',
        await costOf(running, { file: workload.file, warmUp: 0, count, rate: RATE * 1.5 }),
      )
      before = at
    }
  } finally {
    await running.stop()
  }
}

/** Every message is an event of its own, from one of so many sources: what differs is only how many there are. */
async function bySources(context: Context, sources: number): Promise<void> {
  const { temporary, box, distinct, quick } = context
  const running = await runAgent(copyBox(temporary, box), 'udp')
  const plan = { file: distinct, warmUp: 0, rate: RATE / 2, distinct: sources }
  const count = quick ? MILLION / 10 : Math.max(sources, MILLION * 0.3)
  try {
    await send({ ...plan, count: WARM_UP / 2, port: running.port })
    await settled(running, WARM_UP / 2)
    note(context, 'sources', sources, 'sources', await costOf(running, { ...plan, count }))
  } finally {
    await running.stop()
  }
}

async function byBacklog(context: Context, batches: number): Promise<void> {
  const { temporary, box, workload, quick, runs, results } = context
  const filled = copyBox(temporary, box)
  try {
    await addBacklog(filled, batches)
    for (let run = 1; run <= runs; run++) {
      const began = performance.now()
      const running = await runAgent(copyBox(temporary, filled), 'udp')
      try {
        results.add(`scaling.start.${batches}`, `Until it listens, ${batches} batches waiting`, 's', (performance.now() - began) / 1000)
        const { received } = await running.count()
        await send({ file: workload.file, count: WARM_UP / 2, rate: RATE / 2, port: running.port })
        await settled(running, received + WARM_UP / 2)
        const count = quick ? 50_000 : 250_000
        note(
          context,
          'backlog',
          batches,
          'batches waiting',
          await costOf(running, { file: workload.file, warmUp: 0, count, rate: RATE / 2 }),
        )
      } finally {
        await running.stop()
      }
    }
  } finally {
    rmSync(filled, { recursive: true, force: true })
  }
}
