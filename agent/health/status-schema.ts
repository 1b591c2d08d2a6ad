// The status of an agent: what `cyberalarm status --json` prints and the status socket tells. This is its only description: the
// agent's types come from it, and console and diagnostics pick the fields that they show. Everything has a bound, because
// whoever asks runs as another user and does not trust a process that reads what strangers send.
import * as z from 'zod'
import { levels } from './report/level.ts'

const text = z.string().max(20_000)
const counts = z.record(z.string().max(200), z.number())
/** ISO 8601, UTC. */
const time = z.string().max(40)

const severities = ['problem', 'warning', 'information'] as const

/** Something that a person should know. `code` never changes its meaning; `detail` says what happened, `advice` what to do. */
export const findingSchema = z.object({
  code: z.string().max(64),
  /** The console may be older than the agent: a severity that it does not know is shown. */
  severity: z.enum(severities).catch('warning'),
  detail: text,
  advice: text,
  since: time.optional(),
})

const receiptSchema = z.object({
  device: text,
  sequence: z.number(),
  hash: text,
  storedAt: text,
  key: text,
  signature: text,
})

export const statusSchema = z.object({
  version: text,
  running: z.boolean(),
  startedAt: time.nullable(),
  device: text.nullable(),
  /** Null while no agent runs. */
  process: z
    .object({
      residentBytes: z.number(),
      /** User and system, of all threads. */
      cpuSeconds: z.number(),
      /** The longest time for which it did nothing but one thing: since everything listened, and within the last hour. */
      longestStallSinceStartMs: z.number(),
      longestStallLastHourMs: z.number(),
    })
    .nullable(),
  /**
   * Marked messages from addresses of this machine (`cyberalarm-canary <nonce> <number>`): the last nonce that was not the agent's own
   * and how many of its messages came; and when the agent sent its own last, and when the last came back. Null where nobody knows.
   */
  canary: z
    .object({
      nonce: z.string().max(16).nullable(),
      count: z.number(),
      ageSeconds: z.number().nullable(),
      own: z.object({ sentAgeSeconds: z.number().nullable(), returnedAgeSeconds: z.number().nullable() }),
    })
    .nullable()
    .default(null),
  /** Whether the agent shows that what arrives is read and kept. Null where nobody knows. */
  dataPath: z
    .object({
      /** Whether systemd restarts it when it no longer does. */
      isWatched: z.boolean(),
      /** The sources through which it sends itself marked messages. */
      ways: z.array(z.string().max(20)).max(10),
      /** Since one of them was last shown to be read. Null: not yet, or there is nothing to show. */
      ageSeconds: z.number().nullable(),
      fault: z.object({ code: z.string().max(64), detail: text, advice: text }).nullable(),
      /** When it was last restarted for that. */
      restartedAt: time.nullable(),
    })
    .nullable()
    .default(null),
  /** The most important first; empty when all is well. */
  findings: z.array(findingSchema).max(100),
  /** Every check of health (docs/health.md), in the order of importance. The console may be older than the agent. */
  health: z
    .array(z.object({ check: z.string().max(64), level: z.enum(levels).catch('unknown'), value: z.number().nullable() }))
    .max(255)
    .default([]),
  central: z.object({
    url: text,
    lastReceiptAt: time.nullable(),
    lastReceipt: receiptSchema.nullable(),
    /** When central last took anything: a batch, or a report of health. */
    lastAnswerAt: time.nullable().default(null),
    bytesSent: z.number(),
    /** Why nothing gets through: since when, and when it was tried last. */
    failure: z.object({ code: z.string().max(64), detail: text, advice: text, since: time, at: time }).nullable(),
    retryAt: time.nullable(),
  }),
  /** How far the box is with releases of the agent. Null where there are none, and in what older agents say. */
  update: z
    .object({
      /** Never changes its meaning: current, now, paused, before-wave, loading, handed-over, failed and so on. */
      kind: z.string().max(64),
      text,
      offered: z.object({ version: text, number: z.number() }).nullable(),
      /** When it was last learnt what is offered. */
      learntAt: time.nullable(),
      /** Since when that fails. */
      fault: z.object({ code: z.string().max(64), detail: text, since: time }).nullable(),
      /** The release that runs or was tried last: factory, good, trial, taken-back, refused or waiting. */
      release: z.object({ state: text, version: text, number: z.number(), text }).nullable(),
    })
    .nullable()
    .default(null),
  queue: z.object({ batches: z.number(), bytes: z.number(), quotaBytes: z.number() }),
  gateways: z
    .array(
      z.object({
        number: z.number(),
        address: text,
        product: text.nullable(),
        messages: z.number(),
        messagesPerSecond: z.number(),
        /** 0 to 1. */
        parsed: z.number(),
        lastMessageAt: time,
        /** Its clock less ours: negative where it is behind. Null until a message stated a time. */
        clockOffsetSeconds: z.number().nullable(),
        /** The worst of its own checks: silence against what is usual for it, messages that cannot be read, clock. */
        level: z.enum(levels).catch('unknown').default('unknown'),
      }),
    )
    .max(2000),
  /** The accounting of each input: received = the sum of the rest; `unaccounted` is 0 unless the program is wrong. */
  accounting: z
    .array(
      z.object({
        input: text,
        received: z.number(),
        merged: z.number(),
        dropped: counts,
        droppedTotal: z.number(),
        ignored: z.number(),
        unreadable: z.number(),
        waiting: z.number(),
        spooled: z.number(),
        sent: z.number(),
        shed: z.number(),
        unaccounted: z.number(),
        // What never became a message, and so is in none of the numbers above.
        /** Dropped by the kernel. Null where it does not say. */
        kernelLost: z.number().nullable(),
        /**
         * Connections that the agent ended while their senders held them open, or that ended with it when it was killed; and bytes
         * that had arrived on them unread.
         */
        connectionsCut: z.number().default(0),
        bytesCut: z.number().default(0),
        /** How long nobody listened, between two agents. */
        deafSeconds: z.number().default(0),
      }),
    )
    .max(100),
  sources: z
    .array(
      z.object({
        name: text,
        address: text,
        counters: counts,
        /** Whether its connections outlive a restart of the agent; absent where there are none. */
        keepsConnections: z.boolean().optional(),
      }),
    )
    .max(100),
  /** Of each product whose messages came: how many its recogniser claimed, and could not read. */
  products: z.array(z.object({ product: text, claimed: z.number(), unreadable: z.number() })).max(500),
  /** Messages that were too long or broken to be read, by reason; they are among the unreadable ones. */
  refused: counts,
  unreadableShapes: z.array(z.object({ shape: text, count: z.number() })).max(100),
})

/** What an agent says before it listens: no status yet. A newer one may say more. */
export const startingSchema = z.object({ running: z.literal(true), version: z.undefined().optional() })

export type Status = z.infer<typeof statusSchema>
export type Finding = z.infer<typeof findingSchema>
export type CheckStatus = Status['health'][number]
export type Severity = (typeof severities)[number]
export type Receipt = z.infer<typeof receiptSchema>
export type UpdateFacts = NonNullable<Status['update']>
export type InputStatus = Status['accounting'][number]
export type ProcessStatus = NonNullable<Status['process']>
export type CanaryStatus = NonNullable<Status['canary']>
