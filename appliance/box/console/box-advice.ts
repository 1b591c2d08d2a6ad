// The agent's advice is for a Linux server, with a shell. On a box there is none, so what takes one is said in other words here.
import { advice, type FailureCode } from '../../../agent/errors.ts'

const helpdesk = 'Restart this box; if it lasts, press D and send the file to the helpdesk.'

const onBox: Partial<Record<FailureCode, string>> = {
  'settings-wrong': 'Correct them where they came from (vSphere, cyberalarm.conf), or press N.',
  'settings-unreadable': helpdesk,
  'not-enrolled': 'Press E and type the enrolment code.',
  'identity-damaged': 'Press E and type a fresh enrolment code: nothing else is lost.',
  'central-not-set':
    'Write central.url and central.pins into cyberalarm.conf (on the drive CYBERALARM), or take the image that was made for your central.',
  'disk-full':
    'Give this box a larger disk and restart it: it takes the room by itself. Until then events are kept in memory, then shed and counted.',
  'disk-failed': 'The disk may be failing: move this box to another, and enrol it there with a fresh code.',
  'ledger-damaged': 'Press D and send the file to the helpdesk.',
  'listen-failed': helpdesk,
  'nflog-failed': helpdesk,
  'native-missing': helpdesk,
  'certificate-unreadable': helpdesk,
  'agent-running': helpdesk,
  'agent-not-running': 'It is started again by itself. If this lasts for minutes, restart this box.',
}

/** `text` of the agent with the advice in it that someone in front of the console can follow. */
export function forBox(text: string): string {
  let said = text
  for (const [code, words] of Object.entries(onBox)) said = said.replaceAll(advice[code as FailureCode], words)
  return said
}
