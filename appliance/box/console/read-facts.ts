// Reads what the console shows: small files that others replace whole, and the socket of the agent. Everything may be absent,
// and a file that is too long or makes no sense is as absent.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { hostname, networkInterfaces, uptime } from 'node:os'
import { join } from 'node:path'
import type * as z from 'zod'
import { startingSchema } from '../../../agent/health/status-schema.ts'
import { askStatus } from '../../../agent/health/status-socket.ts'
import { isErrorWithCode } from '../../../agent/lib/durable-file.ts'
import { pathsBelow } from '../../../agent/paths.ts'
import { version } from '../../../agent/version.ts'
import { DIAGNOSTICS_REPORT, diagnosticsReportSchema } from '../diagnostics/diagnostics-report.ts'
import { systemReportSchema } from '../diagnostics/system-report.ts'
import { enrolmentReportSchema } from '../enrolment-report.ts'
import { boxPathsBelow } from '../paths.ts'
import { UPDATE_REPORT, updateReportSchema } from '../updates/update-report.ts'
import { agentStatusSchema, type Facts, settingsReportSchema } from './facts.ts'

const FILE_MAX_BYTES = 256 * 1024

/** The text of a small file, or `absent`; undefined if it cannot be read or is too long. */
function readSmall<Absent>(path: string, absent: Absent): string | Absent | undefined {
  try {
    return statSync(path).size > FILE_MAX_BYTES ? undefined : readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return absent
    // a file of another user's: the console shows what there is
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

function readReport<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> | undefined {
  const text = readSmall(path, undefined)
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function askAgent(socket: string): Promise<Facts['agent']> {
  try {
    const answer = await askStatus(socket)
    if (answer === undefined) return { kind: 'silent', text: 'no agent is running' }
    const { data } = agentStatusSchema.safeParse(answer)
    if (data !== undefined) return { kind: 'running', status: data }
    const isStarting = startingSchema.safeParse(answer).success
    return { kind: 'silent', text: isStarting ? 'the agent is starting' : 'the agent is of another version than this console' }
  } catch (error) {
    return { kind: 'silent', text: error instanceof Error ? error.message : String(error) }
  }
}

/** Addresses at which others can reach the box, IPv4 before IPv6: not loopback, nor those that hold on one link only. */
function boxAddresses(): string[] {
  const all = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(address => !address.internal)
  const rank = ({ address, family }: { address: string; family: string }) =>
    family === 'IPv4' ? (address.startsWith('169.254.') ? 2 : 0) : /^fe[89ab]/i.test(address) ? 2 : 1
  const usable = all.filter(address => rank(address) < 2)
  return usable.sort((a, b) => rank(a) - rank(b)).map(({ address }) => address)
}

export async function readFacts(root: string): Promise<Omit<Facts, 'now'>> {
  const paths = boxPathsBelow(root)
  const settings = readReport(paths.settingsReport, settingsReportSchema)
  return {
    version,
    upSeconds: uptime(),
    hostName: settings?.hostName ?? hostname(),
    addresses: boxAddresses(),
    agent: await askAgent(pathsBelow(root).statusSocket),
    settings,
    enrolment: readReport(paths.enrolmentReport, enrolmentReportSchema),
    diagnostics: readReport(join(paths.reports, DIAGNOSTICS_REPORT), diagnosticsReportSchema),
    updateUsb: readReport(join(paths.reports, UPDATE_REPORT), updateReportSchema),
    system: readReport(paths.systemReport, systemReportSchema),
    slot: (readSmall(paths.slotReport, '') ?? '').trim(),
    member: readSmall(paths.member, ''),
    isRequested: existsSync(paths.requestedSettings),
  }
}
