// How far the file of an update is on its way from a stick: written by `cyberalarm-box update-usb`, shown by the console.
import * as z from 'zod'

/** In the folder of reports to the console. */
export const UPDATE_REPORT = 'update-usb.json'
/** What the file is called on the stick. */
export const UPDATE_FILE = 'cyberalarm-update.tar'

const text = z.string().max(20_000)

export const updateReportSchema = z.object({
  /** ISO 8601. */
  at: text,
  /** `done`: the updater has it, and tells the rest. */
  state: z.enum(['waiting', 'reading', 'done', 'failed']),
  text: text.optional(),
  failure: z.object({ code: text, detail: text, advice: text }).optional(),
})
export type UpdateReport = z.infer<typeof updateReportSchema>
