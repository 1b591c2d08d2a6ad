// How far this box is with updates, as the updater leaves it for others and the guard reports on what became of it. Nobody who shows
// it needs the code that loads updates. Both files are written by other users: what does not fit is as if it were not there.
import * as z from 'zod'
import { readIfPossible, writeDurable } from '../lib/durable-file.ts'

const FILE_MAX_BYTES = 16 * 1024
const text = z.string().max(1000)
const time = z.iso.datetime().max(40)
const release = z.object({ version: text, number: z.int().nonnegative() })

const stateSchema = z.object({
  /** Of the last attempt, and of the last one that learnt what is offered. */
  at: time,
  learntAt: time.optional(),
  device: text.optional(),
  running: release,
  offered: release.optional(),
  /** A kind of Decision; since when it is that, and until when if that is known. */
  kind: text.optional(),
  from: time.optional(),
  /** The decision in a sentence. */
  text: text.optional(),
  /** While parts are loaded, in bytes. */
  loading: z.object({ done: z.number(), all: z.number() }).optional(),
  /** The release that was handed over last. */
  handedOver: z.object({ number: z.int(), at: time }).optional(),
  fault: z.object({ code: text, detail: text, since: time }).optional(),
})
export type UpdateState = z.infer<typeof stateSchema>

const reportSchema = z.object({ at: text, state: text, version: text, number: z.coerce.number(), text })
/** What the guard says of the release that runs or was tried last; `state` is factory, good, trial, taken-back, refused or waiting. */
export type ReleaseReport = z.infer<typeof reportSchema>

export const readUpdateState = (path: string): UpdateState | undefined => read(path, stateSchema)
export const readReleaseReport = (path: string): ReleaseReport | undefined => read(path, reportSchema)

/** Everybody on the box may read it: nothing in it is secret. */
export const writeUpdateState = (path: string, state: UpdateState): void =>
  writeDurable(path, `${JSON.stringify(state)}\n`, { mode: 0o644 })

function read<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> | undefined {
  const bytes = readIfPossible(path, FILE_MAX_BYTES)
  if (bytes === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(bytes.toString())).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What status, console and health show: the same kinds, and a sentence for people. */
export interface UpdateStatus {
  /** A kind of Decision; `loading`, `handed-over` and `failed` besides; `unknown` before the first attempt. */
  readonly kind: string
  readonly text: string
  readonly offered: { readonly version: string; readonly number: number } | undefined
  /** Since when it cannot be learnt what is offered, and why. */
  readonly fault: { readonly code: string; readonly detail: string; readonly since: string } | undefined
  /** ISO 8601. */
  readonly learntAt: string | undefined
  readonly release: ReleaseReport | undefined
}

/** undefined where there are no updates: no attempt was ever made, and no guard reports. */
export function updateStatus(paths: { readonly updateState: string; readonly releaseReport: string }): UpdateStatus | undefined {
  const state = readUpdateState(paths.updateState)
  const release = readReleaseReport(paths.releaseReport)
  if (state === undefined && release === undefined) return undefined
  return {
    ...nowOf(state),
    offered: state?.offered,
    fault: state?.fault,
    learntAt: state?.learntAt,
    release,
  }
}

function nowOf(state: UpdateState | undefined): Pick<UpdateStatus, 'kind' | 'text'> {
  if (state === undefined) return { kind: 'unknown', text: 'This box has not yet asked what it is offered.' }
  const { fault, loading, offered, kind = 'unknown', text: sentence = '' } = state
  const name = offered === undefined ? '' : `${offered.version} (release ${offered.number})`
  if (fault !== undefined)
    return { kind: 'failed', text: `Updates fail since ${minuteOf(Date.parse(fault.since))}: ${fault.detail} [${fault.code}]` }
  if (loading !== undefined) return { kind: 'loading', text: `${name} is being loaded: ${mib(loading.done)} of ${mib(loading.all)} MiB.` }
  return { kind, text: offered === undefined || kind === 'current' ? sentence : `${name} is offered. ${sentence}` }
}

const mib = (bytes: number): string => (bytes / (1024 * 1024)).toFixed(1)

/** `2026-12-03 at 14:20 UTC` of ms since 1970. */
export const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' at ')} UTC`
