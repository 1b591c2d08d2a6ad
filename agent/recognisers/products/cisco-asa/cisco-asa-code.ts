// The code in front of an ASA message, in all its spellings: `%ASA-4-106023:`, `%ASA-session-5-106100:`, `%FTD<Up>-4-313005:`,
// `%FTD--6-852002:`, `%ASA-6-302016 Teardown`, and `ASA-2-106006:` that lost its per cent sign on the way.
import { ascii, BLANK, find, findByte, isDigit, readDecimal, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS } from '../../recogniser.ts'
import { wordEnd } from '../../tokenisers/phrases.ts'
import { isOwnPlace } from '../../tokenisers/place.ts'

const products = ['ASA', 'FTD', 'PIX', 'FWSM', 'NGIPS'].map(ascii)
const PERCENT = 0x25
const DASH = 0x2d
const COLON = 0x3a
/** How far into a message its code may stand, behind the headers of relays, and how long the code may be. */
const REACH = 300
const CODE_MAX = 32
const ID_DIGITS = 6

/** Where the text behind the code begins, with the blank in front of it (words are looked for together with their blanks); or NOT_OURS. */
export function findText(message: Message): number {
  const { bytes, body, end, tagStart, tagEnd } = message
  if (!isOwnPlace(message, body)) return NOT_OURS
  if (isPlainCode(bytes, body, end)) return body + PLAIN_LENGTH
  if (bytes[body] !== PERCENT) {
    const text = textBehind(bytes, body, end)
    if (text >= 0) return text
  }
  const limit = Math.min(end, body + (tagEnd > tagStart ? 1 : REACH))
  for (let at = findByte(bytes, body, limit, PERCENT); at >= 0; at = findByte(bytes, at + 1, limit, PERCENT)) {
    const text = textBehind(bytes, at + 1, end)
    if (text >= 0) return isHeader(bytes, body, at) && isOwnPlace(message, at) ? text : NOT_OURS
  }
  return findCodeless(message)
}

/** The six digits in front of a `text` that was found: the number of the message. */
export function idOf({ bytes, body, end }: Message, text: number): number {
  const stop = bytes[text - 1] === COLON ? text - 1 : text
  const id = stop - ID_DIGITS > body ? readDecimal(bytes, stop - ID_DIGITS, stop) : -1
  return id >= 0 ? id : idWithoutCode(bytes, bytes[text] === BLANK ? text + 1 : text, end)
}

const PLAIN_LENGTH = 14
/** How far apart the words may stand by which a text without its code is known: two ends and the names of users lie between them. */
const WORDING_MAX = 1000

/** `%ASA-4-106023: ` and `%FTD-4-106023: `, as nearly all messages begin. */
function isPlainCode(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at <= PLAIN_LENGTH || bytes[at] !== PERCENT || bytes[at + 4] !== DASH || bytes[at + 6] !== DASH) return false
  const isAsa = bytes[at + 1] === 0x41 && bytes[at + 2] === 0x53 && bytes[at + 3] === 0x41
  if (!isAsa && !(bytes[at + 1] === 0x46 && bytes[at + 2] === 0x54 && bytes[at + 3] === 0x44)) return false
  if (!isDigit(bytes[at + 5]) || bytes[at + PLAIN_LENGTH - 1] !== COLON) return false
  for (let i = at + 7; i < at + 7 + ID_DIGITS; i++) if (!isDigit(bytes[i])) return false
  return true
}

/** Text of another product may quote a code; a quote or `=` in front of it is no header. */
function isHeader(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0x22 || bytes[i] === 0x3d || bytes[i] === 0x7b) return false
  return true
}

/** Some relays strip the code. What no other product words so is told by the words with which it begins and some that follow. */
const codeless = [
  { words: 'Built dynamic ', others: ['translation from '], id: 305011 },
  { words: 'Built static ', others: ['translation from '], id: 305009 },
  { words: 'Teardown dynamic ', others: ['translation from '], id: 305012 },
  { words: 'Teardown static ', others: ['translation from '], id: 305010 },
  { words: 'Deny ', others: [' src ', ' dst ', ' by access-group '], id: 106023 },
  { words: 'Deny TCP (no connection) from ', others: [' flags '], id: 106015 },
  { words: 'Inbound TCP connection denied from ', others: [' flags '], id: 106001 },
  { words: 'access-list ', others: [' -> ', ' hit-cnt '], id: 106100 },
  { words: 'Built inbound TCP connection ', others: [' for ', ' to '], id: 302013 },
  { words: 'Built outbound TCP connection ', others: [' for ', ' to '], id: 302013 },
  { words: 'Built inbound UDP connection ', others: [' for ', ' to '], id: 302015 },
  { words: 'Built outbound UDP connection ', others: [' for ', ' to '], id: 302015 },
  { words: 'Teardown TCP connection ', others: [' for ', ' to '], id: 302014 },
  { words: 'Teardown UDP connection ', others: [' for ', ' to '], id: 302016 },
].map(({ words, others, id }) => ({ words: ascii(words), others: others.map(ascii), id }))

/** The blank in front of text whose code is gone, at the beginning or behind the words of a header that could not be read. */
function findCodeless(message: Message): number {
  const { bytes, body, end } = message
  const limit = Math.min(end, body + REACH)
  for (let at = body; at < limit; at = wordEnd(bytes, at, limit) + 1) {
    if (initials[bytes[at]] === 0) continue
    if (!isOwnPlace(message, at)) return NOT_OURS
    if (idWithoutCode(bytes, at, end) >= 0) return Math.max(0, at - 1)
  }
  return NOT_OURS
}

const initials = new Uint8Array(256)
for (const { words } of codeless) initials[words[0]] = 1

function idWithoutCode(bytes: Uint8Array, at: number, end: number): number {
  if (initials[bytes[at]] === 0) return -1
  for (const { words, others, id } of codeless) {
    if (!startsWith(bytes, at, end, words)) continue
    const limit = Math.min(end, at + WORDING_MAX)
    let next = at + words.length - 1
    for (const other of others) if (next >= 0) next = find(bytes, next, limit, other)
    if (next >= 0) return id
  }
  return -1
}

/** Behind the code at `at`, or -1 if there is none. */
function textBehind(bytes: Uint8Array, at: number, end: number): number {
  for (const product of products) {
    if (bytes[at] !== product[0] || !startsWith(bytes, at, end, product)) continue
    const limit = Math.min(end - ID_DIGITS, at + CODE_MAX)
    for (let i = at + product.length; i < limit && bytes[i] !== BLANK && bytes[i] !== COLON; i++) {
      if (bytes[i] !== DASH || !isDigit(bytes[i + 1]) || !isDigit(bytes[i + 2])) continue
      let stop = i + 1
      while (stop < end && isDigit(bytes[stop]) && stop - i <= ID_DIGITS + 1) stop++
      if (stop - i - 1 === ID_DIGITS) return bytes[stop] === COLON ? stop + 1 : stop
    }
  }
  return -1
}
