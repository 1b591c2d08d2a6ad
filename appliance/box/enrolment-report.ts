// How far the enrolment of this box is, /run/cyberalarm-enrol/enrolment.json: written by `cyberalarm-box enrol`, shown by the
// console, and in the diagnostics.
import * as z from 'zod'

const text = z.string().max(20_000)

export const enrolmentReportSchema = z.object({
  /** ISO 8601. */
  at: text,
  state: z.enum(['no-code', 'trying', 'enrolled', 'refused']),
  /** Of the last attempt that failed. */
  failure: z.object({ code: text, detail: text, advice: text }).optional(),
  /** Once enrolled: the name that central gave. */
  device: text.optional(),
})
export type EnrolmentReport = z.infer<typeof enrolmentReportSchema>
