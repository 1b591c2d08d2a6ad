// The time stamp of everything that is built, in seconds since 1970: $SOURCE_DATE_EPOCH (reproducible-builds.org), else the time
// of the commit, so that the same commit and packages give the same bytes.
import { execFileSync } from 'node:child_process'

const NO_CHECKOUT = Date.UTC(2026, 0) / 1000

export function sourceDate(root: string): number {
  if (process.env.SOURCE_DATE_EPOCH !== undefined) return Number(process.env.SOURCE_DATE_EPOCH)
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    // an archive of the sources has no history
    return NO_CHECKOUT
  }
}
