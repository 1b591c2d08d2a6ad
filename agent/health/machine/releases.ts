// What the guard of releases says; it lies outside every release.
import * as z from 'zod'
import type { ReleaseFacts } from '../facts.ts'
import { smallFile } from './small-file.ts'

const reportSchema = z.object({
  at: z.union([z.string().max(40), z.number()]),
  // the guard is of the system, which may be newer than this release
  state: z.enum(['factory', 'good', 'trial', 'taken-back', 'refused', 'waiting', 'unknown']).catch('unknown'),
  slot: z.enum(['none', 'factory', 'a', 'b']).catch('none'),
  text: z.string().max(2000).default(''),
})

/** Undefined where no guard runs, as on a Linux server, or where it said nothing that can be read. */
export function releaseOf(path: string): ReleaseFacts | undefined {
  const { data } = reportSchema.safeParse(jsonIn(path))
  if (data === undefined) return undefined
  const at = typeof data.at === 'number' ? data.at * (data.at < 1e11 ? 1000 : 1) : Date.parse(data.at)
  return { state: data.state, slot: data.slot, atMs: Number.isNaN(at) ? 0 : at, text: data.text }
}

const jsonIn = (path: string): unknown => parsed(smallFile(path) ?? '')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller's schema reports it
  }
}
