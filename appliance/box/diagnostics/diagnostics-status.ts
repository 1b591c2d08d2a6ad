// What of the agent's status goes into the file for the helpdesk: an allow list as a shape. A field that is added to the status
// later is not in the file before it is named here. Texts and addresses are redacted by who asks.
import * as z from 'zod'

const numbers = z.record(z.string(), z.number())

export const diagnosedStatusShape = z.object({
  version: z.string(),
  running: z.boolean(),
  startedAt: z.string().nullable(),
  device: z.string().nullable(),
  process: numbers.nullable(),
  central: z.object({
    url: z.string(),
    lastReceiptAt: z.string().nullable(),
    bytesSent: z.number(),
    failure: z.object({ code: z.string(), text: z.string(), at: z.string() }).nullable(),
    retryAt: z.string().nullable(),
  }),
  queue: z.object({ batches: z.number(), bytes: z.number(), quotaBytes: z.number() }),
  gateways: z.array(
    z.object({
      number: z.number(),
      address: z.string(),
      product: z.string().nullable(),
      messages: z.number(),
      messagesPerSecond: z.number(),
      understood: z.number(),
      lastMessageAt: z.string(),
      skewSeconds: z.number().nullable(),
    }),
  ),
  accounting: z.array(z.record(z.string(), z.union([z.string(), z.number(), numbers, z.null()]))),
  sources: z.array(z.object({ name: z.string(), address: z.string(), counters: numbers })),
  notices: z.array(z.string()),
  refused: numbers,
  unreadableShapes: z.array(z.object({ shape: z.string(), count: z.number() })),
})
export type DiagnosedStatus = z.infer<typeof diagnosedStatusShape>
