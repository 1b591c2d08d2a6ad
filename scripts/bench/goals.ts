// The figures that have to hold, as one table over what was measured.
import type { Results } from './results.ts'

export interface Goal {
  readonly what: string
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
  /** NaN where it was not measured. */
  of(results: Results): number
}

/** The highest of those that were measured. */
function highest(results: Results, names: readonly string[]): number {
  const measured = names.map(name => results.of(name)).filter(value => !Number.isNaN(value))
  return measured.length === 0 ? Number.NaN : Math.max(...measured)
}

/** How much the dearest step of a series costs over the cheapest: 1 is flat. */
function growth(results: Results, series: string): number {
  const costs = [...results.measures.keys()]
    .filter(name => new RegExp(`^scaling\\.${series}\\.[\\d.]+$`).test(name))
    .map(name => results.of(name))
  return costs.length < 2 ? Number.NaN : costs[costs.length - 1] / costs[0]
}

export const goals: readonly Goal[] = [
  { what: 'syslog in to spooled batch, CPU a message', unit: 'µs', atMost: 1.5, of: results => results.of('syslog.cost.agent') },
  {
    what: 'syslog, CPU of rsyslogd + mmnormalize over ours',
    unit: 'times',
    atLeast: 3,
    of: results => results.of('syslog.cost.rsyslogd') / results.of('syslog.cost.agent'),
  },
  { what: 'syslog at 1,000/s, CPU a message', unit: 'µs', atMost: 10, of: results => results.of('syslog.quiet.agent') },
  {
    what: 'syslog in to spooled batch, CPU a message at the highest rate',
    unit: 'µs',
    atMost: 1.5,
    of: results => results.of('syslog.kept-cost.agent'),
  },
  { what: 'syslog, highest rate taken, all counted', unit: '/s', atLeast: 300_000, of: results => results.of('syslog.taken.agent') },
  { what: 'syslog, highest rate, nothing shed', unit: '/s', atLeast: 300_000, of: results => results.of('syslog.kept.agent') },
  { what: 'NFLOG in to event (repeats), CPU a packet', unit: 'µs', atMost: 0.8, of: results => results.of('nflog.repeats.agent') },
  {
    what: 'NFLOG in to event (repeats), CPU of ulogd2 to JSON over ours',
    unit: 'times',
    atLeast: 10,
    of: results => results.of('nflog.repeats.ulogd2') / results.of('nflog.repeats.agent'),
  },
  {
    what: 'NFLOG, every packet an event of its own, in to spooled batch: CPU of ulogd2 over ours',
    unit: 'times',
    atLeast: 3,
    of: results => results.of('nflog.cost.ulogd2') / results.of('nflog.cost.agent'),
  },
  { what: 'NFLOG, highest rate taken, all counted', unit: '/s', atLeast: 500_000, of: results => results.of('nflog.taken.agent') },
  { what: 'NFLOG, highest rate, nothing shed', unit: '/s', atLeast: 500_000, of: results => results.of('nflog.kept.agent') },
  {
    what: 'messages unaccounted for',
    unit: '',
    atMost: 0,
    of: results =>
      highest(results, [
        'syslog.unaccounted.agent',
        'nflog.unaccounted.agent',
        'syslog.flood.unaccounted.agent',
        'nflog.flood.unaccounted.agent',
      ]),
  },
  {
    what: 'arrival at central to finding at 50,000 events/s, 99 %',
    unit: 's',
    atMost: 2,
    of: results =>
      highest(
        results,
        [1, 10, 100].map(millions => `correlation.${millions}.p99`),
      ),
  },
  { what: 'wire, a suspicious message, at 1,000/s', unit: 'bytes', atMost: 7, of: results => results.of('wire.1000.event') },
  { what: 'wire, a suspicious message, at 20,000/s', unit: 'bytes', atMost: 7, of: results => results.of('wire.20000.event') },
  { what: 'wire, smaller than what came in, at 1,000/s', unit: 'times', atLeast: 80, of: results => results.of('wire.1000.smaller') },
  { what: 'wire, smaller than what came in, at 20,000/s', unit: 'times', atLeast: 80, of: results => results.of('wire.20000.smaller') },
  {
    what: 'message in to receipt, 99 %, worse of both loads',
    unit: 's',
    atMost: 5,
    of: results => highest(results, ['latency.0.p99', 'latency.20000.p99']),
  },
  { what: 'memory at 50,000/s', unit: 'MB', atMost: 120, of: results => results.of('memory.long') },
  { what: 'memory, growth over the run', unit: 'MB', atMost: 5, of: results => results.of('memory.growth') },
  { what: 'memory with a million sources', unit: 'MB', atMost: 120, of: results => results.of('memory.sources.1000000') },
  { what: 'memory with a full spool', unit: 'MB', atMost: 120, of: results => results.of('memory.spool') },
  { what: 'cost, last step over first: messages', unit: 'times', atMost: 1.15, of: results => growth(results, 'messages') },
  { what: 'cost, last step over first: sources', unit: 'times', atMost: 1.5, of: results => growth(results, 'sources') },
  { what: 'cost, last step over first: batches waiting', unit: 'times', atMost: 1.15, of: results => growth(results, 'backlog') },
  {
    what: 'central, batches a second',
    unit: '/s',
    atLeast: 2000,
    of: results => highest(results, ['central.batches.10', 'central.batches.250']),
  },
  {
    what: 'central, events a second',
    unit: '/s',
    atLeast: 500_000,
    of: results => highest(results, ['central.events.250', 'central.events.24576']),
  },
]

export type Judgement = 'met' | 'not met' | 'not measured'

export function judge({ atMost, atLeast, of }: Goal, results: Results): Judgement {
  const value = of(results)
  if (Number.isNaN(value)) return 'not measured'
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY) ? 'met' : 'not met'
}
