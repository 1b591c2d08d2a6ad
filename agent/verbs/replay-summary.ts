// The summary of a capture, as a table for people and as an object for programs.
import { grouped, spanText, table } from '../lib/table.ts'
import { rules, Verdict } from '../triage/rules.ts'
import type { PacketCounts } from './replay-packets.ts'

/** How the reading ended: at the end of the file, in the middle of a packet, where it is damaged, or interrupted by the user. */
export type Ending = 'whole' | 'ends-midway' | 'damaged' | 'interrupted'

const isoOf = (time: number): string | null => (time < 0 ? null : new Date(time).toISOString())
const verdictOf = (index: number): 'send' | 'drop' => (rules[index].verdict === Verdict.send ? 'send' : 'drop')

export function summaryOf(counts: PacketCounts, ending: Ending) {
  const { packets, byRule, notIp, otherLink, broken, cut, withoutPorts, withoutAction } = counts
  const of = (verdict: 'send' | 'drop'): Record<string, number> =>
    Object.fromEntries(rules.flatMap(({ name }, i) => (byRule[i] > 0 && verdictOf(i) === verdict ? [[name, byRule[i]]] : [])))
  const times = { firstTime: isoOf(counts.firstTime), lastTime: isoOf(counts.lastTime) }
  return { ending, packets, send: of('send'), drop: of('drop'), notIp, otherLink, broken, cut, withoutPorts, withoutAction, ...times }
}

export function summaryText(counts: PacketCounts, ending: Ending): string {
  const { packets, notIp, otherLink, broken, cut, withoutPorts, withoutAction, firstTime, lastTime } = counts
  const found = rules
    .map((rule, i): [string, string, number, string] => [verdictOf(i), rule.name, counts.byRule[i], rule.phrase])
    .concat([
      ['ignore', '-', notIp, 'not IP'],
      ['ignore', '-', otherLink, 'link type not supported'],
      ['unreadable', '-', broken, 'broken headers'],
      ['unreadable', '-', cut, 'truncated by the capture'],
    ])
  const rows = found.filter(([, , count]) => count > 0).map(([verdict, rule, count, phrase]) => [verdict, rule, grouped(count), phrase])
  const span = lastTime < 0 ? '' : `, ${spanText((lastTime - firstTime) / 1000)} from ${isoOf(firstTime)}`
  return [
    `${grouped(packets)} packets${span}`,
    ...(rows.length > 0 ? ['', table(['verdict', 'rule', 'packets', 'meaning'], rows)] : []),
    ...(withoutPorts > 0 ? ['', `${grouped(withoutPorts)} events have no ports: fragments, or truncated by the capture`] : []),
    ...(withoutAction > 0
      ? ['', `${grouped(withoutAction)} packets state no action; use --action drop if the capture holds packets that a rule dropped.`]
      : []),
    ...endingText(ending),
  ].join('\n')
}

function endingText(ending: Ending): string[] {
  switch (ending) {
    case 'whole':
      return []
    case 'ends-midway':
      return ['', '! The capture ends in the middle of a packet, which is counted as truncated.']
    case 'damaged':
      return ['', '! This is not the whole capture: see the error.']
    case 'interrupted':
      return ['', '! This is not the whole capture: it was interrupted.']
  }
}
