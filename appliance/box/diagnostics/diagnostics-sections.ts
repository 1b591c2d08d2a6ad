// What is in the file for the helpdesk: a table of sections, each of which picks what it says by name. What no section names is
// not in it. A section that fails says why, and the others are there all the same.
import { readFileSync, statfsSync } from 'node:fs'
import { release, uptime } from 'node:os'
import { join } from 'node:path'
import { askStatus } from '../../../agent/health/status-socket.ts'
import { pathsBelow } from '../../../agent/paths.ts'
import { version } from '../../../agent/version.ts'
import { settingsReportSchema } from '../console/facts.ts'
import { enrolmentReportSchema } from '../enrolment-report.ts'
import { boxPathsBelow } from '../paths.ts'
import type { RunTool } from '../tools.ts'
import type { Redactor } from './diagnostics-redact.ts'
import { type DiagnosedStatus, diagnosedStatusSchema } from './diagnostics-status.ts'
import { systemReportSchema } from './system-report.ts'

export interface Surroundings {
  readonly root: string
  readonly redactor: Redactor
  readonly run: RunTool
  readonly now: number
}

export const units = [
  'cyberalarm-agent.service',
  'cyberalarm-udp.socket',
  'cyberalarm-tcp.socket',
  'cyberalarm-tls.socket',
  'cyberalarm-rules.service',
  'cyberalarm-settings.service',
  'cyberalarm-enrol.service',
  'cyberalarm-console.service',
  'cyberalarm-diagnostics.service',
  'cyberalarm-guard.service',
  'cyberalarm-base.service',
  'cyberalarm-network.service',
]
const unitFacts = [
  'Id',
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'NRestarts',
  'ExecMainStatus',
  'ActiveEnterTimestamp',
  'MemoryCurrent',
  'CPUUsageNSec',
]
const LOG_LINES = 200
const LINE_MAX = 2000
const memoryFacts = ['MemTotal', 'MemAvailable', 'SwapTotal', 'SwapFree']

const OUTPUT_MAX_BYTES = 4 * 1024 * 1024

/** What a program prints; throws if there is none, or if it fails. */
async function outputOf(run: RunTool, name: string, words: readonly string[]): Promise<string> {
  const result = await run(name, words, { maxBytes: OUTPUT_MAX_BYTES })
  if (result.kind === 'absent') throw new Error(`there is no ${name}`)
  if (result.kind === 'failed') throw new Error(result.text)
  if (result.code !== 0) throw new Error(`${name}: ${result.error}`)
  return result.out.toString('utf8')
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

/** `name=value` lines of systemctl and timedatectl. */
function properties(text: string, names: readonly string[]): Record<string, string> {
  const found = text.split('\n').flatMap(line => {
    const at = line.indexOf('=')
    const name = line.slice(0, Math.max(0, at))
    return names.includes(name) ? [[name, line.slice(at + 1)] as const] : []
  })
  return Object.fromEntries(found)
}

/** A line of the log, which holds sentences only: `file:line: name = value: what is wrong` without what the member typed. */
const withoutValue = (fault: string): string => fault.replace(/ = [^\n]*: /g, ' = (not shown): ').replace(/'[^\n]*'/g, '(not shown)')

function disk(path: string): Record<string, number> {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(path)
  return { bytes: bsize * blocks, freeBytes: bsize * bavail, files, freeFiles: ffree }
}

/** A line of `journalctl --output=json`; the message is a list of bytes if it is no UTF-8. */
function logLine(text: string, redactor: Redactor): unknown {
  const { __REALTIME_TIMESTAMP: at, _SYSTEMD_UNIT: unit, PRIORITY: level, MESSAGE: message } = JSON.parse(text) as Record<string, unknown>
  return {
    at: typeof at === 'string' ? new Date(Number(at) / 1000).toISOString() : null,
    unit: units.find(one => one === unit) ?? null,
    level: Number(level),
    text: typeof message === 'string' ? redactor.text(withoutValue(message.slice(0, LINE_MAX))) : '(not text)',
  }
}

async function agentStatus({ root, redactor }: Surroundings): Promise<unknown> {
  const answer = await askStatus(pathsBelow(root).statusSocket)
  if (answer === undefined) return { running: false }
  const status: DiagnosedStatus = diagnosedStatusSchema.parse(answer)
  return {
    ...status,
    central: {
      ...status.central,
      failure: status.central.failure === null ? null : redacted(status.central.failure, redactor),
    },
    gateways: status.gateways.map(({ address, ...gateway }) => ({ ...gateway, address: redactor.address(address) })),
    sources: status.sources.map(source => ({ ...source, address: redactor.text(source.address) })),
    findings: status.findings.map(finding => redacted(finding, redactor)),
  }
}

const redacted = <T extends { detail: string; advice: string }>(said: T, redactor: Redactor): T => ({
  ...said,
  detail: redactor.text(said.detail),
  advice: redactor.text(said.advice),
})

export const sections: Readonly<Record<string, (surroundings: Surroundings) => unknown>> = {
  version: () => version,
  image: ({ root }) => {
    const { version: image, base, network } = readJson(boxPathsBelow(root).imageFacts) as Record<string, unknown>
    return { version: image, base, network }
  },
  units: async ({ run }) => {
    const text = await outputOf(run, 'systemctl', ['show', '--no-pager', `--property=${unitFacts.join(',')}`, ...units])
    return text.split('\n\n').map(part => properties(part, unitFacts))
  },
  status: agentStatus,
  settings: ({ root, redactor }) => {
    const { at, sources, notices } = settingsReportSchema.parse(readJson(boxPathsBelow(root).settingsReport))
    return {
      at,
      sources: sources.map(({ name, state, faults }) => ({
        name,
        state,
        faults: faults.map(({ line, setting, problem }) => ({ line, setting, problem: redactor.text(problem) })),
      })),
      // the detail of wrong settings shows what was typed
      notices: notices.map(({ code, detail, advice }) => ({
        code,
        advice,
        detail: code === 'settings-wrong' ? null : redactor.text(detail),
      })),
    }
  },
  enrolment: ({ root, redactor }) => {
    const { at, state, failure } = enrolmentReportSchema.parse(readJson(boxPathsBelow(root).enrolmentReport))
    return { at, state, failure: failure === undefined ? null : redacted(failure, redactor) }
  },
  updates: ({ root, redactor }) => {
    const report = systemReportSchema.parse(readJson(boxPathsBelow(root).systemReport))
    // what was wrong with a proxy names it
    return { ...report, text: redactor.text(report.text) }
  },
  slot: ({ root }) => readFileSync(boxPathsBelow(root).slotReport, 'utf8').trim(),
  kernel: () => ({ release: release(), upSeconds: Math.round(uptime()) }),
  memory: ({ root }) =>
    Object.fromEntries(
      readFileSync(join(root, 'proc/meminfo'), 'utf8')
        .split('\n')
        .flatMap(line => {
          const [, name, kibibytes] = /^(\w+): +(\d+) kB$/.exec(line) ?? []
          return memoryFacts.includes(name) ? [[`${name}Bytes`, Number(kibibytes) * 1024]] : []
        }),
    ),
  disk: ({ root }) => ({ system: disk(root), data: disk(join(root, 'var')) }),
  clock: async ({ run, now }) => ({
    now: new Date(now).toISOString(),
    ...properties(await outputOf(run, 'timedatectl', ['show']), ['NTPSynchronized', 'Timezone']),
  }),
  log: async ({ run, redactor }) => {
    const text = await outputOf(run, 'journalctl', [
      '--no-pager',
      '--quiet',
      `--lines=${LOG_LINES}`,
      '--output=json',
      '--output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT',
      ...units.map(unit => `--unit=${unit}`),
    ])
    return text
      .split('\n')
      .filter(line => line !== '')
      .slice(-LOG_LINES)
      .map(line => logLine(line, redactor))
  },
}

export async function collectSections(surroundings: Surroundings): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(sections)) {
    try {
      found[name] = await read(surroundings)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      found[name] = { missing: surroundings.redactor.text(text.slice(0, LINE_MAX)) }
    }
  }
  return found
}
