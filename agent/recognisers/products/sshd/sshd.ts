// OpenSSH's sshd, under any syslog header and on any system: failed and successful logins, probing, refusals; also what
// Linux audit says of sshd. Source: the log messages in auth.c, auth2.c, sshd.c and packet.c of openssh-portable.
//
// A user's name may hold anything but control characters, ` from 203.0.113.9 port 22 ssh2` too, so an address is taken
// only from where sshd itself put it: directly behind sshd's own words, or at the end of the message.
import { Action, DESTINATION, type EventRecord, Protocol, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, find, findByte, readPort, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { readEndpoint } from '../../tokenisers/endpoint.ts'
import { findLast, wordEnd } from '../../tokenisers/phrases.ts'
import { isOwnPlace, isRelayedByDaemon } from '../../tokenisers/place.ts'
import { auditProgram, isAudit, readAudit } from './sshd-audit.ts'
import { beginEnds, readAuthLog, readEnd, readLast, readLastFrom, wasName } from './sshd-ends.ts'
import { type Phrase, phrases, Shape } from './sshd-phrases.ts'
import { skipPrefixes, strippedEnd, timesRepeated } from './sshd-text.ts'

const SSHD = ascii('sshd')
/** Juniper's daemon has its own messages: `SSHD_LOGIN_FAILED: ...`. */
const JUNOS = ascii('SSHD_')
const FROM = ascii(' from ')
const PORT = ascii(' port ')
const ON = ascii(' on ')
const NOT_ALLOWED = ascii(' not allowed because ')
const RHOST = ascii(' rhost=')
const USER = ascii(' user=')
const AUTHENTICATING = ascii('authenticating user ')
const INVALID = ascii('invalid user ')
const AUTH_FAIL = ascii('Auth fail')
const NO_METHODS = ascii('authentication methods available')
const NEW = ascii(' new ')

/** Where sshd's own words begin, or NOT_OURS. */
function textStart(message: Message): number {
  const { bytes, body, end, tagStart, tagEnd } = message
  if (isRelayedByDaemon(message)) return NOT_OURS
  if (tagEnd > tagStart) {
    let name = tagEnd
    while (name > tagStart && bytes[name - 1] !== 0x2f) name--
    const isOurs = startsWith(bytes, name, tagEnd, SSHD) && isNameEnd(bytes, name + SSHD.length, tagEnd)
    return isOurs && !startsWith(bytes, body, end, JUNOS) ? body : NOT_OURS
  }
  // `[sshd]: ...`, `[sshd] ...` and `sshd(pam_unix)[123]: ...`
  const name = bytes[body] === 0x5b ? body + 1 : body
  if (!startsWith(bytes, name, end, SSHD)) return NOT_OURS
  const blank = wordEnd(bytes, name, Math.min(end, name + 40))
  const last = bytes[blank - 1]
  return bytes[blank] === 0x20 && (last === 0x3a || last === 0x5d) ? blank + 1 : NOT_OURS
}

/** sshd, sshd-session and sshd-auth (OpenSSH 9.8 and 10), but not sshdfilter. */
const isNameEnd = (bytes: Uint8Array, at: number, end: number): boolean => at >= end || bytes[at] === 0x2d || bytes[at] === 0x2e

function isUser(bytes: Uint8Array, at: number, end: number): boolean {
  return startsWith(bytes, at, end, AUTHENTICATING) || startsWith(bytes, at, end, INVALID)
}

/** `closed by [authenticating user NAME ]ADDRESS port N`: with a user it is the end of a login that failed. */
function readClosed(bytes: Uint8Array, at: number, end: number, event: EventRecord): boolean {
  if (isUser(bytes, at, end)) event.action = Action.loginFailed
  return readLast(bytes, at, end, event)
}

/** `ADDRESS port N: reason`, or with a user before it; the reason may repeat names, so a second port is no safe reading. */
function readBeforeReason(bytes: Uint8Array, at: number, end: number, event: EventRecord): boolean {
  if (!isUser(bytes, at, end)) return readEnd(bytes, at, end, event) >= 0
  event.action = Action.loginFailed
  const port = find(bytes, at, end, PORT)
  if (port < 0 || findLast(bytes, at, end, PORT) !== port) return false
  const colon = findByte(bytes, port + PORT.length, end, 0x3a)
  return colon >= 0 && readLast(bytes, at, colon, event)
}

/** `... from NAME (ADDRESS)` or `... from [user@]ADDRESS` of TCP wrappers; the name is what the peer's DNS says. */
function readWrapped(bytes: Uint8Array, at: number, end: number, event: EventRecord): boolean {
  if (end > at && bytes[end - 1] === 0x29) {
    let open = end - 1
    while (open > at && bytes[open] !== 0x28) open--
    event.hasSource = readAddress(bytes, open + 1, end - 1, event.words, SOURCE)
    return event.hasSource
  }
  let start = end
  while (start > at && bytes[start - 1] !== 0x40 && bytes[start - 1] !== 0x20) start--
  return readEnd(bytes, start, end, event) === end
}

/** `from [ADDRESS]:port on [ADDRESS]:port past MaxStartups` */
function readBracketed(bytes: Uint8Array, start: number, end: number, event: EventRecord): boolean {
  const from = find(bytes, start, end, FROM)
  const on = from < 0 ? -1 : find(bytes, from, end, ON)
  if (on < 0) return false
  if (!readEndpoint(bytes, from + FROM.length, on, event, SOURCE)) return false
  const local = on + ON.length
  readEndpoint(bytes, local, wordEnd(bytes, local, end), event, DESTINATION)
  return true
}

/** `ADDRESS port N on ADDRESS port N[ rdomain ""]`, said of every connection at LogLevel VERBOSE. */
function readConnection(bytes: Uint8Array, at: number, end: number, event: EventRecord): boolean {
  const next = readEnd(bytes, at, end, event)
  if (next < 0 || !startsWith(bytes, next, end, ON)) return next >= 0
  const local = next + ON.length
  const stop = wordEnd(bytes, local, end)
  event.hasDestination = readAddress(bytes, local, stop, event.words, DESTINATION)
  if (event.hasDestination && startsWith(bytes, stop, end, PORT)) {
    const digits = stop + PORT.length
    event.destinationPort = readPort(bytes, digits, wordEnd(bytes, digits, end))
  }
  return true
}

/** pam_unix ends in ` rhost=ADDRESS  user=NAME`; PAM_RUSER, which is before it, sshd leaves empty. */
function readPam(bytes: Uint8Array, start: number, end: number, event: EventRecord): boolean {
  const first = find(bytes, start, end, RHOST)
  if (first < 0) return false
  const user = find(bytes, first, end, USER)
  const last = findLast(bytes, first, user < 0 ? end : user, RHOST)
  return readEnd(bytes, last + RHOST.length, end, event) >= 0
}

function readNotAllowed(bytes: Uint8Array, start: number, end: number, event: EventRecord): boolean {
  const because = findLast(bytes, start, end, NOT_ALLOWED)
  const from = because < 0 ? -1 : findLast(bytes, start, because, FROM)
  return from >= 0 && readEnd(bytes, from + FROM.length, because, event) === because
}

function readShape(phrase: Phrase, bytes: Uint8Array, at: number, end: number, event: EventRecord): boolean {
  switch (phrase.shape) {
    case Shape.next:
      return readEnd(bytes, at, end, event) >= 0
    case Shape.authLog:
      return readAuthLog(bytes, at, end, event)
    case Shape.lastFrom:
      return readLastFrom(bytes, at - 1, end, event)
    case Shape.closed:
      return readClosed(bytes, at, end, event)
    case Shape.beforeReason:
      return readBeforeReason(bytes, at, end, event)
    case Shape.received: {
      const next = readEnd(bytes, at, end, event)
      // a client that says so has failed; nobody else can write this message
      if (next >= 0 && (find(bytes, next, end, AUTH_FAIL) >= 0 || find(bytes, next, end, NO_METHODS) >= 0))
        event.action = Action.loginFailed
      return next >= 0
    }
    case Shape.wrapped:
      return readWrapped(bytes, at, end, event)
    case Shape.bracketed:
      return readBracketed(bytes, at - 1, end, event)
    case Shape.connection:
      return readConnection(bytes, at, end, event)
    case Shape.pam:
      return readPam(bytes, at - 1, end, event)
    case Shape.notAllowed:
      return readNotAllowed(bytes, at - 1, end, event)
    case Shape.penalty: {
      const host = find(bytes, at - 1, end, NEW)
      const slash = host < 0 ? -1 : findByte(bytes, host, end, 0x2f)
      event.hasSource = slash >= 0 && readAddress(bytes, host + NEW.length, slash, event.words, SOURCE)
      return event.hasSource
    }
    default:
      return false
  }
}

function read(message: Message, event: EventRecord, start: number): Reading {
  const { bytes } = message
  if (start !== message.body && isAudit(message)) return readAudit(message, event, start)
  const at = skipPrefixes(bytes, start, message.end)
  const end = strippedEnd(bytes, at, message.end)
  for (const phrase of phrases) {
    if (!startsWith(bytes, at, end, phrase.words)) continue
    if (phrase.shape === Shape.ignored) return Reading.ignored
    event.action = phrase.action
    beginEnds()
    if (readShape(phrase, bytes, at + phrase.words.length, end, event)) {
      // RFC 4253 section 4: SSH runs over TCP, and sshd listens on nothing else
      event.protocol = Protocol.tcp
      event.count = timesRepeated(bytes, start, at)
      return Reading.event
    }
    // with UseDNS there may be a name instead, and some of these phrases also begin messages that name no peer
    return wasName || !phrase.isSure ? Reading.ignored : Reading.unreadable
  }
  return Reading.ignored
}

export const sshd: Recogniser = {
  name: 'sshd',
  title: 'OpenSSH server',
  claims(message) {
    const start = textStart(message)
    return start < 0 && isAudit(message) && isOwnPlace(message, message.body) ? auditProgram(message) : start
  },
  read,
}
