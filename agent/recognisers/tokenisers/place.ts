// Where a product's own text may stand. A stranger chooses user names and URLs, and daemons write them into their lines, so what looks
// like a firewall's message counts only where the firewall puts it: directly behind the header, whoever's tag is in front of
// it. Only where there is no tag at all may a few words of a header come first that could not be read.
import { ascii, BLANK, isDigit, startsWith } from '../../lib/bytes.ts'
import type { Message } from '../../message.ts'
import { NO_WORD, Words } from './words.ts'

/** Programs whose whole line may be what a stranger sent; in their lines nothing is another product's message, wherever it stands. */
const daemons = Words.of(
  [1, 'nginx', 'httpd', 'apache', 'apache2', 'haproxy', 'squid', 'lighttpd', 'caddy', 'traefik', 'varnishd'],
  [1, 'dhcpd', 'dnsmasq', 'named', 'unbound', 'ntpd', 'snmpd', 'smbd', 'nmbd', 'slapd', 'asterisk', 'mysqld', 'postgres'],
  [1, 'postfix', 'dovecot', 'sendmail', 'exim', 'exim4', 'opendkim', 'spamd', 'imapd', 'pop3d', 'vsftpd', 'proftpd', 'pure-ftpd'],
  [1, 'sshd', 'sshd-session', 'sshd-auth', 'dropbear', 'sudo', 'su', 'login', 'cron', 'crond', 'telnetd', 'xrdp', 'fail2ban'],
  [1, 'openvpn', 'charon', 'pluto', 'racoon', 'xl2tpd', 'pppd', 'pptpd', 'radiusd', 'freeradius', 'ocserv', 'wpad', 'hostapd'],
)
/** Words of a header that could not be read: month, zone and host; numbers, clocks and addresses do not count. */
const HEADER_WORDS_MAX = 3

const SLASH = 0x2f
const COLON = 0x3a
const LESS = 0x3c
const DASH = 0x2d
const LOCAL = ascii('local')
const ALERTS = ascii('Alerts ')
const DIGIT_MAX = 0x39

/** Whether bytes[start, end) is the tag of such a program, of a part of one, or its path: `postfix/smtpd`, `/usr/sbin/sshd`. */
function isDaemon(bytes: Uint8Array, start: number, end: number): boolean {
  let stop = start
  while (stop < end && bytes[stop] !== SLASH) stop++
  if (daemons.find(bytes, start, stop) !== NO_WORD) return true
  if (stop === end) return false
  let name = end
  while (bytes[name - 1] !== SLASH) name--
  return daemons.find(bytes, name, end) !== NO_WORD
}

/** Whether the line is that of a program that writes what strangers send it. */
export const isOfDaemon = (message: Message): boolean =>
  message.tagEnd > message.tagStart && (isDaemon(message.bytes, message.tagStart, message.tagEnd) || isRelayedByDaemon(message))

/** The same of the tag in front of the tag: then a stranger may have written the second one. */
export const isRelayedByDaemon = ({ bytes, relayTagStart, relayTagEnd }: Message): boolean =>
  relayTagEnd > relayTagStart && isDaemon(bytes, relayTagStart, relayTagEnd)

/** Whether a product's own text may begin at `at` of the body. */
export function isOwnPlace(message: Message, at: number): boolean {
  const { bytes, body, hostStart, hostEnd } = message
  if (message.tagEnd > message.tagStart) return at === body && !isOfDaemon(message)
  if (at === body) return true
  // behind a host's name the message begins, if not with a second header: `Login failed for ...`
  return wordsBetween(bytes, body, at) <= HEADER_WORDS_MAX && (hostEnd === hostStart || isHeaderLike(bytes, body, at))
}

/** Whether there is a clock in bytes[start, end), or at its beginning a facility (`local4`, `<4>`, Cisco's `Alerts`) or a `-` for none. */
function isHeaderLike(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === LESS || startsWith(bytes, start, end, LOCAL) || startsWith(bytes, start, end, ALERTS)) return true
  if (bytes[start] === DASH && bytes[start + 1] === BLANK) return true
  for (let i = start + 2; i + 5 < end; i++)
    if (bytes[i] === COLON && bytes[i + 3] === COLON && isDigit(bytes[i - 1]) && isDigit(bytes[i + 1]) && isDigit(bytes[i + 4])) return true
  return false
}

function wordsBetween(bytes: Uint8Array, start: number, end: number): number {
  let words = 0
  for (let i = start; i < end; i++) if (bytes[i] > DIGIT_MAX && (i === start || bytes[i - 1] === BLANK)) words++
  return words
}
