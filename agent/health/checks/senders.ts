// Checks of the gateways: whether they send, whether what they send can be read, and whether their clocks are right.
import { fault } from '../../errors.ts'
import { spanText } from '../../lib/table.ts'
import type { Facts, GatewayFacts } from '../facts.ts'
import { type Level, levels } from '../report/level.ts'
import { above, below, DAY_MS, HOUR_MS, MINUTE_MS, type Outcome, ok, secondsOf, unknown } from './outcome.ts'

/** Fewer say little about a gateway. */
const JUDGED_FROM_MESSAGES = 200
const NAMED = 8
const SENDERS_SHOWN_MS = HOUR_MS

export const silenceMs = ({ lastMessageAtMs }: GatewayFacts, now: number): number => Math.max(0, now - lastMessageAtMs)

/** Against its own rhythm: a gateway may be quiet every night, and another never is. */
export function silenceOf(gateway: GatewayFacts, now: number): Level {
  const { usualSilenceMs } = gateway
  if (gateway.number === 0 || usualSilenceMs === undefined) return 'unknown'
  const ms = silenceMs(gateway, now)
  if (ms > Math.max(12 * usualSilenceMs, HOUR_MS)) return 'bad'
  return ms > Math.max(4 * usualSilenceMs, 10 * MINUTE_MS) ? 'warn' : 'ok'
}

function readingOf({ number, recent: { messages, parsed } }: GatewayFacts): Level {
  return number === 0 || messages < JUDGED_FROM_MESSAGES ? 'unknown' : below(parsed / messages, 0.9, 0.5)
}

function clockOf({ messages, clockOffsetMs }: GatewayFacts): Level {
  return messages < JUDGED_FROM_MESSAGES || Number.isNaN(clockOffsetMs) ? 'unknown' : above(Math.abs(clockOffsetMs), 60_000, 600_000)
}

/** How a gateway stands in all, for the list of gateways. */
export const gatewayLevel = (gateway: GatewayFacts, now: number): Level =>
  worstOf([silenceOf(gateway, now), readingOf(gateway), clockOf(gateway)])

const worstOf = (all: readonly Level[]): Level => all.reduce((worst, one) => (levels.indexOf(one) > levels.indexOf(worst) ? one : worst))

/** The worst gateway's level and value; which gateways they are is said on the box only. */
function ofGateways(
  gateways: readonly GatewayFacts[],
  code: 'gateway-silent' | 'gateway-unread' | 'gateway-clock',
  levelOf: (gateway: GatewayFacts) => Level,
  measure: (gateway: GatewayFacts) => number,
  textOf: (value: number) => string,
  isHigherWorse = true,
): Outcome {
  const judged = gateways
    .map(gateway => ({ gateway, level: levelOf(gateway), value: measure(gateway) }))
    .filter(one => one.level !== 'unknown')
  if (judged.length === 0) return unknown
  const level = worstOf(judged.map(one => one.level))
  const sorted = judged.filter(one => one.level === level).sort((a, b) => (isHigherWorse ? b.value - a.value : a.value - b.value))
  if (level === 'ok') return ok(sorted[0].value)
  const wrong = judged.filter(one => one.level !== 'ok')
  const names = wrong.slice(0, NAMED).map(({ gateway, value }) => `${gateway.number} (${gateway.address}) ${textOf(value)}`)
  const more = wrong.length > NAMED ? `, and ${wrong.length - NAMED} more` : ''
  return { level, value: sorted[0].value, local: [fault(code, `gateway ${names.join(', ')}${more}`)] }
}

export const senders = {
  'gateway-silent': (facts: Facts) =>
    ofGateways(
      [...facts.gateways, ...facts.missing],
      'gateway-silent',
      one => silenceOf(one, facts.now),
      one => secondsOf(silenceMs(one, facts.now)),
      seconds => `for ${spanText(seconds)}`,
    ),
  'gateway-unread': (facts: Facts) =>
    ofGateways(
      facts.gateways,
      'gateway-unread',
      readingOf,
      ({ recent: { messages, parsed } }) => (messages === 0 ? 1000 : Math.round((1000 * parsed) / messages)),
      value => `${(value / 10).toFixed(1)} %`,
      false,
    ),
  'gateway-clock': (facts: Facts) =>
    ofGateways(
      facts.gateways,
      'gateway-clock',
      clockOf,
      ({ clockOffsetMs }) => secondsOf(Math.abs(clockOffsetMs)),
      seconds => `by ${spanText(seconds)}`,
    ),
  // number 0 stands for all senders that have no number of their own
  'gateways-many': ({ gateways, now }: Facts): Outcome => {
    const others = gateways.find(({ number, lastMessageAtMs }) => number === 0 && now - lastMessageAtMs < SENDERS_SHOWN_MS)
    return others === undefined ? ok(0) : { level: 'warn', value: others.messages }
  },
  'gateway-new': ({ gateways, now }: Facts) => ok(gateways.filter(({ sinceMs }) => sinceMs > 0 && now - sinceMs < DAY_MS).length),
}
