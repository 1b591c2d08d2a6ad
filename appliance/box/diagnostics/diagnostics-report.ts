// How far the diagnostics are on their way to a stick: written by `cyberalarm-box diagnostics`, shown by the console.
import * as z from 'zod'

/** In the folder of reports to the console. */
export const DIAGNOSTICS_REPORT = 'diagnostics.json'

const text = z.string().max(20_000)

export const diagnosticsReportSchema = z.object({
  /** ISO 8601. */
  at: text,
  state: z.enum(['waiting', 'writing', 'verifying', 'done', 'failed']),
  file: text.optional(),
  bytes: z.number().optional(),
  /** While it goes on: what is waited for. */
  text: text.optional(),
  failure: z.object({ code: text, detail: text, advice: text }).optional(),
})
export type DiagnosticsReport = z.infer<typeof diagnosticsReportSchema>
