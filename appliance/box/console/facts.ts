// What the console knows of the box, as one object. Other programs tell it in files and on a socket; they run as other users
// and read what strangers send, so nothing is believed: what does not fit its schema is as if it were not there.
import * as z from 'zod'
import { type Finding, statusSchema } from '../../../agent/health/status-schema.ts'
import type { DiagnosticsReport } from '../diagnostics/diagnostics-report.ts'
import type { SystemReport } from '../diagnostics/system-report.ts'
import type { EnrolmentReport } from '../enrolment-report.ts'
import type { UpdateReport } from '../updates/update-report.ts'

/** What the console shows of the agent's status. */
export const agentStatusSchema = statusSchema.pick({
  device: true,
  findings: true,
  health: true,
  central: true,
  queue: true,
  gateways: true,
  sources: true,
  update: true,
})
export type AgentStatus = z.infer<typeof agentStatusSchema>

const text = z.string().max(20_000)
const settingFault = z.object({ line: z.number(), setting: text, problem: text, text })

export const settingsReportSchema = z.object({
  at: z.union([text, z.number()]).transform(String),
  hostName: text.optional(),
  sources: z
    .array(z.object({ name: text, state: text, faults: z.array(settingFault).max(1000).catch([]) }))
    .max(20)
    .catch([]),
  /** What needs attention beside refused settings. */
  notices: z
    .array(z.object({ code: text, detail: text, advice: text }))
    .max(100)
    .catch([]),
  /** Nothing outlasts a restart. */
  isDataLost: z.boolean().optional().catch(undefined),
})
export type SettingsReport = z.infer<typeof settingsReportSchema>

export interface Facts {
  /** ms since 1970. */
  readonly now: number
  readonly version: string
  /** How long ago the machine was started. */
  readonly upSeconds: number
  readonly hostName: string
  /** Of the box itself, those that others can reach first; without prefix length. */
  readonly addresses: readonly string[]
  readonly agent: { readonly kind: 'running'; readonly status: AgentStatus } | { readonly kind: 'silent'; readonly text: string }
  readonly settings: SettingsReport | undefined
  readonly enrolment: EnrolmentReport | undefined
  readonly diagnostics: DiagnosticsReport | undefined
  readonly updateUsb: UpdateReport | undefined
  /** The last look for updates of the system. */
  readonly system: SystemReport | undefined
  /** Slot of the system that runs; empty where there is none, or not yet known. */
  readonly slot: string
  /** Text of the settings that hold now; undefined if it cannot be read, which is not the same as none. */
  readonly member: string | undefined
  /** Settings left by this console that were not applied yet. */
  readonly isRequested: boolean
}

/** The address to name where one is asked for. */
export const mainAddress = (facts: Facts): string | undefined => facts.addresses[0]

export const isEnrolled = (facts: Facts): boolean | undefined =>
  facts.agent.kind === 'running' ? facts.agent.status.device !== null : undefined

/** What the agent itself says that a person should know. */
export const agentFindings = ({ agent }: Facts): readonly Finding[] => (agent.kind === 'running' ? agent.status.findings : [])

/** True if the box was given no central: then there is nothing that it could be enrolled with. */
export const isWithoutCentral = (facts: Facts): boolean => agentFindings(facts).some(({ code }) => code === 'central-not-set')

/** Files of the settings that were refused, each fault with its file and line. */
export const refusedFaults = (facts: Facts): string[] =>
  (facts.settings?.sources ?? []).filter(source => source.state === 'refused').flatMap(source => source.faults.map(({ text }) => text))
