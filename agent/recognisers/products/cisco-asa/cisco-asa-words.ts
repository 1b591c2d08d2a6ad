// The small words of an ASA message that say which protocol, which way, and what was done.
import { Action, Direction, type EventRecord } from '../../../event.ts'
import { ascii, equals, find, isDigit } from '../../../lib/bytes.ts'
import { readProtocol } from '../../tokenisers/protocols.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

const ACTION = 1000
const DIRECTION = 2000
const PROTOCOL = 3000

const numbers = {
  tcp: 6,
  udp: 17,
  icmp: 1,
  icmp6: 58,
  icmpv6: 58,
  gre: 47,
  esp: 50,
  ah: 51,
  igmp: 2,
  sctp: 132,
  protocol: PROTOCOL,
  inbound: DIRECTION + Direction.inbound,
  outbound: DIRECTION + Direction.outbound,
  permitted: ACTION + Action.allow,
  'est-allowed': ACTION + Action.allow,
  allowed: ACTION + Action.allow,
  deny: ACTION + Action.deny,
  denied: ACTION + Action.deny,
  rejected: ACTION + Action.deny,
  drop: ACTION + Action.drop,
  dropped: ACTION + Action.drop,
  dropping: ACTION + Action.drop,
  discard: ACTION + Action.drop,
  discarded: ACTION + Action.drop,
  terminating: ACTION + Action.drop,
  reset: ACTION + Action.reset,
  resetting: ACTION + Action.reset,
}
const words = new Words(numbers)

/** Letters with which such a word begins: most words of a message begin otherwise, and are not looked up. */
const initials = new Uint8Array(256)
for (const word of Object.keys(numbers)) initials[word.charCodeAt(0)] = initials[word.toUpperCase().charCodeAt(0)] = 1

const separators = new Uint8Array(256)
for (const byte of ascii(' =,():;')) separators[byte] = 1
const isSeparator = (byte: number): boolean => separators[byte] === 1

/** What the last `readWords` found stated; `other` if nothing. */
export let statedAction: number = Action.other

/**
 * Reads the words of bytes[start, end) up to `stop`, a word between blanks, and answers the offset of the blank behind it;
 * -1 if it does not come. The last word of a kind counts: an access list may be named `tcp`.
 */
export function readWords(bytes: Uint8Array, start: number, end: number, stop: Uint8Array, event: EventRecord): number {
  statedAction = Action.other
  let isNumberNext = false
  for (let at = start; at < end; ) {
    while (at < end && isSeparator(bytes[at])) at++
    const first = at
    while (at < end && !isSeparator(bytes[at])) at++
    if (first === at) break
    if (bytes[first] === stop[0] && bytes[at] === 0x20 && bytes[first - 1] === 0x20 && equals(bytes, first, at, stop)) return at
    if (isNumberNext) {
      isNumberNext = false
      const protocol = readProtocol(bytes, first, at)
      if (protocol >= 0) event.protocol = protocol
      continue
    }
    const value = initials[bytes[first]] === 1 ? words.find(bytes, first, at) : NO_WORD
    if (value === NO_WORD) continue
    if (value === PROTOCOL) isNumberNext = true
    else if (value >= DIRECTION) event.direction = value - DIRECTION
    else if (value >= ACTION) statedAction = value - ACTION
    else event.protocol = value
  }
  return -1
}

const NO_STOP = new Uint8Array(0)

/** The same for all of bytes[start, end). */
export function readAllWords(bytes: Uint8Array, start: number, end: number, event: EventRecord): void {
  readWords(bytes, start, end, NO_STOP, event)
}

const PROTO = ascii(' proto')

/** `..., protocol 17 received` and `proto = UDP` behind the ends. */
export function readLateProtocol(bytes: Uint8Array, start: number, end: number, event: EventRecord): void {
  let at = find(bytes, start, end, PROTO)
  if (at < 0) return
  at += PROTO.length
  while (at < end && (bytes[at] | 0x20) >= 0x61 && (bytes[at] | 0x20) <= 0x7a) at++
  while (at < end && isSeparator(bytes[at])) at++
  let stop = at
  while (stop < end && !isSeparator(bytes[stop])) stop++
  event.protocol = readProtocol(bytes, at, stop)
}

/** The decimal number behind `label` in bytes[start, end), or -1. */
export function numberBehind(bytes: Uint8Array, start: number, end: number, label: Uint8Array): number {
  const found = find(bytes, start, end, label)
  if (found < 0) return -1
  let value = -1
  for (let i = found + label.length; i < end && isDigit(bytes[i]); i++) {
    value = Math.max(value, 0) * 10 + bytes[i] - 0x30
    if (value > Number.MAX_SAFE_INTEGER / 16) return -1
  }
  return value
}
