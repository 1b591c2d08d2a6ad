// What the guard of releases says (it lies outside every release), and when it was last looked for updates.
import { statSync } from 'node:fs'
import * as z from 'zod'
import type { Facts, ReleaseFacts } from '../facts.ts'
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

const stateSchema = z.object({ files: z.record(z.string().max(64), z.string().max(1024 * 1024)) })
const expirySchema = z.object({ signed: z.object({ expires: z.string().max(40) }) })

const METADATA_MAX_BYTES = 1024 * 1024

/** The file of the verified metadata is as old as the newest signature in it, which makers renew every day or so. */
export function updateOf(path: string, now: number): Facts['update'] {
  try {
    const { mtimeMs } = statSync(path)
    const { data } = stateSchema.safeParse(jsonIn(path, METADATA_MAX_BYTES))
    const timestamp = expirySchema.safeParse(parsed(data?.files['timestamp.json'] ?? '')).data
    const expires = timestamp === undefined ? Number.NaN : Date.parse(timestamp.signed.expires)
    return { checkedAtMs: mtimeMs, isExpired: expires < now }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { checkedAtMs: undefined, isExpired: false }
    throw error
  }
}

const jsonIn = (path: string, bytesMax?: number): unknown => parsed(smallFile(path, bytesMax) ?? '')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the caller's schema reports it
  }
}
