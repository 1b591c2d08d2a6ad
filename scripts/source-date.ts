// The time stamp of everything that is built, in seconds since 1970: $SOURCE_DATE_EPOCH (reproducible-builds.org), else the time
// of the commit, so that the same commit and packages give the same bytes.
import { execFileSync } from 'node:child_process'

const NO_CHECKOUT = Date.UTC(2026, 0) / 1000

export const sourceDate = (root: string): number => knownSourceDate(root) ?? NO_CHECKOUT

/** The same; undefined for an archive of the sources, which has no history. */
export function knownSourceDate(root: string): number | undefined {
  if (process.env.SOURCE_DATE_EPOCH !== undefined) return Number(process.env.SOURCE_DATE_EPOCH)
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}
