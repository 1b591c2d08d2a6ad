// The prefix that a rule of a packet filter puts in front of what it logs: from it comes the only word on what became of the packet,
// and perhaps the number of the rule. `[WAN_IN-2000-D]`, `[UFW BLOCK] `, `Shorewall:net-fw:DROP:`, `filter_IN_public_REJECT: `, `DROP `
import { Action, type EventRecord } from '../../event.ts'
import { isLetter, readIdentifier } from '../../lib/bytes.ts'
import { NO_WORD, Words } from './words.ts'

const words = Words.of(
  [Action.allow, 'accept', 'accepted', 'acc', 'allow', 'allowed', 'pass', 'passed', 'permit', 'permitted'],
  [Action.drop, 'drop', 'dropped', 'dropping', 'discard', 'discarded'],
  [Action.deny, 'deny', 'denied', 'block', 'blocked', 'blocking', 'blacklist', 'blacklisted', 'banned', 'refused'],
  [Action.reject, 'reject', 'rejected', 'rejecting'],
)

/** EdgeOS, VyOS and UniFi: [rule set-rule-letter], and on UniFi OS [rule set-letter-rule], where DNAT is a port forward. */
const letters = new Words({ a: Action.allow, dnat: Action.allow, d: Action.drop, r: Action.reject })

const OPEN = 0x5b
const CLOSE = 0x5d
const DASH = 0x2d

/** Sets the event's action, and its rule if there is one, from the prefix bytes[start, end). */
export function readRulePrefix(bytes: Uint8Array, start: number, end: number, event: EventRecord): void {
  let open = -1
  for (let at = start; at < end; at++) {
    if (bytes[at] === OPEN) open = at + 1
    else if (bytes[at] === CLOSE && open >= 0) {
      if (readBracket(bytes, open, at, event)) return
      open = -1
    }
  }
  // the last word decides: firewalld has zones called drop and block, and names them before what it does
  for (let at = end; at > start; at--) {
    if (!isLetter(bytes[at - 1])) continue
    let first = at - 1
    while (first > start && isLetter(bytes[first - 1])) first--
    const action = words.find(bytes, first, at)
    if (action !== NO_WORD) {
      event.action = action
      return
    }
    at = first
  }
}

/** True if what stands in a bracket, bytes[at, close), is a rule's name with a letter. */
function readBracket(bytes: Uint8Array, at: number, close: number, event: EventRecord): boolean {
  const last = lastDash(bytes, at, close)
  const second = last < 0 ? -1 : lastDash(bytes, at, last)
  if (last < 0) return false
  const byLetterLast = letters.find(bytes, last + 1, close)
  const byLetterFirst = second < 0 ? NO_WORD : letters.find(bytes, second + 1, last)
  if (byLetterLast === NO_WORD && byLetterFirst === NO_WORD) return false
  event.action = byLetterLast !== NO_WORD ? byLetterLast : byLetterFirst
  if (byLetterLast === NO_WORD) event.rule = readIdentifier(bytes, last + 1, close)
  else if (second >= 0) event.rule = readIdentifier(bytes, second + 1, last)
  return true
}

function lastDash(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start; at--) if (bytes[at] === DASH) return at
  return -1
}
