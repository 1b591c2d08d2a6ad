// The fields of RFC 5424 after TIMESTAMP: HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]. Many senders begin so
// and go on otherwise; where the fields are not all there, what stands after the host is left to be read as text.
import type { Message } from '../../message.ts'
import { isBlank, readWord, skipBlanks, Word, WordKind } from './syslog-word.ts'

const NIL = 0x2d
const FIELD_MAX = 255

const host = new Word()
const application = new Word()

/** Reads on at HOSTNAME; the offset of the body. */
export function readFormalFields(message: Message, bytes: Uint8Array, at: number, end: number): number {
  host.at = application.at = -1
  if (readWord(bytes, at, end, host) !== WordKind.plain) return at
  if (!isNil(bytes, host.start, host.end)) {
    message.hostStart = host.start
    message.hostEnd = host.end
  }
  const next = skipBlanks(bytes, host.next, end)
  if (readWord(bytes, next, end, application) === WordKind.none) return next
  const processEnd = fieldEnd(bytes, skipBlanks(bytes, application.next, end), end)
  const messageId = processEnd < 0 ? -1 : skipBlanks(bytes, processEnd, end)
  const messageIdEnd = messageId < 0 ? -1 : fieldEnd(bytes, messageId, end)
  const data = messageIdEnd < 0 ? end : skipBlanks(bytes, messageIdEnd, end)
  const hasData = data < end && bytes[data] === 0x5b
  const hasNone = data < end && bytes[data] === NIL && (data + 1 === end || isBlank(bytes[data + 1]))
  if (!hasData && !hasNone) return next
  if (!isNil(bytes, application.start, application.end)) {
    message.tagStart = application.start
    message.tagEnd = application.end
  }
  if (hasNone) return skipBlanks(bytes, data + 1, end)
  const text = skipBlanks(bytes, offsetAfterData(bytes, data, end), end)
  if (text < end) return text
  // without MSG the product speaks in the structured data, and Junos names the event in MSGID
  return isNil(bytes, messageId, messageIdEnd) ? data : messageId
}

const isNil = (bytes: Uint8Array, start: number, end: number): boolean => end - start === 1 && bytes[start] === NIL

/** Where the field at `at` ends in a blank; -1 if it is empty, too long, or the last. */
function fieldEnd(bytes: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + FIELD_MAX + 1)
  let i = at
  while (i < limit && !isBlank(bytes[i])) i++
  return i > at && i < limit ? i : -1
}

/** The offset after `[id name="value" ...][...]`, quotes and escapes minded (section 6.3.3); `end` if it never closes. */
function offsetAfterData(bytes: Uint8Array, at: number, end: number): number {
  let quoted = false
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i]
    if (byte === 0x22) quoted = !quoted
    else if (quoted) {
      if (byte === 0x5c) i++
    } else if (byte === 0x5d) {
      if (i + 1 >= end || bytes[i + 1] !== 0x5b) return i + 1
      i++
    }
  }
  return end
}
