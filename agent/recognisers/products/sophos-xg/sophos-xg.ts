// Sophos Firewall (SFOS, XG and XGS) and Cyberoam before it, in both syslog formats: 'device standard' (date=, sent_bytes=)
// and 'standard syslog' (timestamp=, bytes_sent=). Every message has log_type, log_component and log_subtype.
// Source: Sophos Firewall syslog guide, docs.sophos.com/nsg/sophos-firewall (17.5 to 21.5).
import { Action, DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { ascii, equals } from '../../../lib/bytes.ts'
import { readDateTime, Stamp } from '../../../lib/calendar.ts'
import type { Message } from '../../../message.ts'
import { Reading, type Recogniser } from '../../recogniser.ts'
import { isDaemon } from '../../tokenisers/daemon.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { bothWays, END, Pairs, Span } from '../../tokenisers/pairs.ts'
import { hasPorts, readProtocol } from '../../tokenisers/protocols.ts'
import { SplitTime } from '../../tokenisers/split-time.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'

const Field = {
  date: 1,
  time: 2,
  zone: 3,
  timestamp: 4,
  type: 5,
  subtype: 6,
  status: 7,
  action: 8,
  reason: 9,
  message: 10,
  source: 11,
  destination: 12,
  sourcePort: 13,
  destinationPort: 14,
  protocol: 15,
  sentBytes: 16,
  receivedBytes: 17,
  sentPackets: 18,
  receivedPackets: 19,
  rule: 20,
  signature: 21,
  count: 22,
  origin: 23,
} as const

const pairs = new Pairs({
  date: Field.date,
  time: Field.time,
  timezone: Field.zone,
  timestamp: Field.timestamp,
  log_type: Field.type,
  log_subtype: Field.subtype,
  status: Field.status,
  action: Field.action,
  reason: Field.reason,
  message: Field.message,
  src_ip: Field.source,
  sourceip: Field.source,
  localinterfaceip: Field.source,
  dst_ip: Field.destination,
  destinationip: Field.destination,
  localip: Field.destination,
  local_ip: Field.destination,
  remoteinterfaceip: Field.destination,
  src_port: Field.sourcePort,
  dst_port: Field.destinationPort,
  protocol: Field.protocol,
  sent_bytes: Field.sentBytes,
  bytes_sent: Field.sentBytes,
  bytessent: Field.sentBytes,
  recv_bytes: Field.receivedBytes,
  bytes_received: Field.receivedBytes,
  bytesrcv: Field.receivedBytes,
  sent_pkts: Field.sentPackets,
  packets_sent: Field.sentPackets,
  recv_pkts: Field.receivedPackets,
  packets_received: Field.receivedPackets,
  fw_rule_id: Field.rule,
  signature_id: Field.signature,
  log_occurrence: Field.count,
  // where a file in the sandbox came from
  source: Field.origin,
})

/** Types that are not about what a policy did to a connection; all others are. */
const Type = { policy: 0, detection: 1, webServer: 2, sandbox: 3, event: 4, health: 5 } as const
const types = new Words({
  idp: Type.detection,
  waf: Type.webServer,
  sandbox: Type.sandbox,
  'zero-day protection': Type.sandbox,
  event: Type.event,
  'system health': Type.health,
  'wireless protection': Type.health,
  heartbeat: Type.health,
})

const ADMINISTRATION = 100
const AUTHENTICATION = 101
/** Values of log_subtype: what was done, or what was found and therefore done. */
const subtypes = new Words({
  allowed: Action.allow,
  allow: Action.allow,
  warned: Action.allow,
  overridden: Action.allow,
  clean: Action.allow,
  spx: Action.allow,
  decrypt: Action.allow,
  'do not decrypt': Action.allow,
  denied: Action.deny,
  deny: Action.deny,
  blocked: Action.deny,
  virus: Action.deny,
  pua: Action.deny,
  spam: Action.deny,
  'probable spam': Action.deny,
  'outbound spam': Action.deny,
  'outbound probable spam': Action.deny,
  dlp: Action.deny,
  dos: Action.deny,
  drop: Action.drop,
  dropped: Action.drop,
  reject: Action.reject,
  rejected: Action.reject,
  // 'logs the threat but still allows the data flow'
  detect: Action.detect,
  alert: Action.detect,
  admin: ADMINISTRATION,
  authentication: AUTHENTICATION,
})
/** Values of status= that older versions give where they give no subtype. */
const statuses = new Words({
  allow: Action.allow,
  'allow session': Action.allow,
  deny: Action.deny,
  'deny session': Action.deny,
  'would deny': Action.detect,
})
const outcomes = new Words({ failed: Action.loginFailed, successful: Action.allow, success: Action.allow })

const COMPONENT = new Needle('log_component=')
const LOGIN_FAILED = ['failed to log', 'failed to sign', 'wrong credentials'].map(text => new Needle(text))
const LOGGED_IN = new Needle('logged in')
const NONE = ascii('-')
/** How far into a message its component may stand: behind headers, times and the names of the device. */
const REACH = 500

const times = new SplitTime()
const stamp = new Stamp()
const timestamp = new Span()
const subtype = new Span()
const status = new Span()
const action = new Span()
const reason = new Span()
const text = new Span()
const spans = [timestamp, subtype, status, action, reason, text]

/** What an event says of somebody who came in or tried to; the rest of what is logged as an event is housekeeping. */
function decideLogin(bytes: Uint8Array, kind: number): number {
  if (kind === AUTHENTICATION) {
    const outcome = outcomes.find(bytes, status.start, status.end)
    return outcome === NO_WORD ? Action.other : outcome
  }
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
  const known = subtypes.find(bytes, subtype.start, subtype.end)
  if (known >= ADMINISTRATION) return decideLogin(bytes, known)
  if (type === Type.event) return Action.other
  if (known === NO_WORD) {
    const stated = statuses.find(bytes, status.start, status.end)
    return stated === NO_WORD ? Action.other : stated
  }
  const done = known === Action.detect ? statuses.find(bytes, action.start, action.end) : known
  return done === Action.deny ? done : known
}

function read(message: Message, event: EventRecord): Reading {
  const { bytes, body, end } = message
  let type: number = Type.policy
  let sentBytes = -1
  let receivedBytes = -1
  let sentPackets = -1
  let receivedPackets = -1
  let signature = -1
  times.clear()
  for (const span of spans) span.clear()
  pairs.begin(bytes, body, end)
  for (let field = pairs.next(); field !== END; field = pairs.next()) {
    switch (field) {
      case Field.date:
        pairs.keep(times.date)
        break
      case Field.time:
        pairs.keep(times.time)
        break
      case Field.zone:
        pairs.keep(times.zone)
        break
      case Field.timestamp:
        pairs.keep(timestamp)
        break
      case Field.type: {
        const known = types.find(bytes, pairs.start, pairs.end)
        if (known !== NO_WORD) type = known
        break
      }
      case Field.subtype:
        pairs.keep(subtype)
        break
      case Field.status:
        pairs.keep(status)
        break
      case Field.action:
        pairs.keep(action)
        break
      case Field.reason:
        pairs.keep(reason)
        break
      case Field.message:
        pairs.keep(text)
        break
      case Field.source:
        if (!event.hasSource) event.hasSource = pairs.address(event.words, SOURCE)
        break
      case Field.destination:
        if (!event.hasDestination) event.hasDestination = pairs.address(event.words, DESTINATION)
        break
      case Field.origin:
        if (type === Type.sandbox && !event.hasDestination) event.hasDestination = pairs.address(event.words, DESTINATION)
        break
      case Field.sourcePort:
        if (event.sourcePort < 0) event.sourcePort = pairs.port()
        break
      case Field.destinationPort:
        if (event.destinationPort < 0) event.destinationPort = pairs.port()
        break
      case Field.protocol:
        if (event.protocol < 0) event.protocol = readProtocol(bytes, pairs.start, pairs.end)
        break
      case Field.sentBytes:
        sentBytes = pairs.decimal()
        break
      case Field.receivedBytes:
        receivedBytes = pairs.decimal()
        break
      case Field.sentPackets:
        sentPackets = pairs.decimal()
        break
      case Field.receivedPackets:
        receivedPackets = pairs.decimal()
        break
      case Field.rule:
        if (event.rule < 0) event.rule = pairs.identifier()
        break
      case Field.signature:
        signature = pairs.identifier()
        break
      case Field.count:
        event.count = Math.max(1, pairs.identifier())
        break
    }
  }
  if (type === Type.health) return Reading.ignored
  if (!times.read(bytes, event) && readDateTime(bytes, timestamp.start, timestamp.end, stamp)) {
    event.time = stamp.time
    event.clock = stamp.clock
  }
  event.action = decideAction(bytes, type)
  event.bytes = bothWays(sentBytes, receivedBytes)
  event.packets = bothWays(sentPackets, receivedPackets)
  if (type === Type.detection && signature >= 0) event.rule = signature
  if (!hasPorts(event.protocol)) event.sourcePort = event.destinationPort = -1
  if (event.hasSource || event.hasDestination) return Reading.event
  return type === Type.event || type === Type.sandbox ? Reading.ignored : Reading.unreadable
}

export const sophosXg: Recogniser = {
  name: 'sophos-xg',
  title: 'Sophos Firewall',
  claims: message => !isDaemon(message) && COMPONENT.find(message.bytes, message.body, Math.min(message.end, message.body + REACH)) >= 0,
  read,
}
