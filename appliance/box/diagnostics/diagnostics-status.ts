// What of the agent's status goes into the file for the helpdesk: an allow list, picked from the one schema of the status. A
// field that is added to the status later is not in the file before it is named here. Texts and addresses are redacted later.
import * as z from 'zod'
import { statusSchema } from '../../../agent/health/status-schema.ts'

const { central, findings, gateways, sources } = statusSchema.shape

export const diagnosedStatusSchema = statusSchema
  .pick({
    version: true,
    running: true,
    startedAt: true,
    device: true,
    process: true,
    queue: true,
    accounting: true,
    products: true,
    refused: true,
    unreadableShapes: true,
  })
  .extend({
    findings: z.array(findings.element.pick({ code: true, severity: true, detail: true, advice: true, since: true })),
    central: central.pick({ url: true, lastReceiptAt: true, bytesSent: true, failure: true, retryAt: true }),
    gateways: z.array(
      gateways.element.pick({
        number: true,
        address: true,
        product: true,
        messages: true,
        messagesPerSecond: true,
        parsed: true,
        lastMessageAt: true,
        clockOffsetSeconds: true,
      }),
    ),
    sources: z.array(sources.element.pick({ name: true, address: true, counters: true })),
  })
export type DiagnosedStatus = z.infer<typeof diagnosedStatusSchema>
