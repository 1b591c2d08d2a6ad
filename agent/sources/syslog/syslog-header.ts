// Reads the header of one syslog message: RFC 5424, RFC 3164, and what firewalls send in their place. Promises that
// `body` always begins at or before the product's own text: a word is taken for a host or a tag only where a header can
// have one, and what is in doubt stays text. Never throws, whatever the bytes; allocates nothing.
import { Clock } from '../../event.ts'
import { isDigit } from '../../lib/bytes.ts'
import type { Message } from '../../message.ts'
import { readCommonHeader } from './syslog-common.ts'
import { readFormalFields } from './syslog-formal.ts'
import { isRelay, isSeverity, skipFacility, skipForwarder } from './syslog-relay.ts'
import { readHeaderTime, timeRead } from './syslog-time.ts'
import { isBlank, isLetter, PRIORITY_MAX, readWord, skipBlanks, Word, WordKind } from './syslog-word.ts'

const ONE = 0x31
const COLON = 0x3a
const LESS = 0x3c
const PERCENT = 0x25

/** A relay's header and the device's: what follows as a third is text. */
const LAYERS_MAX = 2

const word = new Word()
const nextWord = new Word()

/** Resets `message` and fills it from bytes[start, end). A relay's header before the device's is passed over. */
export function readHeader(message: Message, bytes: Uint8Array, start: number, end: number): void {
  while (end > start && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d || bytes[end - 1] === 0)) end--
  if (!readCommonHeader(message, bytes, start, end)) readAnyHeader(message, bytes, start, end)
}

/** The same for headers of every kind, the common ones too; bytes[start, end) ends in no line break. */
export function readAnyHeader(message: Message, bytes: Uint8Array, start: number, end: number): void {
  const first = skipFacility(bytes, skipBlanks(bytes, start, end), end)
  message.bytes = bytes
  message.start = message.hostStart = message.hostEnd = message.tagStart = message.tagEnd = first
  message.end = end
  message.relayTagStart = message.relayTagEnd = first
  message.priority = -1
  word.at = nextWord.at = -1
  message.time = 0
  message.clock = Clock.absent
  let at = readLayer(message, bytes, first, end, false)
  let tagBefore = first
  let layers = 0
  if (at >= 0) {
    layers = 1
    const { tagStart, tagEnd } = message
    const inner = readLayer(message, bytes, at, end, true)
    if (inner >= 0) {
      at = inner
      tagBefore = tagStart
      layers = 2
      if (message.tagStart !== tagStart) keepRelayTag(message, tagStart, tagEnd)
    }
  } else at = first
  if (message.tagStart === tagBefore) {
    keepRelayTag(message, message.tagStart, message.tagEnd)
    at = readTag(message, bytes, skipForwarder(message, bytes, at, end), end)
  }
  message.body = message.tagEnd > message.tagStart ? readBehindTag(message, bytes, at, end, layers) : at
}

/** What a relay put its tag in front of: the header of the device, or the tag of a program of the device. */
function readBehindTag(message: Message, bytes: Uint8Array, at: number, end: number, layers: number): number {
  if (bytes[at] === LESS && at < end && layers < LAYERS_MAX) {
    const { tagStart } = message
    const inner = readLayer(message, bytes, at, end, true)
    if (inner >= 0) {
      if (message.tagStart !== tagStart) return inner
      keepRelayTag(message, message.tagStart, message.tagEnd)
      return readTag(message, bytes, inner, end)
    }
  }
  if (!isLetter(bytes[at]) || !isRelay(message) || readWord(bytes, at, end, word) < WordKind.label) return at
  keepRelayTag(message, message.tagStart, message.tagEnd)
  return takeTag(message, bytes, word, end)
}

/** A tag is a relay's, if another follows it. Of several the first is kept: who wrote that one may have written the others. */
function keepRelayTag(message: Message, tagStart: number, tagEnd: number): void {
  if (message.relayTagEnd > message.relayTagStart) return
  message.relayTagStart = tagStart
  message.relayTagEnd = tagEnd
}

/** One header at `at`: the offset of what follows it, or -1 if there is neither a PRI nor a time. */
function readLayer(message: Message, bytes: Uint8Array, at: number, end: number, inner: boolean): number {
  let i = skipOctetCount(bytes, at, end)
  const afterPriority = bytes[i] === LESS ? readPriority(message, bytes, i, end) : i
  const hasPriority = afterPriority > i
  // a tag is the end of a header; only another PRI can begin one after it
  if (!hasPriority && message.tagEnd > message.tagStart) return -1
  i = skipForwarder(message, bytes, hasPriority ? skipBlanks(bytes, afterPriority, end) : at, end)
  if (bytes[i] === COLON && i < end) i = skipBlanks(bytes, i + 1, end)
  const body = i
  const versioned = bytes[i] === ONE && i + 1 < end && isBlank(bytes[i + 1])
  if (versioned) {
    i = skipBlanks(bytes, i + 1, end)
    const afterNil = bytes[i] === 0x2d && i + 1 < end && isBlank(bytes[i + 1])
    if (afterNil && hasPriority) return readFormalFields(message, bytes, skipBlanks(bytes, i + 1, end), end)
  } else i = skipCiscoPrefix(message, bytes, i, end)
  const loose = !hasPriority && bytes[i + 10] === 0x20
  const afterTime = i < end ? readHeaderTime(bytes, i, end, inner) : -1
  if (afterTime < 0) return hasPriority ? body : -1
  message.time = timeRead.time
  message.clock = timeRead.clock
  if (versioned && bytes[i + 4] === 0x2d) return readFormalFields(message, bytes, skipBlanks(bytes, afterTime, end), end)
  const afterBlank = skipBlanks(bytes, afterTime, end)
  // Cisco closes its time with a colon, and the text follows
  return bytes[afterTime - 1] === COLON ? afterBlank : readHost(message, bytes, afterBlank, end, loose)
}

/** Past `716 ` before `<14>`: an octet count of RFC 6587 that a relay took for text. */
function skipOctetCount(bytes: Uint8Array, at: number, end: number): number {
  if (!isDigit(bytes[at])) return at
  let i = at + 1
  while (i < end && i - at < 6 && isDigit(bytes[i])) i++
  return i + 2 < end && bytes[i] === 0x20 && bytes[i + 1] === LESS && isDigit(bytes[i + 2]) ? i + 1 : at
}

/** Reads <PRI> at `at` and answers the offset after it, or `at`. Firepower also writes <14.2>. */
function readPriority(message: Message, bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  let i = at + 1
  for (; i < end && i - at < 5 && isDigit(bytes[i]); i++) value = value * 10 + bytes[i] - 0x30
  if (i === at + 1 || value > PRIORITY_MAX) return at
  if (bytes[i] === 0x2e && i + 1 < end && isDigit(bytes[i + 1])) i += 2
  if (i >= end || bytes[i] !== 0x3e) return at
  message.priority = value
  return i + 1
}

/** Past `123: ` and `host: ` in any mix, as IOS puts them before a time (`service sequence-numbers`, `logging origin-id`). */
function skipCiscoPrefix(message: Message, bytes: Uint8Array, at: number, end: number): number {
  let i = at
  let hostStart = 0
  let hostEnd = 0
  let label = word
  for (let part = 0; part < 4 && i < end; part++) {
    if (readWord(bytes, i, end, label) !== WordKind.label) break
    if (!isNumber(bytes, label)) {
      hostStart = label.start
      hostEnd = label.end
    }
    i = skipBlanks(bytes, label.next, end)
    // the first word may be the tag, and is kept for it
    label = nextWord
  }
  if (hostEnd === 0) return i
  // a name before a colon is a host only if a time and its colon follow; else it is a tag, and not ours to pass over
  const afterTime = i < end ? readHeaderTime(bytes, i, end, true) : -1
  if (afterTime < 0 || bytes[afterTime - 1] !== COLON) return at
  message.hostStart = hostStart
  message.hostEnd = hostEnd
  return i
}

function isNumber(bytes: Uint8Array, name: Word): boolean {
  for (let i = name.start; i < name.end; i++) if (!isDigit(bytes[i])) return false
  return true
}

/** HOSTNAME after a time, and the colon that Cisco ASA puts around blanks after it. */
function readHost(message: Message, bytes: Uint8Array, at: number, end: number, loose: boolean): number {
  if (at < end && bytes[at] === COLON) return skipBlanks(bytes, at + 1, end)
  const forwarded = skipForwarder(message, bytes, at, end)
  if (forwarded > at) return forwarded
  const kind = readWord(bytes, at, end, word)
  let next = skipBlanks(bytes, word.next, end)
  // `192.0.2.1: %ACE-3-...`: before Cisco's facility a name with a colon is the host
  const isHost = kind === WordKind.plain || (kind === WordKind.label && next < end && bytes[next] === PERCENT)
  if (!isHost || next >= end) return at
  // a time with a blank inside and no PRI is a line of some file: `2026-01-15 10:31:00 Built tcp ...` names no host
  if (loose && readWord(bytes, next, end, nextWord) < WordKind.label) return at
  message.hostStart = word.start
  message.hostEnd = word.end
  if (bytes[next] === COLON && next + 1 < end && isBlank(bytes[next + 1])) next = skipBlanks(bytes, next + 1, end)
  return next
}

/** `name:` or `name[pid]:` at `at`, also after a severity (F5: `info CROND[6551]:`) or a word that may be the host; the offset of the body. */
function readTag(message: Message, bytes: Uint8Array, at: number, end: number): number {
  let kind = readWord(bytes, at, end, word)
  if (kind === WordKind.plain) {
    const second = skipBlanks(bytes, word.next, end)
    kind = readWord(bytes, second, end, nextWord)
    if (kind !== WordKind.process) return at
    const hasHost = message.hostEnd > message.hostStart
    // any other word behind the host is text already, and perhaps a stranger's: `user sshd[1]: ...`
    if (hasHost && !isSeverity(bytes, word.start, word.end)) return at
    if (!hasHost) {
      message.hostStart = word.start
      message.hostEnd = word.end
    }
    return takeTag(message, bytes, nextWord, end)
  }
  // `7432: ` is a sequence number of IOS
  return kind === WordKind.none || isNumber(bytes, word) ? at : takeTag(message, bytes, word, end)
}

function takeTag(message: Message, bytes: Uint8Array, tag: Word, end: number): number {
  message.tagStart = tag.start
  message.tagEnd = tag.end
  return skipBlanks(bytes, tag.next, end)
}
