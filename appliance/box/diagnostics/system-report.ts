// How the last look for updates of the system went, as base/refresh tells it, and what of that needs somebody.
import * as z from 'zod'

export const systemShape = z.object({
  at: z.string().max(40),
  state: z.enum(['current', 'installed', 'taken-back', 'failed']),
  /** The slot that was, or would have been, filled. */
  slot: z.enum(['a', 'b']),
  /** How many packages were newer. */
  packages: z.number(),
  text: z.string().max(200),
})
export type SystemReport = z.infer<typeof systemShape>

const takenBack =
  'The newest updates of the system did not start on this machine and were taken back. It runs on with what it had, and tries again ' +
  'when there are newer ones. Please tell the helpdesk: D writes what they need to a USB stick.'

/** What somebody has to know about it, if there is anything. `slot` is the one that runs, empty where that is not known; `startedAt` in ms since 1970. */
export function systemNotice(
  report: SystemReport | undefined,
  { slot, startedAt }: { slot: string; startedAt: number },
): string | undefined {
  if (report === undefined || report.state === 'current') return undefined
  if (report.state === 'failed')
    return (
      `The system could not be updated on ${report.at.slice(0, 10)}: ${report.text}. Does the firewall let this box reach the servers of its ` +
      'base (for Debian deb.debian.org and security.debian.org, port 80)?'
    )
  // a slot that was to be tried, and is not the one that runs after the restart, was given up
  const isGivenUp = slot !== '' && report.slot !== slot && Date.parse(report.at) < startedAt
  return report.state === 'taken-back' || isGivenUp ? takenBack : undefined
}
