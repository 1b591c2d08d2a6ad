// Words of a syslog header, told apart by their letters alone: what can be a host or a tag and what must be the
// product's own text. Reads bytes between offsets, writes numbers into one reused Word, allocates nothing.
import { ascii, isDigit, startsWithAnyCase } from '../../lib/bytes.ts'

/** `plain` may be a host; `label` is `name:`; `process` is `name[pid]:`; anything else is `none` and stays text. */
export const WordKind = { none: 0, plain: 1, label: 2, process: 3 } as const

/** [start, end) is the name without [pid] and colon; `next` is the offset after all of it; `at` is where it was looked for. */
export class Word {
  at = -1
  kind: number = 0
  start = 0
  end = 0
  next = 0
}

// RFC 5424 section 6: HOSTNAME has at most 255 bytes, and no other name of a header has more
export const NAME_MAX = 255
export const PID_MAX = 32
/** The highest PRI there is: facility 23, severity 7 (RFC 5424 section 6.2.1). */
export const PRIORITY_MAX = 191

const NAME = 1
const BLANK = 2
const COLON = 3
const OPEN = 4
// what is not a name, blank, colon or bracket is a sign of text: date=, CEF:0|, {"a":, 1,2026/01/27, %ASA-
const classes = new Uint8Array(256)
for (const byte of ascii('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-/+@~#$&*')) classes[byte] = NAME
classes[0x20] = classes[0x09] = BLANK
classes[0x3a] = COLON
classes[0x5b] = OPEN

export const isName = (byte: number): boolean => classes[byte] === NAME

export const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09

/** Past blanks, NULs and byte order marks. */
export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  for (;;) {
    if (at >= end || (bytes[at] > 0x20 && bytes[at] !== 0xef)) return at
    while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0)) at++
    if (at + 3 > end || bytes[at] !== 0xef || bytes[at + 1] !== 0xbb || bytes[at + 2] !== 0xbf) return at
    at += 3
  }
}

/** Reads the word at `at` and says what it may be; again at the same place is free, until `word.at` is set back to -1. */
export function readWord(bytes: Uint8Array, at: number, end: number, word: Word): number {
  if (word.at !== at) {
    word.at = at
    word.kind = classify(bytes, at, end, word)
  }
  return word.kind
}

function classify(bytes: Uint8Array, at: number, end: number, word: Word): number {
  word.start = at
  const limit = Math.min(end, at + NAME_MAX)
  let i = at
  while (i < limit && classes[bytes[i]] === NAME) i++
  word.end = word.next = i
  if (i >= limit) return WordKind.none
  const stop = classes[bytes[i]]
  if (i === at) return stop === OPEN ? readBracketed(bytes, at, limit, word) : WordKind.none
  if (stop === BLANK) return isNotName(bytes, at, i) ? WordKind.none : WordKind.plain
  if (stop === OPEN) return readProcess(bytes, i, end, word)
  if (stop !== COLON) return WordKind.none
  word.next = i + 1
  if (i + 1 === end || isBlank(bytes[i + 1])) return isNotName(bytes, at, i) || isCiscoCode(bytes, at, i) ? WordKind.none : WordKind.label
  return readColons(bytes, i, limit, word)
}

/** `[pid]:` at `open`; the pid is mostly a number, FreeRADIUS and others write a name. */
function readProcess(bytes: Uint8Array, open: number, end: number, word: Word): number {
  const limit = Math.min(end, open + PID_MAX)
  let i = open + 1
  while (i < limit && classes[bytes[i]] === NAME) i++
  if (i + 1 >= limit || i === open + 1 || bytes[i] !== 0x5d || bytes[i + 1] !== 0x3a) return WordKind.none
  word.next = i + 2
  return WordKind.process
}

/** An IPv6 address as host: several colons, and nothing but hexadecimal digits, dots and colons before the blank. */
function readColons(bytes: Uint8Array, colon: number, limit: number, word: Word): number {
  let colons = 0
  let i = word.start
  for (; i < limit && !isBlank(bytes[i]); i++) {
    if (bytes[i] === 0x3a) colons++
    else if (!isAddressByte(bytes[i])) return WordKind.none
  }
  if (i >= limit || colons < 2 || colon === word.start) return WordKind.none
  word.end = word.next = i
  if (bytes[i - 1] !== 0x3a || bytes[i - 2] === 0x3a) return WordKind.plain
  word.end = i - 1
  return WordKind.label
}

/** `[192.0.2.1]` as host, with a colon or without; `[FILTER][Drop]` and `[289]:` are text. */
function readBracketed(bytes: Uint8Array, at: number, limit: number, word: Word): number {
  let marks = 0
  let i = at + 1
  for (; i < limit && bytes[i] !== 0x5d; i++) {
    if (bytes[i] === 0x2e || bytes[i] === 0x3a) marks++
    else if (!isAddressByte(bytes[i])) return WordKind.none
  }
  if (i + 1 >= limit || marks < 2) return WordKind.none
  const colon = bytes[i + 1] === 0x3a
  word.start = at + 1
  word.end = i
  word.next = colon ? i + 2 : i + 1
  if (word.next < limit && !isBlank(bytes[word.next])) return WordKind.none
  return colon ? WordKind.label : WordKind.plain
}

function isAddressByte(byte: number): boolean {
  const lower = byte | 0x20
  return isDigit(byte) || byte === 0x2e || (lower >= 0x61 && lower <= 0x66)
}

// a firewall's verdict is never its name: `2026-01-15 10:31:00 Deny 10.20.1.5 ...`, `<4>DROP: IN=eth0 ...`; nor is a format
const notNames: readonly (readonly Uint8Array[] | undefined)[] = Array.from({ length: 32 }, (_, letter) => {
  const words = ['accept', 'allow', 'block', 'cef', 'deny', 'denied', 'drop', 'leef', 'pass', 'permit', 'reject']
  const list = words.filter(text => (text.charCodeAt(0) & 0x1f) === letter).map(ascii)
  return list.length > 0 ? list : undefined
})
const endings = [ascii('ed'), ascii('ped'), ascii('ted')]

export const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

export function isNotName(bytes: Uint8Array, start: number, end: number): boolean {
  const list = isLetter(bytes[start]) ? notNames[bytes[start] & 0x1f] : undefined
  if (list === undefined) return false
  for (const text of list) {
    if (!startsWithAnyCase(bytes, start, end, text)) continue
    const rest = start + text.length
    if (rest === end || !isLetter(bytes[rest])) return true
    for (const ending of endings) {
      const after = rest + ending.length
      if (startsWithAnyCase(bytes, rest, end, ending) && (after === end || !isLetter(bytes[after]))) return true
    }
  }
  return false
}

/** `ASA-2-106006`: a message code that lost its per cent sign. */
export function isCiscoCode(bytes: Uint8Array, start: number, end: number): boolean {
  const dash = end - 7
  if (dash - 2 <= start || bytes[dash] !== 0x2d || bytes[dash - 2] !== 0x2d || !isDigit(bytes[dash - 1])) return false
  for (let i = dash + 1; i < end; i++) if (!isDigit(bytes[i])) return false
  return true
}
