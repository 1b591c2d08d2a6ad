// Part `highest`: the highest rate at which nothing is lost, and what becomes of a flood that is as fast as the sender can be.
// A program may lose messages in two places: the kernel throws away what it does not take, and what it took it may give up
// itself, with a count (the agent calls that shed). Rates are given for both: `taken` means that the kernel lost nothing,
// `kept` that nothing was given up either. Rates are doubled until messages are lost, then the place between is halved.
import type { Context, Part } from './context.ts'
import { figure } from './numbers.ts'
import { cpuOf, microsecondsEach } from './process-cost.ts'
import { send } from './sender.ts'
import { type Running, type Subject, settled } from './subject.ts'

const FIRST_RATE = 50_000
const HIGHEST_RATE = 3_200_000
const HALVINGS = { full: 3, quick: 2 } as const
/** One in a hundred thousand is no loss: a datagram may meet a moment in which this machine does something else. */
const LOSS = 1e-5
/** A sender that cannot send at the rate asked for says nothing about who receives. */
const SENDER_SLACK = 0.96
/** Packets of NFLOG have numbers: what was lost last shows when another one comes. */
const CALM = 200

interface Trial {
  readonly rate: number
  readonly taken: boolean
  readonly kept: boolean
  readonly isSenderTooSlow: boolean
  readonly microseconds: number
}

type Flag = 'taken' | 'kept'

export const highestPart: Part = {
  name: 'highest',
  title: 'highest rate without loss, and a flood',
  run: async context => {
    const found = new Map<Subject, number>()
    for (let run = 1; run <= context.runs; run++)
      for (const subject of context.subjects) {
        if (subject.isRelayed === true) continue
        const running = await subject.start()
        try {
          context.say(`  ${run}/${context.runs} ${subject.input} ${subject.name}`)
          found.set(subject, await search(context, running, subject, found.get(subject)))
          await flood(context, running, subject)
        } finally {
          await running.stop()
        }
      }
  },
}

/** Gives the rate that was taken: later runs begin near it. */
async function search(context: Context, running: Running, subject: Subject, before: number | undefined): Promise<number> {
  const trials: Trial[] = []
  const first = before === undefined ? FIRST_RATE : before * 0.85
  await trial(context, running, subject, first / 2) // warm-up
  for (let rate = first; rate <= HIGHEST_RATE; rate *= before === undefined ? 2 : 1.2) {
    const next = await trial(context, running, subject, rate)
    trials.push(next)
    if (!next.taken || next.isSenderTooSlow) break
  }
  for (const flag of ['taken', 'kept'] as const) await halve(context, running, subject, trials, flag)
  const taken = best(trials, 'taken')
  note(context, subject, taken, best(trials, 'kept'))
  return taken.rate > 0 ? taken.rate : FIRST_RATE
}

/** The highest rate below the lowest that failed. */
function best(trials: readonly Trial[], flag: Flag): Trial {
  const failed = Math.min(...trials.filter(one => !one[flag]).map(one => one.rate))
  const good = trials.filter(one => one[flag] && one.rate < failed).sort((a, b) => b.rate - a.rate)
  return good[0] ?? { rate: 0, taken: true, kept: true, isSenderTooSlow: false, microseconds: Number.NaN }
}

async function halve(context: Context, running: Running, subject: Subject, trials: Trial[], flag: Flag): Promise<void> {
  for (let i = 0; i < HALVINGS[context.quick ? 'quick' : 'full']; i++) {
    const low = best(trials, flag).rate
    const high = Math.min(...trials.filter(one => !one[flag]).map(one => one.rate))
    if (!Number.isFinite(high) || high - low <= low * 0.03) return
    trials.push(await trial(context, running, subject, (low + high) / 2))
  }
}

function note({ results, say }: Context, { input, name }: Subject, taken: Trial, kept: Trial): void {
  for (const [flag, trial, what] of [
    ['taken', taken, 'Highest rate at which the kernel loses nothing'],
    ['kept', kept, 'Highest rate at which nothing is given up either'],
  ] as const) {
    const remark = trial.isSenderTooSlow ? 'the sender could do no more' : ''
    say(`        ${flag}: ${figure(trial.rate)} a second, ${figure(trial.microseconds)} µs each  ${remark}`)
    const measure = results.add(`${input}.${flag}.${name}`, `${what}, ${input}, ${name}`, '/s', trial.rate)
    if (remark !== '') measure.note = remark
    results.add(`${input}.${flag}-cost.${name}`, `CPU a message at that rate, ${input}, ${name}`, 'µs', trial.microseconds)
  }
}

async function trial({ quick, workload, packets }: Context, running: Running, { input }: Subject, rate: number): Promise<Trial> {
  const before = await running.count()
  const { shed: shedBefore = 0 } = await running.facts()
  const cpu = cpuOf(running.pid)
  const isNflog = input === 'nflog'
  const file = isNflog ? packets : workload.file
  const count = Math.ceil(rate * (quick ? 1 : 2.5))
  const { sent, seconds } = await send({ file, count, rate, port: running.port, inside: running.inside, shift: isNflog })
  const after = await settled(running, before.received + before.lost + sent, false)
  const { shed = 0 } = await running.facts()
  const received = after.received - before.received
  const isTaken = sent - received <= sent * LOSS
  return {
    rate: Math.min(rate, sent / seconds),
    taken: isTaken,
    kept: isTaken && shed - shedBefore <= sent * LOSS,
    isSenderTooSlow: sent / seconds < rate * SENDER_SLACK,
    microseconds: microsecondsEach(cpu, cpuOf(running.pid), received),
  }
}

/** As fast as the sender can: a program that cannot follow has to say what it did not get. */
async function flood({ quick, workload, packets, results, say }: Context, running: Running, { input, name }: Subject): Promise<void> {
  const isNflog = input === 'nflog'
  const plan = { file: isNflog ? packets : workload.file, port: running.port, inside: running.inside, shift: isNflog }
  const before = await running.count()
  const shedBefore = (await running.facts()).shed ?? 0
  const cpu = cpuOf(running.pid)
  const { sent, seconds } = await send({ ...plan, count: quick ? 300_000 : 1_000_000, rate: 0 })
  await settled(running, before.received + before.lost + sent, false)
  const calm = await send({ ...plan, count: CALM, rate: CALM })
  const total = sent + calm.sent
  const after = await settled(running, before.received + before.lost + total)
  const received = after.received - before.received
  const lost = after.lost - before.lost
  const unaccounted = total - received - lost
  const { shed } = await running.facts()
  const percent = (part: number) => (part * 100) / total
  say(
    `        flood of ${figure(sent / seconds)} a second: ${figure(percent(received))} % received, ${figure(percent(lost))} % lost and counted, ${unaccounted} unaccounted`,
  )
  const what = `flood, ${input}, ${name}`
  results.add(`${input}.flood.rate.${name}`, `Offered by the ${what}`, '/s', sent / seconds)
  results.add(`${input}.flood.received.${name}`, `Received of the ${what}`, '%', percent(received))
  results.add(`${input}.flood.unaccounted.${name}`, `Neither received nor counted as lost, ${what}`, 'messages', unaccounted)
  results.add(`${input}.flood.cost.${name}`, `CPU a message of the ${what}`, 'µs', microsecondsEach(cpu, cpuOf(running.pid), received))
  if (shed !== undefined)
    results.add(`${input}.flood.shed.${name}`, `Received and shed with a count, ${what}`, '%', percent(shed - shedBefore))
}
