// Part `cost`: CPU a message of every program, at the same rate with the same messages, in turn in each run.
import type { Context, Part } from './context.ts'
import { type Cost, measureCost } from './cost.ts'
import { figure } from './numbers.ts'
import type { Subject } from './subject.ts'

export const RATE = 50_000
/** Of the agent, which V8 goes on compiling for about this many messages. */
const WARM_UP = 1_500_000
const WARM_UP_RATE = 150_000
const RELAY = '127.0.0.10'

export const costPart: Part = {
  name: 'cost',
  title: `CPU a message at ${RATE} a second`,
  run: async context => {
    for (let run = 1; run <= context.runs; run++) for (const subject of context.subjects) await measure(context, subject, run)
  },
}

async function measure({ quick, workload, packets, repeats, results, say, runs }: Context, subject: Subject, run: number): Promise<void> {
  const { name, input } = subject
  const file = input === 'nflog' ? packets : workload.file
  const source = subject.isRelayed === true ? RELAY : '0'
  const warm = subject.isSlowToWarm && !quick ? { warmUp: WARM_UP, warmUpRate: WARM_UP_RATE } : { warmUp: quick ? 100_000 : 150_000 }
  const plan = { file, ...warm, count: quick ? 100_000 : 250_000, rate: RATE, source }
  const [cost, repeated] = await measureCost(subject, plan, input === 'nflog' ? repeats : undefined)
  if (repeated !== undefined) {
    say(
      `  ${run}/${runs} ${input.padEnd(6)} ${`${name}, repeats`.padEnd(24)} ${figure(repeated.microseconds)} µs a packet${trouble(repeated)}`,
    )
    results.add(`${input}.repeats.${name}`, `CPU a packet, repeats, ${input} at ${RATE}/s, ${name}`, 'µs', repeated.microseconds)
  }
  say(`  ${run}/${runs} ${input.padEnd(6)} ${name.padEnd(24)} ${figure(cost.microseconds)} µs a message${trouble(cost)}`)
  const what = input === 'nflog' ? 'packet' : 'message'
  results.add(`${input}.cost.${name}`, `CPU a ${what}, ${input} at ${RATE}/s, ${name}`, 'µs', cost.microseconds)
  results.add(`${input}.resident.${name}`, `Resident memory, ${input} at ${RATE}/s, ${name}`, 'MB', cost.residentBytes / 1e6)
  results.add(`${input}.read.${name}`, `Share of messages read, ${name}`, '%', cost.facts.read * 100)
  results.add(`${input}.lost.${name}`, `Lost or missing, ${input} at ${RATE}/s, ${name}`, 'messages', cost.lost + Math.max(0, cost.missing))
  if (cost.facts.unaccounted !== undefined)
    results.add(`${input}.unaccounted.${name}`, `Unaccounted messages, ${input}, ${name}`, 'messages', cost.facts.unaccounted)
}

function trouble({ lost, missing, shed, facts }: Cost): string {
  const parts: string[] = []
  if (lost > 0) parts.push(`${lost} lost`)
  if (shed > 0) parts.push(`${shed} shed`)
  if (missing !== 0) parts.push(`${missing} missing`)
  if (facts.unaccounted !== undefined && facts.unaccounted !== 0) parts.push(`${facts.unaccounted} unaccounted`)
  if (facts.read < 0.999) parts.push(`${(facts.read * 100).toFixed(1)} % read`)
  return parts.length === 0 ? '' : `  (${parts.join(', ')})`
}
