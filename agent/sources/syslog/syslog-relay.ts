// What relays write in front of a message besides a header of their own: the address of the sender (Kiwi Syslog), the name of the
// host that forwarded it (syslogd of AIX), or facility and severity as words in place of the PRI.
import { ascii, startsWith, startsWithAnyCase } from '../../lib/bytes.ts'
import type { Message } from '../../message.ts'
import { isBlank, NAME_MAX, skipBlanks } from './syslog-word.ts'

const ORIGINAL = ascii('Original Address=')
const FORWARDED = ascii('Message forwarded from ')
const COLON = 0x3a
const DOT = 0x2e

/** Past `Original Address=192.0.2.50 ` and `Message forwarded from fw1: ` at `at`, of which the host is kept. */
export function skipForwarder(message: Message, bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]
  const isOriginal = first === ORIGINAL[0] && startsWith(bytes, at, end, ORIGINAL)
  if (!isOriginal && !(first === FORWARDED[0] && startsWith(bytes, at, end, FORWARDED))) return at
  const start = at + (isOriginal ? ORIGINAL.length : FORWARDED.length)
  const limit = Math.min(end, start + NAME_MAX)
  let stop = start
  while (stop < limit && !isBlank(bytes[stop])) stop++
  if (stop >= limit || stop === start || (!isOriginal && bytes[stop - 1] !== COLON)) return at
  message.hostStart = start
  message.hostEnd = isOriginal ? stop : stop - 1
  return skipBlanks(bytes, stop, end)
}

/** Whether what `skipForwarder` passes over may begin at `at`. */
export const mayBeForwarder = (bytes: Uint8Array, at: number, end: number): boolean =>
  (bytes[at] === ORIGINAL[0] || bytes[at] === FORWARDED[0]) &&
  (startsWith(bytes, at, end, ORIGINAL) || startsWith(bytes, at, end, FORWARDED))

const facilities = ['local', 'kern', 'user', 'mail', 'daemon', 'auth', 'authpriv', 'security', 'syslog'].map(ascii)
const FACILITY_MAX = 24

/** Past `LOCAL4.WARNING: ` at `at`. */
export function skipFacility(bytes: Uint8Array, at: number, end: number): number {
  for (const facility of facilities) {
    if (!startsWithAnyCase(bytes, at, end, facility)) continue
    let dot = at + facility.length
    if (facility === facilities[0]) dot++
    if (bytes[dot] !== DOT) continue
    const limit = Math.min(end, at + FACILITY_MAX) - 1
    let stop = dot + 1
    while (stop < limit && (bytes[stop] | 0x20) >= 0x61 && (bytes[stop] | 0x20) <= 0x7a) stop++
    if (stop > dot + 1 && stop < limit && bytes[stop] === COLON && isBlank(bytes[stop + 1])) return skipBlanks(bytes, stop + 1, end)
  }
  return at
}

const severities = ['emerg', 'panic', 'alert', 'crit', 'err', 'error', 'warn', 'warning', 'notice', 'info', 'debug'].map(ascii)

/** Whether bytes[start, end) is a severity as syslog.conf names it, perhaps behind a facility: `info`, `auth.info`. */
export function isSeverity(bytes: Uint8Array, start: number, end: number): boolean {
  for (const name of severities) {
    const at = end - name.length
    if (at >= start && startsWithAnyCase(bytes, at, end, name) && (at === start || bytes[at - 1] === DOT)) return true
  }
  return false
}

const relays = [
  ...['graylog', 'graylog2', 'logstash', 'rsyslog', 'rsyslogd', 'syslog', 'syslogd', 'syslog-ng', 'nxlog', 'kiwi', 'logger', 'relay'],
  ...['forwarder', 'fluentd', 'fluent-bit', 'vector', 'cribl', 'splunk', 'filebeat', 'promtail', 'alloy', 'wazuh', 'opnsense', 'pfsense'],
].map(ascii)
const LENGTH_MAX = Math.max(...relays.map(name => name.length))
const relaysByLength = Array.from({ length: LENGTH_MAX + 1 }, (_, length) => relays.filter(name => name.length === length))

/**
 * Whether the tag is a relay's: by its name, or because it is the host's name. Any other program may have been made to write what looks
 * like the tag of a second one; `[-]` behind it says only that its process id was lost on the way.
 */
export function isRelay({ bytes, hostStart, hostEnd, tagStart, tagEnd }: Message): boolean {
  const length = tagEnd - tagStart
  if (length <= LENGTH_MAX) for (const relay of relaysByLength[length]) if (startsWithAnyCase(bytes, tagStart, tagEnd, relay)) return true
  if (hostEnd - hostStart !== length) return false
  for (let i = 0; i < length; i++) if (bytes[hostStart + i] !== bytes[tagStart + i]) return false
  return true
}
