// What the guard of releases says; it lies outside every release.
import { join } from 'node:path'
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

const madeSchema = z.object({ made: z.int().positive() })

/**
 * When the release that runs this code was made, in ms since 1970: its package.json, beside its code, says so (build-release.ts).
 * Undefined in a checkout, where there is none beside it.
 */
export function releaseMadeAtMs(folder = import.meta.dirname): number | undefined {
  const { data } = madeSchema.safeParse(jsonIn(join(folder, 'package.json')))
  return data === undefined ? undefined : data.made * 1000
}

const jsonIn = (path: string): unknown => parsed(smallFile(path) ?? '')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller's schema reports it
  }
}
