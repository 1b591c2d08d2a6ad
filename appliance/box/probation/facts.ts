// What is known of a release at one moment, and what was known of the one before it. All of it is seen from outside: from the kernel, from
// systemd, from what lies on the disk, and last from what the agent says of itself.
import * as z from 'zod'

const count = z.number().nonnegative()

/** Once a second, of the agent that runs. */
export interface Sample {
  /** ms of a clock that never jumps. */
  readonly atMs: number
  /** Of the unit, as systemd says it: `active`, `activating`, `failed`. */
  readonly state: string
  /** 0 while there is none. */
  readonly pid: number
  /** How often systemd started it anew by itself. */
  readonly restarts: number
  readonly anonymousBytes: number | undefined
  readonly processorSeconds: number | undefined
  /** Of the box's UDP port; undefined if nobody listens there. */
  readonly udp: { readonly queuedBytes: number; readonly drops: number } | undefined
  /** The ledger's checkpoint on the disk; undefined if there is none that can be read. */
  readonly ledger: Kept | undefined
  /** Nothing can be written to it by anybody but root. */
  readonly isDiskFull: boolean
  /** What the agent says; undefined if it does not answer. */
  readonly said: Said | undefined
}

export interface Kept {
  /** Changes with everything that is written. */
  readonly generation: number
  readonly received: number
  /** Of all inputs: what was received less what became of it. */
  readonly unaccounted: number
  /** Of the last batch, and of the last one with a receipt. */
  readonly sequence: number
  readonly receipted: number
}

/** The members of the status that are asked for. A newer release may say more, and never less (decision 0029). */
export const saidSchema = z.looseObject({
  running: z.literal(true),
  version: z.string().max(100),
  startedAt: z.string().max(40).nullish(),
  sources: z.array(z.looseObject({ name: z.string().max(100), address: z.string().max(200) })).max(100),
  canary: z.looseObject({ nonce: z.string().max(64).nullish(), count: z.number().nullish() }).nullish(),
  central: z.looseObject({ lastAnswerAt: z.string().max(40).nullish() }),
})
export type Said = z.infer<typeof saidSchema>

export const baselineSchema = z.object({
  version: z.string().max(100),
  /** Of its process, which may still be there when the new one is looked for. 0 if there was none. */
  pid: count,
  /** From its process's start to the start of the agent in it, which is most of the time it takes to listen; 0 if that is not known. */
  startMs: count,
  sources: z.array(z.object({ name: z.string(), address: z.string() })),
  /** It returned the marked messages that were sent through its own socket. */
  hasCanary: z.boolean(),
  receivedPerSecond: count,
  dropsPerSecond: count,
  anonymousBytes: count,
  /** Undefined if there were too few messages to tell. */
  processorSecondsPerMessage: count.optional(),
  receipted: count,
  /** It said when central had answered it last. */
  hasAnswers: z.boolean(),
  /** Versions of the metadata of updates by role, as its own updater read them from the disk; undefined if it read none. */
  metadata: z.record(z.string(), z.number()).optional(),
})
/** What the old release was, before it was left. */
export type Baseline = z.infer<typeof baselineSchema>

/** Why a release is not kept. A code never changes its meaning. */
export type FaultCode =
  | 'not-up'
  | 'restarted'
  | 'does-not-read'
  | 'loses-messages'
  | 'data-path'
  | 'keeps-nothing'
  | 'does-not-send'
  | 'does-not-add-up'
  | 'source-missing'
  | 'memory'
  | 'processor'
  | 'updater'
export interface Fault {
  readonly code: FaultCode
  /** One sentence, for people. */
  readonly text: string
}
