// The prefix of a netfilter message: from it comes the only word on what became of the packet, and perhaps the number of
// a rule. `[WAN_IN-2000-D]IN=`, `[UFW BLOCK] IN=`, `Shorewall:net-fw:DROP:IN=`, `filter_IN_public_REJECT: IN=`, `DROP IN=`
import { Action, type EventRecord } from '../../../event.ts'
import { ascii, find, readDecimal } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

const words = new Words({
  accept: Action.allow,
  accepted: Action.allow,
  acc: Action.allow,
  allow: Action.allow,
  allowed: Action.allow,
  pass: Action.allow,
  passed: Action.allow,
  permit: Action.allow,
  permitted: Action.allow,
  drop: Action.drop,
  dropped: Action.drop,
  dropping: Action.drop,
  discard: Action.drop,
  discarded: Action.drop,
  deny: Action.deny,
  denied: Action.deny,
  block: Action.deny,
  blocked: Action.deny,
  blocking: Action.deny,
  blacklist: Action.deny,
  blacklisted: Action.deny,
  banned: Action.deny,
  refused: Action.deny,
  reject: Action.reject,
  rejected: Action.reject,
  rejecting: Action.reject,
})

/** EdgeOS, VyOS and UniFi: [rule set-rule-letter], and on UniFi OS [rule set-letter-rule], where DNAT is a port forward. */
const letters = new Words({ a: Action.allow, dnat: Action.allow, d: Action.drop, r: Action.reject })

const IN = ascii('IN=')
const KERNEL = new Needle('kernel:')
const DESCRIPTION = new Needle(' DESCR=')
const OPEN = 0x5b
const CLOSE = 0x5d
const DASH = 0x2d

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

/** Sets the event's action, and its rule if there is one, from what stands before IN= in front of `packet`. */
export function readMessagePrefix(message: Message, packet: number, event: EventRecord): void {
  const { bytes } = message
  const kernel = KERNEL.find(bytes, message.start, packet)
  const start = kernel >= 0 ? kernel + KERNEL.length : Math.max(message.start, message.hostEnd)
  readPrefix(bytes, start, prefixEnd(bytes, start, packet), event)
}

/** The same from bytes[start, end), a prefix as NFLOG hands it over by itself. */
export function readPrefix(bytes: Uint8Array, start: number, end: number, event: EventRecord): void {
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

/** Where the interfaces begin, or before that the description of a rule, which is free text. */
function prefixEnd(bytes: Uint8Array, start: number, packet: number): number {
  let end = find(bytes, start, packet, IN)
  while (end > start && isLetter(bytes[end - 1])) end = find(bytes, end + 1, packet, IN)
  if (end < 0) end = packet
  const description = DESCRIPTION.find(bytes, start, end)
  return description < 0 ? end : description
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
  const rule = byLetterLast !== NO_WORD ? (second < 0 ? -1 : readDecimal(bytes, second + 1, last)) : readDecimal(bytes, last + 1, close)
  event.rule = rule < 2 ** 32 ? rule : -1
  return true
}

function lastDash(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start; at--) if (bytes[at] === DASH) return at
  return -1
}
