// How the boxes are, for the operator: the same words as on their own consoles, made of the numbers that they report.
import { type Level, levels } from '../../agent/health/report/level.ts'
import type { GatewayReport, HealthReport } from '../../agent/health/report/wire.ts'
import { wordsOf } from '../../agent/health/report/words.ts'
import { agoText, spanText } from '../../agent/lib/table.ts'
import { visible } from '../../agent/lib/visible.ts'

/** A box reports every five minutes at least. */
const OFFLINE_MS = 15 * 60_000

export interface BoxState {
  readonly device: string
  readonly member: string
  /** ISO 8601; null before the first report. */
  readonly reportedAt: string | null
  readonly report: HealthReport | null
}

export interface BoxLook {
  readonly device: string
  readonly member: string
  /** `offline`: no report for 15 minutes, whatever the last one said. */
  readonly state: 'offline' | 'bad' | 'warn' | 'ok' | 'no report yet'
  readonly reportedAt: string | null
  readonly release: number | null
  readonly system: number | null
  readonly slot: string | null
  readonly gateways: number | null
  /** What is wrong and what to do. */
  readonly findings: readonly {
    readonly check: string
    readonly code: string
    readonly level: Level
    readonly text: string
    readonly advice: string
  }[]
  readonly unknown: readonly string[]
  /** Gateways that need attention. */
  readonly gatewayReports: readonly GatewayReport[]
}

const isWrong = ({ level }: { readonly level: Level }): boolean => level === 'warn' || level === 'bad'

export function lookAt({ device, member, reportedAt, report }: BoxState, now: number): BoxLook {
  const empty = { release: null, system: null, slot: null, gateways: null, findings: [], unknown: [], gatewayReports: [] }
  if (report === null || reportedAt === null) return { device, member, state: 'no report yet', reportedAt: null, ...empty }
  const isOffline = now - Date.parse(reportedAt) > OFFLINE_MS
  const wrong = report.checks.filter(isWrong).sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level))
  const said = wrong.map(({ number, level, value }) => ({ ...wordsOf(number, level, value), level }))
  const worst = wrong[0]?.level === 'bad' ? 'bad' : wrong.length > 0 ? 'warn' : 'ok'
  return {
    device,
    member,
    state: isOffline ? 'offline' : worst,
    reportedAt,
    release: report.release,
    system: report.system,
    slot: report.slot,
    gateways: report.gatewayCount,
    findings: said,
    unknown: report.checks.filter(({ level }) => level === 'unknown').map(({ number }) => wordsOf(number, 'unknown', undefined).check),
    gatewayReports: report.gateways.filter(isWrong),
  }
}

const order = ['offline', 'bad', 'warn', 'no report yet', 'ok'] as const

/** Those that need somebody first. */
export function boxesText(looks: readonly BoxLook[], now: number): string {
  if (looks.length === 0) return 'No box has enrolled yet.'
  const counts = order.map(state => [looks.filter(look => look.state === state).length, state] as const).filter(([count]) => count > 0)
  const sorted = looks.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.member.localeCompare(b.member))
  return [counts.map(([count, state]) => `${count} ${state}`).join(', '), ...sorted.map(look => boxText(look, now))].join('\n\n')
}

function boxText(look: BoxLook, now: number): string {
  const { device, member, state, reportedAt, release, system, slot, gateways, findings, unknown, gatewayReports } = look
  const version = `release ${release}${slot === 'none' ? '' : ` in slot ${slot}`}${system ? `, system ${system}` : ''}`
  const about =
    reportedAt === null ? '' : `  ${version}, ${gateways} ${gateways === 1 ? 'gateway' : 'gateways'}, reported ${agoText(reportedAt, now)}`
  const offline =
    state === 'offline'
      ? [
          '  ! The box has not reported for 15 minutes or longer. What follows is from before.',
          '    Check its power and its way to central on TCP port 443.',
        ]
      : []
  return [
    `${state.toUpperCase()}  ${visible(member)}  ${device}${about}`,
    ...offline,
    ...findings.flatMap(({ text, code, advice }) => [`  ! ${text} [${code}]`, `    ${advice}`]),
    ...gatewayReports.map(gatewayText),
    ...(unknown.length === 0 ? [] : [`  not known: ${unknown.join(', ')}`]),
  ].join('\n')
}

const gatewayText = ({ number, silentSeconds, perMinute, readPerMille }: GatewayReport): string =>
  `    gateway ${number}: last message ${spanText(silentSeconds)} ago, ${perMinute} a minute${readPerMille === undefined ? '' : `, ${(readPerMille / 10).toFixed(1)} % read`}`
