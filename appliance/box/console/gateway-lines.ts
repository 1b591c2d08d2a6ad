// One line a gateway: which it is, what it sent, and when it sent last. One that fell silent is marked and stands first, because
// a firewall that stopped logging looks exactly like a quiet night.
import { grouped, spanText } from '../../../agent/lib/table.ts'
import type { AgentStatus, Facts } from './facts.ts'
import { type Line, span } from './screen.ts'
import { fit, harmless } from './text.ts'

/** Where nothing is known of what is usual for it: a firewall that is in use logs many times an hour. */
const SILENT_AFTER_S = 3600
/** No shorter silence is one, however busy the gateway is. */
const SILENT_FROM_S = 600
const GAP = 2
const ADDRESS_MAX = 39

type Gateway = AgentStatus['gateways'][number]

const secondsSince = (gateway: Gateway, now: number): number => Math.max(0, Math.round((now - Date.parse(gateway.lastMessageAt)) / 1000))
/** By its own rhythm, as the agent judges it; it may be quiet every night. */
const isSilent = (gateway: Gateway, now: number): boolean => {
  const seconds = secondsSince(gateway, now)
  if (gateway.level === 'unknown') return seconds >= SILENT_AFTER_S
  return gateway.level !== 'ok' && seconds >= SILENT_FROM_S
}

export const silentCount = ({ agent, now }: Facts): number =>
  agent.kind === 'silent' ? 0 : agent.status.gateways.filter(gateway => isSilent(gateway, now)).length

const head = ['address', 'product', 'messages', 'msg/s', 'last message']
const isNumber = [false, false, true, true, true]

export function gatewayLines(facts: Facts, width: number): Line[] {
  const { agent, now } = facts
  if (agent.kind === 'silent') return [[span('unknown while the agent does not answer')]]
  const { gateways } = agent.status
  if (gateways.length === 0) return [[span('None yet. Set your firewall to send syslog to the address above.')]]
  const sorted = [...gateways.filter(gateway => isSilent(gateway, now)), ...gateways.filter(gateway => !isSilent(gateway, now))]
  const rows = sorted.map(gateway => ({ silent: isSilent(gateway, now), cells: cellsOf(gateway, now) }))
  const widths = widthsOf([head, ...rows.map(row => row.cells)], width - 2)
  const text = (cells: readonly string[]) => cells.map((cell, i) => aligned(cell, widths[i], isNumber[i])).join(' '.repeat(GAP))
  return [
    [span(`  ${text(head)}`, 'label')],
    ...rows.map(({ silent, cells }) => [span(silent ? '■ ' : '  ', 'warn'), span(text(cells), silent ? 'warn' : 'plain')]),
  ]
}

function cellsOf(gateway: Gateway, now: number): string[] {
  const { messagesPerSecond: rate } = gateway
  const ago = spanText(secondsSince(gateway, now))
  return [
    harmless(gateway.address, ADDRESS_MAX),
    harmless(gateway.product ?? 'unknown', 60),
    grouped(gateway.messages),
    rate >= 10 ? grouped(Math.round(rate)) : String(Math.round(rate * 10) / 10),
    isSilent(gateway, now) ? `silent ${ago}` : `${ago} ago`,
  ]
}

/** Each column as wide as it has to be, with a little for growth so that nothing jumps; the product gets what is left. */
function widthsOf(rows: readonly (readonly string[])[], width: number): number[] {
  const widest = head.map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const [address, , messages, rate, last] = widest
  const numbers = [Math.max(messages, 11), Math.max(rate, 8), Math.max(last, 14)]
  const taken = numbers.reduce((total, one) => total + one, 0) + GAP * (head.length - 1)
  const addressWidth = Math.max(10, Math.min(Math.max(address, 15), width - taken - 10))
  return [addressWidth, Math.max(0, width - taken - addressWidth), ...numbers]
}

/** What is in brackets goes before anything else does: `Linux netfilter (iptables, nftables)`. */
function aligned(cell: string, width: number, isRight: boolean): string {
  const text = fit(cell.length > width ? cell.replace(/ \(.*\)$/, '') : cell, width)
  return isRight ? text.padStart(width) : text.padEnd(width)
}
