// The agent's advice is for a Linux server with a shell. A box has none, so where advice takes a shell the console gives
// another one for the same code.
import type { FailureCode } from '../../../agent/errors.ts'

const helpdesk = 'Restart this box. If this persists, press D and send the file to the helpdesk.'

const onBox: Partial<Record<FailureCode, string>> = {
  'settings-wrong': 'Correct them where they were entered (vSphere or cyberalarm.conf), or press N.',
  'settings-unreadable': helpdesk,
  'not-enrolled': 'Press E and enter the enrolment code.',
  'identity-damaged': 'Press E and enter a new enrolment code. Nothing else is lost.',
  'identity-refused':
    'Press E and enter a new enrolment code. Batches that are queued are sent then, unless central has lost what it knew of this box.',
  'certificate-expired': 'Check the clock of this box. If it is right, press E and enter a new enrolment code.',
  'central-not-set':
    'Set central.url and central.pins in cyberalarm.conf on the drive CYBERALARM and restart this box, or use the image that was built for your central.',
  'disk-full':
    'Give this box a larger disk and restart it; the new space is used automatically. Until then events are kept in memory; what does not fit is counted as shed.',
  'disk-failed': 'The disk may be failing. Move this box to another disk and enrol it there with a new code.',
  'ledger-damaged': 'Press D and send the file to the helpdesk.',
  'ledger-set-aside': 'Press D and send the file to the helpdesk. The box goes on with a new ledger.',
  'listen-failed': helpdesk,
  'nflog-failed': helpdesk,
  'native-missing': helpdesk,
  'certificate-unreadable': helpdesk,
  'reading-failed': 'This is a bug in CyberAlarm. Press D and send the file to the helpdesk.',
  'accounting-wrong': 'This is a bug in CyberAlarm. Press D and send the file to the helpdesk.',
  'agent-running': helpdesk,
  'agent-not-running': 'It is started again automatically. If this lasts for minutes, restart this box.',
  'agent-differs': helpdesk,
  'watchdog-restarted': 'Nothing to do if this stays the only time. If it comes again, press D and send the file to the helpdesk.',
  'update-by-package': helpdesk,
  'update-available': helpdesk,
  unexpected: helpdesk,
}

/** What someone in front of the console does about a finding; `advice` is what the agent says. */
export const boxAdvice = (code: string, advice = ''): string => new Map<string, string>(Object.entries(onBox)).get(code) ?? advice
