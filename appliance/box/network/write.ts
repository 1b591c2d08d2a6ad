// Puts a rendered network where its service looks, and takes away what we put there before and no longer do.
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeIfThere } from '../../../agent/lib/durable-file.ts'
import { writeIfOther } from '../settings/state-files.ts'
import type { NetworkBackend, NetworkPlan } from './plan.ts'

/** True if anything is other than before. */
export function writeNetwork(backend: NetworkBackend, plan: NetworkPlan, folder: string): boolean {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const files = backend.render(plan)
  const stale = readdirSync(folder).filter(name => backend.own.test(name) && !files.some(file => file.name === name))
  for (const name of stale) removeIfThere(join(folder, name))
  const written = files.filter(({ name, text, mode }) => writeIfOther(join(folder, name), text, mode))
  return stale.length + written.length > 0
}
