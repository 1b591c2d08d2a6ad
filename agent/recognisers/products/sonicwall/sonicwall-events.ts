// What SonicOS' numbered messages (m=) say became of a connection or a login. Listed are those whose text does not say it
// in a plain word; all others are read by the words of their text, as is what an alert did beyond alerting.
// Source: SonicOS 6.5 and 7.0 Log Events Reference Guide, sonicwall.com/support/technical-documentation.
import { Action } from '../../../event.ts'
import { isLetter } from '../../../lib/bytes.ts'
import { Needle } from '../../tokenisers/needle.ts'
import type { Span } from '../../tokenisers/span.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

const rows: readonly (readonly [action: number, ...numbers: number[]])[] = [
  // connection opened, web site accessed, SSL VPN traffic, packet allowed
  [Action.allow, 97, 98, 1153, 1235],
  // connection closed
  [Action.end, 537],
  // logins of administrators and users allowed, configuration sessions started
  [Action.allow, 29, 31, 199, 235, 236, 237, 238, 994, 996, 1080],
  // denied for their credentials, the place they come from, or too many failures before
  [Action.loginFailed, 30, 32, 33, 35, 140, 200, 243, 246, 311, 312, 329, 344, 486, 583, 745, 749, 759, 986, 987, 1035, 1048, 1115],
  // TCP, UDP and ICMP packets dropped, unknown protocol dropped
  [Action.drop, 36, 37, 38, 41],
  // SYN floods, scans and attacks that are reported as possible or probable; IPS, IDP, spyware and application alerts
  [Action.detect, 25, 82, 83, 177, 178, 179, 608, 789, 793, 795, 809, 860, 866, 904, 905, 908, 909],
  [Action.detect, 1098, 1154, 1213, 1214, 1369, 1371, 1450, 1451, 1452],
  // the same, prevented; packets of machines that are on the flood blacklist
  [Action.drop, 609, 790, 794, 864, 868, 898, 899, 901, 902, 1155, 1366, 1367],
  // housekeeping whose text holds such a word: floods that ceased, log out, lock-outs that expired, sessions ended
  [Action.other, 24, 34, 262, 438, 439, 861, 865, 867, 900, 903, 906, 907, 995, 998, 1197, 1368, 1370, 1382, 1383],
]
/** The action by number, or NO_WORD. */
const byNumber = new Int8Array(2048).fill(NO_WORD)
for (const [action, ...numbers] of rows) for (const number of numbers) byNumber[number] = action

const words = Words.of(
  [Action.drop, 'dropped', 'drop'],
  [Action.deny, 'denied', 'blocked'],
  [Action.reject, 'rejected'],
  [Action.detect, 'detected'],
  [Action.allow, 'allowed', 'accepted', 'forwarded'],
)

/** fw_action=, from SonicOS 6.5 on: what the firewall did with the packet; NA when there was nothing to do. */
const firewallActions = Words.of(
  [Action.drop, 'drop', 'discard'],
  [Action.deny, 'deny', 'block'],
  [Action.reject, 'reject'],
  [Action.reset, 'reset'],
  [Action.allow, 'forward', 'allow', 'mgmt'],
)

/** `User login failed`, `Login denied`: what SMA appliances write without a number of its own. */
const LOGIN_FAILED = [new Needle('ogin failed'), new Needle('ogin denied')]

/** The action of the first telling word in the text of a message. */
function actionOfText(bytes: Uint8Array, { start, end }: Span): number {
  for (const words of LOGIN_FAILED) if (words.find(bytes, start, end) >= 0) return Action.loginFailed
  for (let at = start; at < end; at++) {
    const first = at
    while (at < end && isLetter(bytes[at])) at++
    const action = at > first ? words.find(bytes, first, at) : NO_WORD
    if (action !== NO_WORD) return action
  }
  return Action.other
}

/** What became of the connection or login of message `number`, by fw_action= and the message's text. */
export function decideAction(bytes: Uint8Array, number: number, firewallAction: Span, text: Span): number {
  const numbered = number >= 0 && number < byNumber.length ? byNumber[number] : NO_WORD
  // the number knows a login from a packet; whether the packet went through, fw_action knows best
  if (numbered === Action.loginFailed || numbered === Action.end) return numbered
  const done = firewallActions.findIn(bytes, firewallAction)
  if (done !== NO_WORD && (done !== Action.allow || numbered === NO_WORD)) return done
  if (numbered !== NO_WORD && numbered !== Action.detect) return numbered
  const stated = actionOfText(bytes, text)
  return numbered === Action.detect && stated !== Action.drop && stated !== Action.deny ? numbered : stated
}
