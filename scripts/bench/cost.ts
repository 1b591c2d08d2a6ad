// What one message costs a program: CPU of the whole process for each message that it received, at a rate that all bear.
import { cpuOf, microsecondsEach, peakResidentBytes } from './process-cost.ts'
import { type Sent, send } from './sender.ts'
import { type Running, type Subject, settled } from './subject.ts'

export interface CostPlan {
  readonly file: string
  readonly warmUp: number
  readonly warmUpRate?: number
  /** Each round of the file comes from the same sources. */
  readonly isRepeated?: boolean
  readonly count: number
  readonly rate: number
  /** How many sources the message that can be changed takes in turn. */
  readonly distinct?: number
  /** Where all messages come from, as if a relay passed them on; else each gateway has an address. */
  readonly source?: string
}

export interface Cost {
  readonly microseconds: number
  readonly received: number
  readonly lost: number
  /** Sent and neither received nor counted as lost. */
  readonly missing: number
  /** Received, and given up by the program itself with a count: what is shed is cheap, so it has to be reported. */
  readonly shed: number
  readonly rate: number
  readonly residentBytes: number
  readonly facts: Readonly<Record<string, number>>
}

/** `repeats`: a second file, of few packets that come again and again; what they cost is the second answer. */
export async function measureCost(subject: Subject, plan: CostPlan, repeats?: string): Promise<readonly [Cost, Cost | undefined]> {
  const running = await subject.start()
  try {
    await flood(running, { ...plan, rate: plan.warmUpRate ?? plan.rate }, plan.warmUp)
    await settled(running, plan.warmUp)
    const cost = await costOf(running, plan)
    return [cost, repeats === undefined ? undefined : await costOf(running, { ...plan, file: repeats, isRepeated: true })]
  } finally {
    await running.stop()
  }
}

const flood = (running: Running, { file, rate, distinct = 0, source = '0', isRepeated = false }: CostPlan, count: number): Promise<Sent> =>
  send({ file, count, rate, port: running.port, inside: running.inside, shift: running.port === 0 && !isRepeated, distinct, source })

/** Of a program that is warm. */
export async function costOf(running: Running, plan: CostPlan): Promise<Cost> {
  const before = await running.count()
  const { shed: shedBefore = 0 } = await running.facts()
  const cpu = cpuOf(running.pid)
  const { sent, seconds } = await flood(running, plan, plan.count)
  const after = await settled(running, before.received + before.lost + sent)
  const received = after.received - before.received
  const lost = after.lost - before.lost
  const microseconds = microsecondsEach(cpu, cpuOf(running.pid), received)
  const facts = await running.facts()
  return {
    microseconds,
    received,
    lost,
    missing: sent - received - lost,
    shed: (facts.shed ?? 0) - shedBefore,
    rate: sent / seconds,
    residentBytes: peakResidentBytes(running.pid),
    facts,
  }
}
