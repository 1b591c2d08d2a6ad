// The report of health for central, from the same outcomes that the status is made of.
import { uptime } from 'node:os'
import type { AgentParts } from './agent-facts.ts'
import type { Outcomes } from './health/checks/index.ts'
import { gatewayLevel, silenceMs } from './health/checks/senders.ts'
import type { Facts, GatewayFacts } from './health/facts.ts'
import { levels } from './health/report/level.ts'
import { encodeReport, type GatewayReport } from './health/report/wire.ts'
import { checkNames, checkWords } from './health/report/words.ts'
import { sum } from './ledger/accounting.ts'
import { releaseNumber } from './version.ts'

const WINDOW_MINUTES = 10

function gatewayReport(gateway: GatewayFacts, now: number): GatewayReport {
  const { messages, parsed } = gateway.recent
  return {
    number: gateway.number,
    level: gatewayLevel(gateway, now),
    silentSeconds: silenceMs(gateway, now) / 1000,
    perMinute: messages / WINDOW_MINUTES,
    readPerMille: messages === 0 ? undefined : (1000 * parsed) / messages,
  }
}

/** Those that need attention first, then the busiest: not all may have room. */
function gatewayReports({ gateways, missing, now }: Facts): GatewayReport[] {
  const all = [...gateways, ...missing].filter(({ number }) => number > 0).map(gateway => gatewayReport(gateway, now))
  return all.sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level) || b.perMinute - a.perMinute || a.number - b.number)
}

/** What central is told soon when it changes: the levels of all checks, and of each gateway. */
export function healthLevels({ facts, outcomes }: { facts: Facts; outcomes: Outcomes }): string {
  const gateways = gatewayReports(facts).sort((a, b) => a.number - b.number)
  return [...checkNames.map(name => outcomes[name].level), ...gateways.map(({ number, level }) => `${number} ${level}`)].join()
}

export function healthReport(
  { facts, outcomes }: { facts: Facts; outcomes: Outcomes },
  { accounts, systemNumber }: AgentParts,
): Uint8Array {
  const lost = Object.values(accounts.totals).map(one => one.lost)
  const checks = checkNames.map(name => ({ number: checkWords[name].number, level: outcomes[name].level, value: outcomes[name].value }))
  return encodeReport({
    at: facts.now,
    release: releaseNumber,
    system: systemNumber,
    slot: facts.release?.slot ?? 'none',
    upSeconds: (facts.now - facts.startedAtMs) / 1000,
    machineUpSeconds: uptime(),
    deafSeconds: sum(lost.map(({ deafMs }) => deafMs)) / 1000,
    lost: sum(lost.map(({ kernel }) => kernel)),
    gatewayCount: facts.gateways.length,
    checks: checks.sort((a, b) => a.number - b.number),
    gateways: gatewayReports(facts),
  })
}
