// What stands around sshd's own words: the level, the PAM module, Solaris's message number, syslog's word that a message
// was repeated, and the mark of the process that ran before authentication.
import { ascii, find, findByte, readDecimal, startsWith } from '../../../lib/bytes.ts'

const prefixes = ['error: ', 'fatal: ', 'info: '].map(ascii)
const PAM = ascii('pam_')
const BRACKETED_PAM = ascii('(pam_')
const PAM_END = ascii('): ')
const PAM_BLANK = ascii(') ')
const ID = ascii('[ID ')
const KERNEL = ascii('kernel:[')
const CLOSE = ascii('] ')
const KERNEL_CLOSE = ascii(']: ')
const REPEATED = ascii('message repeated ')
const TIMES = ascii(' times: [')
const PREAUTH = ascii(' [preauth]')
const PARTS_MAX = 4
const TIMES_MAX = 0xffff

/** The offset of sshd's own words. */
export function skipPrefixes(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  for (let part = 0; part < PARTS_MAX; part++) {
    while (at < end && bytes[at] === 0x20) at++
    const next = skipPrefix(bytes, at, end)
    if (next === at) return at
    at = next
  }
  return at
}

function skipPrefix(bytes: Uint8Array, at: number, end: number): number {
  for (const prefix of prefixes) if (startsWith(bytes, at, end, prefix)) return at + prefix.length
  if (startsWith(bytes, at, end, PAM)) return behind(bytes, at, end, PAM_END)
  if (startsWith(bytes, at, end, BRACKETED_PAM)) return behind(bytes, at, end, PAM_BLANK)
  if (startsWith(bytes, at, end, ID)) return behind(bytes, at, end, CLOSE)
  if (startsWith(bytes, at, end, KERNEL)) return behind(bytes, at, end, KERNEL_CLOSE)
  if (startsWith(bytes, at, end, REPEATED)) return behind(bytes, at, end, TIMES)
  return at
}

function behind(bytes: Uint8Array, at: number, end: number, token: Uint8Array): number {
  const found = find(bytes, at, Math.min(end, at + 60), token)
  return found < 0 ? at : found + token.length
}

/** How often rsyslog says that the message came: `message repeated 3 times: [ ...]`; 1 if it says nothing. */
export function timesRepeated(bytes: Uint8Array, start: number, at: number): number {
  const repeated = find(bytes, start, at, REPEATED)
  if (repeated < 0) return 1
  const digits = repeated + REPEATED.length
  const times = readDecimal(bytes, digits, findByte(bytes, digits, at, 0x20))
  return times > 0 ? Math.min(times, TIMES_MAX) : 1
}

/** The end of sshd's own words: without blanks, ` [preauth]` and the bracket that closes a repeated message. */
export function strippedEnd(bytes: Uint8Array, at: number, end: number): number {
  let last = end
  for (let part = 0; part < PARTS_MAX; part++) {
    while (last > at && (bytes[last - 1] === 0x20 || bytes[last - 1] === 0x0a)) last--
    if (last - PREAUTH.length >= at && startsWith(bytes, last - PREAUTH.length, last, PREAUTH)) last -= PREAUTH.length
    else if (last > at && bytes[last - 1] === 0x5d) last--
    else return last
  }
  return last
}
