// The longest message there may be, made of whatever piece makes a reader go back and forth, is read about as fast as any other: whoever
// sends one must not keep the others waiting.
import t from 'tap'
import { EventRecord } from '../event.ts'
import { Message } from '../message.ts'
import { MESSAGE_MAX_BYTES } from '../sources/source.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'
import { recognisers } from './index.ts'

/** On a busy machine; on a quiet one it is below 5 ms. What grows with the square of the length takes seconds. */
const READING_MAX_MS = 60
const TRIES = 8

const beginnings = [
  '<14>',
  '<14>Nov 20 12:00:01 host app: ',
  '<14>1 2026-11-20T12:00:01Z host app - - [',
  '%ASA-4-106100: access-list x denied tcp ',
  '%ASA-4-106023: Deny tcp src ',
  '%ASA-3-313005: No matching connection for ICMP error message: icmp src ',
  '%ASA-6-716039: Group <g> User <x> ',
  '%ASA-6-113005: AAA user authentication Rejected : ',
  '%ASA-5-303004: FTP ',
  '%ASA-3-999123: ',
  '%FTD-1-430003: ',
  '<38>Nov 20 12:00:01 host sshd[1]: Failed password for ',
  '<38>Nov 20 12:00:01 host sshd[1]: Invalid user ',
  '<38>Nov 20 12:00:01 host sshd[1]: pam_unix(sshd:auth): authentication failure; ',
  '<189>date=2026-11-20 time=12:00:01 logid="0000000013" type="traffic" ',
  '<134>id=firewall sn=1 time="2026-11-20 12:00:01" m=36 msg="',
  '<30>device="SFW" date=2026-11-20 log_type="Event" log_component="GUI" ',
  '<4>Nov 20 12:00:01 host kernel: IN=eth0 SRC=203.0.113.1 DST=198.51.100.1 PROTO=TCP ',
  '<14>Nov 20 12:00:01 1,2026/11/20 12:00:01,1,SYSTEM,auth,0,2026/11/20 12:00:01,,auth-fail,,0,0,general,medium,"',
  '<14>Nov 20 12:00:01 fw filterlog: ',
  '<14>Nov 20 12:00:01 fw (squid-1): ',
  "<14>Nov 20 12:00:01 fw php-fpm: /index.php: webConfigurator authentication error for user '",
]
const pieces = [
  ...[
    ' -> ',
    '1 -> ',
    'a:192.0.2.1/1 -> b:x/2 ',
    '(x) -> ',
    ') -> ',
    ' from ',
    ' from 192.0.2.1 port 1 ssh2',
    ' from a:192.0.2.1/1 ',
    ' to ',
  ],
  ...[
    ' for ',
    ' src ',
    ' dst ',
    '(',
    ' IP = x ',
    ' user IP = ',
    'a',
    '=',
    '="',
    '"',
    '\\',
    '\\"',
    'x="" ',
    'x=1 ',
    ',',
    '",""',
    ':',
    'a: ',
  ],
  ...['[', ']', '<14>', '1 <14>', '\0', '\xef\xbb\xbf', ' ', '%ASA-', 'IN=', ' SRC=', ' DST=', 'SYN ', 'filterlog: ', ' TCP_', ' HIER_'],
  ...['2026-11-20T12:00:01', 'From: ', ' from: ', ' rhost=', ' port ', 'Deny ', 'Built dynamic ', 'access-list ', 'syslog: ', ' [preauth]'],
]

const message = new Message()
const event = new EventRecord()

function read(bytes: Uint8Array): void {
  readHeader(message, bytes, 0, bytes.length)
  for (const one of recognisers) {
    const start = one.claims(message)
    if (start < 0) continue
    event.reset()
    one.read(message, event, start)
  }
}

/** Of several tries the fastest: others use the machine too. */
function fastest(bytes: Uint8Array): number {
  let best = Number.POSITIVE_INFINITY
  for (let tried = 0; tried < TRIES && best > READING_MAX_MS / 10; tried++) {
    const began = performance.now()
    read(bytes)
    best = Math.min(best, performance.now() - began)
  }
  return best
}

for (const beginning of beginnings)
  t.test(`no message that begins with ${beginning} keeps others waiting`, async t => {
    let slow = 0
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(MESSAGE_MAX_BYTES / piece.length))
      const took = fastest(Buffer.from(`${beginning}${text}`.slice(0, MESSAGE_MAX_BYTES), 'latin1'))
      if (took <= READING_MAX_MS) continue
      slow++
      t.comment(`${Math.round(took)} ms for ${JSON.stringify(piece)} again and again`)
    }
    t.equal(slow, 0, `${pieces.length} messages`)
  })
