// What the correlator works with.
import type * as z from 'zod'
import type { Register } from '../findings/findings.ts'
import type { Hot } from './hot.ts'
import type { HourFile } from './hour-files.ts'

export interface CorrelatorContext {
  readonly hot: Hot
  readonly register: Register & { read<T>(shape: z.ZodType<T>, sql: string, values?: Record<string, number | Uint8Array>): T[] }
  /** Hour files that can be read, the oldest first. */
  readonly hours: () => readonly HourFile[]
  readonly now: () => number
  /** How often slow scans are looked for, in ms; every 5 s by default. */
  readonly slowEveryMs?: number
}
