// What of the agent's status goes into the file for the helpdesk: an allow list, picked from the one schema of the status. A
// field that is added to the status later is not in the file before it is named here. Texts and addresses are redacted later.
import type * as z from 'zod'
import { statusSchema } from '../../../agent/health/status-schema.ts'

const { central } = statusSchema.shape

export const diagnosedStatusSchema = statusSchema
  .pick({
    version: true,
    running: true,
    startedAt: true,
    device: true,
    process: true,
    findings: true,
    queue: true,
    gateways: true,
    accounting: true,
    sources: true,
    refused: true,
    unreadableShapes: true,
  })
  .extend({ central: central.pick({ url: true, lastReceiptAt: true, bytesSent: true, failure: true, retryAt: true }) })
export type DiagnosedStatus = z.infer<typeof diagnosedStatusSchema>
