// What central may ask of a box in its answer to a report: a closed list, and nothing in it is a command. No ask is carried out yet.
import * as z from 'zod'

/** Diagnostics for the helpdesk; to look for an update now; to renew the key. */
export const askables = ['diagnostics', 'update', 'renew'] as const

const askSchema = z.strictObject({
  id: z.int().positive().max(0xffffffff),
  what: z.enum(askables),
  /** Seconds since 1970; afterwards it is not to be carried out. */
  until: z.int().positive().max(253_402_300_799),
})
export type Ask = z.infer<typeof askSchema>

const answerSchema = z.strictObject({ asks: z.array(askSchema).max(8) })

/** None for an answer of any other form: what is not on the list is not asked. */
export const asksIn = (answer: unknown): readonly Ask[] => answerSchema.safeParse(answer).data?.asks ?? []
