// What SonicOS' numbered messages (m=) say became of a connection or a login. Listed are those whose text does not say it
// in a plain word; all others are read by the words of their text, as is what an alert did beyond alerting.
// Source: SonicOS 6.5 and 7.0 Log Events Reference Guide, sonicwall.com/support/technical-documentation.
import { Action } from '../../../event.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

const UNLISTED = 255
const NUMBER_MAX = 2047

const numbers: readonly (readonly [action: number, ids: readonly number[]])[] = [
  // connection opened, web site accessed, SSL VPN traffic, packet allowed
  [Action.allow, [97, 98, 1153, 1235]],
  // connection closed
  [Action.end, [537]],
  // logins of administrators and users allowed, configuration sessions started
  [Action.allow, [29, 31, 199, 235, 236, 237, 238, 994, 996, 1080]],
  // denied for their credentials, the place they come from, or too many failures before
  [Action.loginFailed, [30, 32, 33, 35, 140, 200, 243, 246, 311, 312, 329, 344, 486, 583, 745, 749, 759, 986, 987, 1035, 1048, 1115]],
  // TCP, UDP and ICMP packets dropped, unknown protocol dropped
  [Action.drop, [36, 37, 38, 41]],
  // SYN floods, scans and attacks that are reported as possible or probable; IPS, IDP, spyware and application alerts
  [
    Action.detect,
    [
      25, 82, 83, 177, 178, 179, 608, 789, 793, 795, 809, 860, 866, 904, 905, 908, 909, 1098, 1154, 1213, 1214, 1369, 1371, 1450, 1451,
      1452,
    ],
  ],
  // the same, prevented; packets of machines that are on the flood blacklist
  [Action.drop, [609, 790, 794, 864, 868, 898, 899, 901, 902, 1155, 1366, 1367]],
  // housekeeping whose text holds such a word: floods that ceased, log out, lock-outs that expired, sessions ended
  [Action.other, [24, 34, 262, 438, 439, 861, 865, 867, 900, 903, 906, 907, 995, 998, 1197, 1368, 1370, 1382, 1383]],
]

const actions = new Uint8Array(NUMBER_MAX + 1).fill(UNLISTED)
for (const [action, ids] of numbers) for (const id of ids) actions[id] = action

const words = new Words({
  dropped: Action.drop,
  drop: Action.drop,
  denied: Action.deny,
  blocked: Action.deny,
  rejected: Action.reject,
  detected: Action.detect,
  allowed: Action.allow,
  accepted: Action.allow,
  forwarded: Action.allow,
})

/** fw_action=, from SonicOS 6.5 on: what the firewall did with the packet; NA when there was nothing to do. */
export const firewallActions = new Words({
  drop: Action.drop,
  deny: Action.deny,
  block: Action.deny,
  discard: Action.drop,
  reject: Action.reject,
  reset: Action.reset,
  forward: Action.allow,
  allow: Action.allow,
  mgmt: Action.allow,
})

/** The action of message `number`, or NO_WORD if it is not listed. */
export function actionOfNumber(number: number): number {
  const action = number >= 0 && number <= NUMBER_MAX ? actions[number] : UNLISTED
  return action === UNLISTED ? NO_WORD : action
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

/** `User login failed`, `Login denied`: what SMA appliances write without a number of its own. */
const LOGIN_FAILED = [new Needle('ogin failed'), new Needle('ogin denied')]

/** The action of the first telling word in the text of a message, or NO_WORD. */
export function actionOfText(bytes: Uint8Array, start: number, end: number): number {
  for (const words of LOGIN_FAILED) if (words.find(bytes, start, end) >= 0) return Action.loginFailed
  for (let at = start; at < end; at++) {
    const first = at
    while (at < end && isLetter(bytes[at])) at++
    const action = at > first ? words.find(bytes, first, at) : NO_WORD
    if (action !== NO_WORD) return action
  }
  return NO_WORD
}
