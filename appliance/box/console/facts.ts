// What the console knows of the box, as one object, and the shapes in which other programs tell it. They run as other users and
// read what strangers send, so nothing is believed: what does not have its shape is as if it were not there.
import * as z from 'zod'
import type { DiagnosticsReport } from '../diagnostics/diagnostics-report.ts'
import type { SystemReport } from '../diagnostics/system-report.ts'

const text = z.string().max(20_000)
const time = z.union([text, z.number()]).transform(String)
const count = z.number().catch(0)

export const statusShape = z.object({
  running: z.literal(true),
  device: text.nullable(),
  central: z.object({
    lastReceiptAt: text.nullable(),
    failure: z.object({ code: text, text, at: text }).nullable(),
    retryAt: text.nullable(),
  }),
  queue: z.object({ batches: count, bytes: count, quotaBytes: count }),
  gateways: z
    .array(
      z.object({ number: count, address: text, product: text.nullable(), messages: count, messagesPerSecond: count, lastMessageAt: text }),
    )
    .max(2000),
  sources: z.array(z.object({ name: text, address: text })).max(100),
  notices: z.array(text).max(100),
})
export type AgentStatus = z.infer<typeof statusShape>

export const settingsShape = z.object({
  at: time,
  hostName: text.optional(),
  carriers: z
    .array(z.object({ name: text, state: text, faults: z.array(text).max(1000).catch([]) }))
    .max(20)
    .catch([]),
  /** What somebody should do about it. */
  notices: z.array(text).max(100).catch([]),
  /** Nothing outlasts a restart. */
  isDataLost: z.boolean().optional().catch(undefined),
})
export type SettingsReport = z.infer<typeof settingsShape>

export const enrolmentShape = z.object({
  at: time,
  state: z.enum(['no-code', 'trying', 'enrolled', 'refused']),
  text: text.optional(),
  advice: text.optional(),
})
export type EnrolmentReport = z.infer<typeof enrolmentShape>

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
  /** The last look for updates of the system. */
  readonly system: SystemReport | undefined
  /** Slot of the system that runs; empty where there is none, or not yet known. */
  readonly slot: string
  /** Text of the settings that hold now; undefined if it cannot be read, which is not the same as none. */
  readonly member: string | undefined
  /** Settings put by this console that nobody has taken up yet. */
  readonly isRequested: boolean
}

/** The address to name where one is asked for, with brackets where a port follows an IPv6 address. */
export const mainAddress = (facts: Facts): string | undefined => facts.addresses[0]

export const isEnrolled = (facts: Facts): boolean | undefined =>
  facts.agent.kind === 'running' ? facts.agent.status.device !== null : undefined

/** Files of the settings that were refused, each fault with its file and line. */
export const refusedFaults = (facts: Facts): string[] =>
  (facts.settings?.carriers ?? []).filter(carrier => carrier.state === 'refused').flatMap(carrier => carrier.faults)
