// The address in a message of sshd, found so that no name can forge it: directly behind sshd's own words, or at the end of
// the message, or in front of what only sshd writes. Each reader fills source and source port and says if it could.
import { type EventRecord, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, isDigit, readPort, startsWith } from '../../../lib/bytes.ts'
import { findLast, wordEnd } from '../../tokenisers/phrases.ts'

const FROM = ascii(' from ')
const PORT = ascii(' port ')
const VIA = ascii(' via ')

/** Whether a name stood in the address's place since `beginEnds`. */
export let wasName = false

export function beginEnds(): void {
  wasName = false
}

/** `ADDRESS[ port N]` at `at`; the offset behind it, or -1. */
export function readEnd(bytes: Uint8Array, at: number, end: number, event: EventRecord): number {
  let stop = wordEnd(bytes, at, end)
  const blank = stop
  event.hasSource = readAddress(bytes, at, stop, event.words, SOURCE)
  if (!event.hasSource && stop > at && (bytes[stop - 1] === 0x3a || bytes[stop - 1] === 0x2c)) {
    stop--
    event.hasSource = readAddress(bytes, at, stop, event.words, SOURCE)
  }
  wasName = !event.hasSource && hasLetter(bytes, at, stop)
  if (!event.hasSource) return -1
  if (stop < blank || !startsWith(bytes, blank, end, PORT)) return stop
  const digits = blank + PORT.length
  let i = digits
  while (i < end && isDigit(bytes[i])) i++
  event.sourcePort = readPort(bytes, digits, i)
  return i
}

function hasLetter(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] | 0x20) >= 0x67 && (bytes[i] | 0x20) <= 0x7a) return true
  return false
}

/**
 * `... from ADDRESS port N ssh2[: key]`: the last place that is followed by what sshd puts there, and by nothing else. Where
 * a certificate's ID or the client's names follow, which are the client's to choose, there must be no second such place.
 */
export function readAuthLog(bytes: Uint8Array, start: number, end: number, event: EventRecord): boolean {
  let chosen = -1
  for (let from = findLast(bytes, start, end, FROM); from >= 0; from = findLast(bytes, start, from, FROM)) {
    event.sourcePort = -1
    const next = readEnd(bytes, from + FROM.length, end, event)
    const tail = next < 0 || event.sourcePort < 0 ? Tail.none : readTail(bytes, next, end)
    if (tail === Tail.none) continue
    if (chosen >= 0) return false
    if (tail === Tail.plain) return true
    chosen = from
  }
  return chosen >= 0 && readEnd(bytes, chosen + FROM.length, end, event) >= 0
}

const SSH = ascii(' ssh')
const RUSER = ascii(': ruser ')
const ID = ascii(' ID ')
const CLIENT_USER = ascii(', client user "')

const Tail = { none: 0, plain: 1, chosenByClient: 2 } as const

/** What follows the port: nothing, or the kind and fingerprint of a key, and perhaps a certificate's ID or the client's names. */
function readTail(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return Tail.plain
  if (!startsWith(bytes, at, end, SSH) || !isDigit(bytes[at + SSH.length])) return Tail.none
  const behind = at + SSH.length + 1
  if (behind === end) return Tail.plain
  if (startsWith(bytes, behind, end, RUSER)) return Tail.chosenByClient
  if (bytes[behind] !== 0x3a || bytes[behind + 1] !== 0x20) return Tail.none
  const fingerprint = wordEnd(bytes, behind + 2, end) + 1
  let stop = fingerprint
  while (stop < end && bytes[stop] !== 0x20 && bytes[stop] !== 0x2c && bytes[stop] !== 0x22) stop++
  if (fingerprint >= end || stop === fingerprint) return Tail.none
  if (stop === end) return Tail.plain
  return startsWith(bytes, stop, end, ID) || startsWith(bytes, stop, end, CLIENT_USER) ? Tail.chosenByClient : Tail.none
}

/** `... from ADDRESS[ port N][ ssh2][ via ADDRESS]` at the end of the message. */
export function readLastFrom(bytes: Uint8Array, start: number, end: number, event: EventRecord): boolean {
  const from = findLast(bytes, start, end, FROM)
  if (from < 0) return false
  const next = readEnd(bytes, from + FROM.length, end, event)
  return next === end || (next >= 0 && (startsWith(bytes, next, end, SSH) || startsWith(bytes, next, end, VIA)))
}

/** `ADDRESS port N` or ` ADDRESS` at the end, where an offender's name stands before it. */
export function readLast(bytes: Uint8Array, start: number, end: number, event: EventRecord): boolean {
  const port = findLast(bytes, start, end, PORT)
  const isPort = port >= 0 && readPort(bytes, port + PORT.length, end) >= 0
  const stop = isPort ? port : end
  let at = stop
  while (at > start && bytes[at - 1] !== 0x20) at--
  return readEnd(bytes, at, end, event) === end
}
