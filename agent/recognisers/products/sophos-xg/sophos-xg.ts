// Sophos Firewall (SFOS, XG and XGS) and Cyberoam before it, in both syslog formats: 'device standard' (date=, sent_bytes=)
// and 'standard syslog' (timestamp=, bytes_sent=). Every message has log_type, log_component and log_subtype.
// Source: Sophos Firewall syslog guide, docs.sophos.com/nsg/sophos-firewall (17.5 to 21.5).
import { Action, DESTINATION, type EventRecord } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, equals } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { ConnectionReader } from '../../tokenisers/connection.ts'
import { firstKey } from '../../tokenisers/first-key.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { Span } from '../../tokenisers/span.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

/** Types that are not about what a policy did to a connection; all others are. */
const Type = { detection: 1, webServer: 2, sandbox: 3, event: 4, health: 5 } as const
const types = Words.of(
  [Type.detection, 'idp'],
  [Type.webServer, 'waf'],
  [Type.sandbox, 'sandbox', 'zero-day protection'],
  [Type.event, 'event'],
  [Type.health, 'system health', 'wireless protection', 'heartbeat'],
)

const ADMINISTRATION = 100
const AUTHENTICATION = 101
/** Values of log_subtype: what was done, or what was found and therefore done. */
const subtypes = Words.of(
  [Action.allow, 'allowed', 'allow', 'warned', 'overridden', 'clean', 'spx', 'decrypt', 'do not decrypt'],
  [Action.deny, 'denied', 'deny', 'blocked', 'virus', 'pua', 'dlp', 'dos'],
  [Action.deny, 'spam', 'probable spam', 'outbound spam', 'outbound probable spam'],
  [Action.drop, 'drop', 'dropped'],
  [Action.reject, 'reject', 'rejected'],
  // 'logs the threat but still allows the data flow'
  [Action.detect, 'detect', 'alert'],
  [ADMINISTRATION, 'admin'],
  [AUTHENTICATION, 'authentication'],
)
/** Values of status= that older versions give where they give no subtype. */
const statuses = Words.of([Action.allow, 'allow', 'allow session'], [Action.deny, 'deny', 'deny session'], [Action.detect, 'would deny'])
const outcomes = Words.of([Action.loginFailed, 'failed'], [Action.allow, 'successful', 'success'])

const COMPONENT = new Needle('log_component=')
const LOGIN_FAILED = ['failed to log', 'failed to sign', 'wrong credentials'].map(text => new Needle(text))
/** What the firewall says of packets that belong to no connection that it knows ('Invalid Traffic'). */
const NO_CONNECTION = new Needle('not associate packet to any connection')
const LOGGED_IN = new Needle('logged in')
const NONE = ascii('-')
/** How far into a message its component may stand: behind headers, times and the names of the device. */
const REACH = 500

/** The keys with which messages begin, in either format and by version. */
const firstKeys = Words.of([1, 'device', 'device_name', 'device_model', 'device_serial_id', 'date', 'timestamp', 'log_id', 'log_type'])

const logType = new Span()
const subtype = new Span()
const status = new Span()
const action = new Span()
const reason = new Span()
const text = new Span()
/** Where a file in the sandbox came from. */
const origin = new Span()

const reader = new ConnectionReader({
  date: 'date',
  time: 'time',
  timezone: 'zone',
  timestamp: 'timestamp',
  log_type: logType,
  log_subtype: subtype,
  status,
  action,
  reason,
  message: text,
  src_ip: 'source.ip',
  sourceip: 'source.ip',
  localinterfaceip: 'source.ip',
  dst_ip: 'destination.ip',
  destinationip: 'destination.ip',
  localip: 'destination.ip',
  local_ip: 'destination.ip',
  remoteinterfaceip: 'destination.ip',
  source: origin,
  src_port: 'source.port',
  dst_port: 'destination.port',
  protocol: 'protocol',
  sent_bytes: 'bytes.sent',
  bytes_sent: 'bytes.sent',
  bytessent: 'bytes.sent',
  recv_bytes: 'bytes.received',
  bytes_received: 'bytes.received',
  bytesrcv: 'bytes.received',
  sent_pkts: 'packets.sent',
  packets_sent: 'packets.sent',
  recv_pkts: 'packets.received',
  packets_received: 'packets.received',
  fw_rule_id: 'rule',
  signature_id: 'signature',
  log_occurrence: 'count',
  user_name: 'chosen',
  user: 'chosen',
  name: 'chosen',
  url: 'chosen',
  querystring: 'chosen',
  cookie: 'chosen',
  referer: 'chosen',
  user_agent: 'chosen',
  useragent: 'chosen',
  domain: 'chosen',
  domainname: 'chosen',
  file_name: 'chosen',
  filename: 'chosen',
  sender: 'chosen',
  from_email_address: 'chosen',
  email_subject: 'chosen',
  mailsubject: 'chosen',
})

/** What an event says of somebody who came in or tried to; the rest of what is logged as an event is housekeeping. */
function decideLogin(bytes: Uint8Array, kind: number): number {
  if (kind === AUTHENTICATION) return outcomes.findIn(bytes, status, Action.other)
  // administration is also every change of a setting, failed ones included
  for (const words of LOGIN_FAILED) if (words.find(bytes, text.start, text.end) >= 0) return Action.loginFailed
  return LOGGED_IN.find(bytes, text.start, text.end) >= 0 ? Action.allow : Action.other
}

function decideAction(bytes: Uint8Array, type: number): number {
  if (type === Type.webServer) {
    // a web server's firewall logs every request, and a reason for those it refused
    const isRefused = reason.end > reason.start && !equals(bytes, reason.start, reason.end, NONE)
    return isRefused ? Action.deny : Action.allow
  }
  const known = subtypes.findIn(bytes, subtype)
  if (known >= ADMINISTRATION) return decideLogin(bytes, known)
  if (type === Type.event) return Action.other
  if (known === NO_WORD) return statuses.findIn(bytes, status, Action.other)
  const done = known === Action.detect ? statuses.findIn(bytes, action) : known
  return done === Action.deny ? done : known
}

function read({ bytes, end }: Message, event: EventRecord, start: number): Reading {
  reader.read(bytes, start, end, event)
  if (reader.isContradictory) return Reading.unreadable
  const type = types.findIn(bytes, logType)
  if (type === Type.health) return Reading.ignored
  event.action = decideAction(bytes, type)
  // a login has no end but its source, and a name in front of it could make up another
  if (event.action === Action.loginFailed && reader.isDestinationBehindChosen) event.hasDestination = false
  if (type === Type.detection && reader.signature >= 0) event.rule = reader.signature
  if (type === Type.sandbox && !event.hasDestination)
    event.hasDestination = readAddress(bytes, origin.start, origin.end, event.words, DESTINATION)
  event.isLate = NO_CONNECTION.find(bytes, text.start, text.end) >= 0
  if (event.hasSource || event.hasDestination) return Reading.event
  return type === Type.event || type === Type.sandbox ? Reading.ignored : Reading.unreadable
}

export const sophosXg: Recogniser = {
  name: 'sophos-xg',
  title: 'Sophos Firewall',
  claims: message => {
    const { bytes, body, end } = message
    return COMPONENT.find(bytes, body, Math.min(end, body + REACH)) >= 0 ? firstKey(message, firstKeys) : NOT_OURS
  },
  read,
}
