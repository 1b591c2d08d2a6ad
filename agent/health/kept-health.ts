// What health has to know across a restart: the rhythm of each gateway, because a firewall may fall silent while the box starts anew,
// and when the agent was last killed. Both are worth a file in two copies, and neither is worth stopping for.
import * as z from 'zod'
import { fromJson, mendState, toJson, writeState } from '../lib/state-file.ts'

const GATEWAYS_MAX = 1100
const STARTS_MAX = 50

const keptSchema = z.looseObject({
  /** ms since 1970: starts of the agent after it was killed, the newest last. */
  uncleanStarts: z.array(z.number()).max(STARTS_MAX),
  gateways: z
    .array(
      z.looseObject({
        address: z.string().max(100),
        messages: z.number().nonnegative(),
        lastAt: z.number(),
        usual: z.array(z.number()).max(48),
      }),
    )
    .max(GATEWAYS_MAX),
})
export type KeptHealth = z.infer<typeof keptSchema>

export const emptyHealth = (): KeptHealth => ({ uncleanStarts: [], gateways: [] })

/** What is there, and what was wrong with it. Whatever cannot be used begins anew. */
export function openHealth(path: string): { kept: KeptHealth; damage: readonly string[]; isLost: boolean } {
  const { value, damage } = mendState(
    path,
    fromJson(stored => keptSchema.parse(stored)),
  )
  return { kept: value ?? emptyHealth(), damage, isLost: value === undefined && damage.length > 0 }
}

/** Throws what the disk throws. Numbers of a newer release are kept. */
export function writeHealth(path: string, kept: KeptHealth): void {
  const gateways = kept.gateways.toSorted((a, b) => b.lastAt - a.lastAt).slice(0, GATEWAYS_MAX)
  writeState(path, toJson({ ...kept, uncleanStarts: kept.uncleanStarts.slice(-STARTS_MAX), gateways }))
}
