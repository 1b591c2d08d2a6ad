// The code in front of an ASA message, in all its spellings: `%ASA-4-106023:`, `%ASA-session-5-106100:`, `%FTD<Up>-4-313005:`,
// `%FTD--6-852002:`, `%ASA-6-302016 Teardown`, and `ASA-2-106006:` that lost its per cent sign on the way.
import { ascii, find, findByte, isDigit, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { isDaemon } from '../../tokenisers/daemon.ts'

const products = ['ASA', 'FTD', 'PIX', 'FWSM', 'NGIPS'].map(ascii)
const BLANK = 0x20
const PERCENT = 0x25
const DASH = 0x2d
const COLON = 0x3a
/** How far into a message its code may stand, behind the headers of relays, and how long the code may be. */
const REACH = 300
const CODE_MAX = 32
const ID_DIGITS = 6

/** The last code that was found. */
export const code = {
  /** Its six digits. */
  id: 0,
  /** Where it begins, and where the blank in front of the text is: words are looked for together with their blanks. */
  start: 0,
  textStart: 0,
}

/** Fills `code`; false if the message has none. */
export function findCode(message: Message): boolean {
  const { bytes, body, end } = message
  if (readPlainCode(bytes, body, end)) return true
  if (bytes[body] !== PERCENT && (readCode(bytes, body, end) || readCodeless(bytes, body, end))) return true
  // further inside a daemon's line there is only what others made it write: openvpn's `user '...' could not authenticate`
  const limit = Math.min(end, body + (isDaemon(message) ? 1 : REACH))
  for (let at = findByte(bytes, body, limit, PERCENT); at >= 0; at = findByte(bytes, at + 1, limit, PERCENT))
    if (readCode(bytes, at + 1, end)) return isHeader(bytes, body, at)
  return false
}

const PLAIN_LENGTH = 14

/** `%ASA-4-106023: ` and `%FTD-4-106023: `, as nearly all messages begin. */
function readPlainCode(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at <= PLAIN_LENGTH || bytes[at] !== PERCENT || bytes[at + 4] !== DASH || bytes[at + 6] !== DASH) return false
  const isAsa = bytes[at + 1] === 0x41 && bytes[at + 2] === 0x53 && bytes[at + 3] === 0x41
  if (!isAsa && !(bytes[at + 1] === 0x46 && bytes[at + 2] === 0x54 && bytes[at + 3] === 0x44)) return false
  if (!isDigit(bytes[at + 5]) || bytes[at + PLAIN_LENGTH - 1] !== COLON) return false
  let value = 0
  for (let i = at + 7; i < at + 7 + ID_DIGITS; i++) {
    if (!isDigit(bytes[i])) return false
    value = value * 10 + bytes[i] - 0x30
  }
  code.id = value
  code.start = at + 1
  code.textStart = at + PLAIN_LENGTH
  return true
}

/** Text of another product may quote a code; a quote or `=` in front of it is no header. */
function isHeader(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0x22 || bytes[i] === 0x3d || bytes[i] === 0x7b) return false
  return true
}

/** Some relays strip the code; translations are told by their words alone. */
const codeless = [
  { words: 'Built dynamic ', id: 305011 },
  { words: 'Built static ', id: 305009 },
  { words: 'Teardown dynamic ', id: 305012 },
  { words: 'Teardown static ', id: 305010 },
].map(({ words, id }) => ({ words: ascii(words), id }))
const TRANSLATION = ascii('translation from ')

function readCodeless(bytes: Uint8Array, at: number, end: number): boolean {
  for (const { words, id } of codeless) {
    if (bytes[at] !== words[0] || !startsWith(bytes, at, end, words)) continue
    if (find(bytes, at, Math.min(end, at + CODE_MAX + TRANSLATION.length), TRANSLATION) < 0) return false
    code.id = id
    code.start = at
    code.textStart = Math.max(0, at - 1)
    return true
  }
  return false
}

function readCode(bytes: Uint8Array, at: number, end: number): boolean {
  for (const product of products) {
    if (bytes[at] !== product[0] || !startsWith(bytes, at, end, product)) continue
    const limit = Math.min(end - ID_DIGITS, at + CODE_MAX)
    for (let i = at + product.length; i < limit && bytes[i] !== BLANK && bytes[i] !== COLON; i++) {
      if (bytes[i] !== DASH || !isDigit(bytes[i + 1]) || !isDigit(bytes[i + 2])) continue
      let value = 0
      let stop = i + 1
      for (; stop < end && isDigit(bytes[stop]) && stop - i <= ID_DIGITS + 1; stop++) value = value * 10 + bytes[stop] - 0x30
      if (stop - i - 1 !== ID_DIGITS) continue
      code.id = value
      code.start = at
      code.textStart = bytes[stop] === COLON ? stop + 1 : stop
      return true
    }
  }
  return false
}
