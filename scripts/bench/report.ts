// The tables for the terminal: goals first, then everything that was measured.
import { table } from '../../agent/lib/table.ts'
import { AGAINST } from './agent.ts'
import { goals, judge } from './goals.ts'
import type { Machine } from './machine.ts'
import { figure, median } from './numbers.ts'
import type { Results } from './results.ts'

export function goalsTable(results: Results): string {
  return table(
    ['what', 'goal', 'measured', 'unit', ''],
    goals.map(goal => [goal.what, goalText(goal), figure(goal.of(results)), goal.unit, judge(goal, results)]),
  )
}

const goalText = ({ atMost, atLeast }: (typeof goals)[number]): string =>
  atMost === undefined ? `≥ ${(atLeast ?? 0).toLocaleString('en-US')}` : `≤ ${atMost.toLocaleString('en-US')}`

export function measuresTable(results: Results): string {
  const rows = [...results.measures.values()].map(({ title, unit, values, note }) => [
    title,
    figure(median(values)),
    unit,
    values.length > 1 ? `${figure(Math.min(...values))} .. ${figure(Math.max(...values))} (${values.length})` : '',
    note ?? '',
  ])
  return table(['measured', 'median', 'unit', 'range (runs)', ''], rows)
}

/** This release against that of another checkout, run by run; '' if there was none. The ratio is the median of the pairs'. */
export function ratiosTable(results: Results): string {
  const rows = [...results.measures.values()].flatMap(theirs => {
    const ours = results.measures.get(theirs.name.replace(AGAINST, 'agent'))
    if (ours === undefined || ours === theirs) return []
    const ratio = median(ours.values.map((value, i) => value / theirs.values[i]))
    return [[ours.title, figure(median(ours.values)), figure(median(theirs.values)), ours.unit, figure(ratio)]]
  })
  return rows.length === 0 ? '' : table(['measured', 'this', 'other', 'unit', 'this / other'], rows)
}

export function machineText(machine: Machine): string {
  const { processor, processors, memoryGiB, system, kernel, node, rsyslogd, ulogd2, receiveBufferMax, loadBefore } = machine
  return [
    `${processors} × ${processor}, ${memoryGiB} GiB, ${system}, Linux ${kernel}`,
    `Node.js ${node}, rsyslogd ${rsyslogd}, ulogd2 ${ulogd2}; net.core.rmem_max ${receiveBufferMax}; load before ${loadBefore.toFixed(2)}`,
  ].join('\n')
}
