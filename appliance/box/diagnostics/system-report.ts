// How the last update of the operating system went, as base/refresh and confirm-start tell it, and what of that needs attention.
import * as z from 'zod'
import type { Finding } from '../../../agent/health/status-schema.ts'

export const systemReportSchema = z.object({
  at: z.string().max(40),
  state: z.enum(['current', 'installed', 'taken-back', 'failed']),
  /** The slot that was, or would have been, filled. */
  slot: z.enum(['a', 'b']),
  /** How many packages were newer. */
  packages: z.number(),
  text: z.string().max(200),
})
export type SystemReport = z.infer<typeof systemReportSchema>

/** What a person should know about it, if there is anything. `slot` is the one that runs, empty where that is not known; `startedAt` in ms since 1970. */
export function systemFinding(
  report: SystemReport | undefined,
  { slot, startedAt }: { slot: string; startedAt: number },
): Finding | undefined {
  if (report === undefined || report.state === 'current') return undefined
  if (report.state === 'failed')
    return {
      code: 'os-update-failed',
      severity: 'warning',
      detail: `The operating system could not be updated on ${report.at.slice(0, 10)}: ${report.text}`,
      advice:
        'Allow this box to reach the update servers of its operating system (for Debian deb.debian.org and security.debian.org, TCP port 80; for CentOS its mirrors, TCP port 443).',
    }
  // a slot that was to be tried, and is not the one that runs after the restart, was given up
  const isGivenUp = slot !== '' && report.slot !== slot && Date.parse(report.at) < startedAt
  if (report.state !== 'taken-back' && !isGivenUp) return undefined
  const why = report.state === 'taken-back' ? ` (${report.text})` : ''
  return {
    code: 'os-update-reverted',
    severity: 'warning',
    detail: `The latest updates of the operating system did not start on this machine and were reverted${why}. The box works as before`,
    advice: 'It tries again with the next updates. Press D and send the file to the helpdesk.',
  }
}
