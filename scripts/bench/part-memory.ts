// Part `memory`: what the agent holds while it works for long, while a million sources come by, and while the spool is full.
import { copyBox, type RunningAgent, runAgent } from './agent.ts'
import type { Context, Part } from './context.ts'
import { figure, median } from './numbers.ts'
import { peakResidentBytes, sampleMemory } from './process-cost.ts'
import { send } from './sender.ts'
import { settled } from './subject.ts'

const RATE = 50_000
const SOURCES = 1_000_000
const QUOTA_MIB = { full: 8, quick: 2 } as const
const FILL_ROUNDS = 40
/** A spool of whole batches is full before its last byte. */
const FULL = 0.9

export const memoryPart: Part = {
  name: 'memory',
  title: `resident memory of the agent at ${RATE} a second`,
  run: async context => {
    await withAgent(context, {}, running => longWork(context, running))
    await withAgent(context, {}, running => manySources(context, running))
    const quotaMib = QUOTA_MIB[context.quick ? 'quick' : 'full']
    await withAgent(context, { 'spool.quotaMiB': String(quotaMib) }, running => fullSpool(context, running, quotaMib))
  },
}

async function withAgent(
  { temporary, box }: Context,
  settings: Readonly<Record<string, string>>,
  use: (running: RunningAgent) => Promise<void>,
) {
  const running = await runAgent(copyBox(temporary, box, settings), 'udp')
  try {
    await use(running)
  } finally {
    await running.stop()
  }
}

/** Sends and takes a sample each second; what was sent before must have been worked off. */
async function watch(running: RunningAgent, plan: Parameters<typeof send>[0]): Promise<readonly number[]> {
  const samples = sampleMemory(running.pid, 1000)
  const before = await running.count()
  const { sent } = await send({ ...plan, port: running.port })
  await settled(running, before.received + before.lost + sent)
  samples.stop()
  return samples.bytes.map(bytes => bytes / 1e6)
}

async function longWork({ quick, workload, results, say }: Context, running: RunningAgent): Promise<void> {
  const samples = await watch(running, { file: workload.file, count: RATE * (quick ? 6 : 60), rate: RATE, port: 0 })
  const third = Math.floor(samples.length / 3)
  const growth = median(samples.slice(-third)) - median(samples.slice(third, 2 * third))
  say(
    `  long work: ${samples.length} samples, at most ${figure(Math.max(...samples))} MB; last third ${figure(growth)} MB above the middle one`,
  )
  results.add('memory.samples', 'Resident memory, one sample a second', 'MB', ...samples)
  results.add('memory.long', `Resident memory at ${RATE}/s, highest`, 'MB', peakResidentBytes(running.pid) / 1e6)
  results.add('memory.growth', 'Growth from the middle third of the run to the last', 'MB', growth)
}

async function manySources({ quick, distinct, results, say }: Context, running: RunningAgent): Promise<void> {
  const sources = quick ? SOURCES / 10 : SOURCES
  await watch(running, { file: distinct, count: sources, rate: RATE, port: 0, distinct: sources })
  const peak = peakResidentBytes(running.pid) / 1e6
  say(`  ${sources} sources: at most ${figure(peak)} MB`)
  results.add(`memory.sources.${sources}`, `Resident memory with ${sources.toLocaleString('en-US')} sources, highest`, 'MB', peak)
}

async function fullSpool({ distinct, workload, results, say }: Context, running: RunningAgent, quotaMib: number): Promise<void> {
  const isFull = async () => {
    const { queue } = await running.agent.status()
    return queue.bytes > queue.quotaBytes * FULL
  }
  for (let round = 0; round < FILL_ROUNDS && !(await isFull()); round++)
    await watch(running, { file: distinct, count: 200_000, rate: RATE * 2, port: 0, distinct: 2 ** 31 - 1 })
  const wasFull = await isFull()
  await watch(running, { file: workload.file, count: RATE * 5, rate: RATE, port: 0 })
  const peak = peakResidentBytes(running.pid) / 1e6
  say(`  spool of ${quotaMib} MiB${wasFull ? '' : ' NOT'} full: at most ${figure(peak)} MB`)
  const measure = results.add('memory.spool', `Resident memory with a full spool (${quotaMib} MiB), highest`, 'MB', peak)
  if (!wasFull) measure.note = 'the spool did not get full'
}
