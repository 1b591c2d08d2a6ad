// Fortinet FortiGate (FortiOS 4 to 7) and FortiProxy, which logs in the same words: traffic, UTM and event messages in
// the formats `default` and `csv`. FortiMail, FortiManager and FortiWeb write `log_id=` too, and are other products.
// Source: FortiOS Log Message Reference, docs.fortinet.com.
import { Action, DESTINATION, EventRecord, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, BLANK, findByte, isDigit, readDecimal, readPort, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { type ConnectionField, ConnectionReader } from '../../tokenisers/connection.ts'
import { firstKey } from '../../tokenisers/first-key.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { hasPorts } from '../../tokenisers/protocols.ts'
import { Span } from '../../tokenisers/span.ts'
import { NO_WORD, Words } from '../../tokenisers/words.ts'
import { eventActions, Kind, kinds, LOGIN, loginOutcomes, remoteBegan, trafficActions, utmActions } from './fortigate-words.ts'

const type = new Span()
const subtype = new Span()
const action = new Span()
const status = new Span()
const utmAction = new Span()
/** The two ends of a tunnel, and which side began it. */
const remoteAddress = new Span()
const remotePort = new Span()
const localAddress = new Span()
const localPort = new Span()
const initiator = new Span()
const direction = new Span()
const role = new Span()
/** Where an administrator sits: `https(203.0.113.7)`. */
const userInterface = new Span()

const keys: Readonly<Record<string, ConnectionField | Span>> = {
  date: 'date',
  time: 'time',
  tz: 'zone',
  // FortiOS 5.6 to 6.0 and RFC 5424 messages have no zone but this
  eventtime: 'epoch',
  type,
  subtype,
  action,
  status,
  utmaction: utmAction,
  srcip: 'source.ip',
  srcport: 'source.port',
  dstip: 'destination.ip',
  dstport: 'destination.port',
  proto: 'protocol',
  sentbyte: 'bytes.sent',
  rcvdbyte: 'bytes.received',
  sentpkt: 'packets.sent',
  rcvdpkt: 'packets.received',
  policyid: 'rule',
  attackid: 'signature',
  count: 'count',
  remip: remoteAddress,
  remport: remotePort,
  locip: localAddress,
  locport: localPort,
  init: initiator,
  dir: direction,
  role,
  ui: userInterface,
  user: 'chosen',
  unauthuser: 'chosen',
  xauthuser: 'chosen',
  srcname: 'chosen',
  dstname: 'chosen',
  hostname: 'chosen',
  url: 'chosen',
  referralurl: 'chosen',
  agent: 'chosen',
  filename: 'chosen',
  from: 'chosen',
  to: 'chosen',
  sender: 'chosen',
  recipient: 'chosen',
  subject: 'chosen',
  qname: 'chosen',
  ssid: 'chosen',
  // FortiOS 4 had other names, and VoIP messages kept some of them
  src: 'source.ip',
  src_port: 'source.port',
  dst: 'destination.ip',
  dst_port: 'destination.port',
  sent: 'bytes.sent',
  rcvd: 'bytes.received',
  sent_pkt: 'packets.sent',
  rcvd_pkt: 'packets.received',
  policy_id: 'rule',
  attack_id: 'signature',
}
// FortiOS puts counts, and words in quotes, behind all that is read here
const blanks = new ConnectionReader(keys, {}, true)
const commas = new ConnectionReader(keys, { separator: ',' }, true)

/** The keys with which messages begin, by version, format and the analyser that forwards them. */
const firstKeys = Words.of(
  [1, 'date', 'time', 'timestamp', 'eventtime', 'itime', 'tz', 'logver', 'vd', 'id', 'type', 'logid', 'log_id'],
  [1, 'devname', 'devid', 'device_id', 'device_name', 'slot'],
)
const LOGID = new Needle('logid=')
const LOG_ID = new Needle('log_id=')
const DEVICE_ID = new Needle('device_id=')
const TYPE = ascii('type=')
/** How far into a message its identity may stand, behind the headers of relays. */
const REACH = 300
const QUOTE = 0x22
const COMMA = 0x2c

const afterQuote = (bytes: Uint8Array, at: number): number => (bytes[at] === QUOTE ? at + 1 : at)

/** Has this message the number and the type that FortiOS puts side by side: `logid="0000000013" type=`? */
function claims(message: Message): number {
  return hasIdentity(message) ? firstKey(message, firstKeys) : NOT_OURS
}

function hasIdentity(message: Message): boolean {
  const { bytes, body } = message
  const end = Math.min(message.end, body + REACH)
  const at = LOGID.find(bytes, body, end)
  if (at >= 0) return (at === body || isSeparator(bytes[at - 1])) && isNumberThenType(message, at + LOGID.length)
  const old = LOG_ID.find(bytes, body, end)
  const device = old < 0 ? -1 : DEVICE_ID.find(bytes, body, old)
  if (device < 0) return false
  // FG = FortiGate, FW = FortiWiFi; FE, FMG, FAZ and FV are mail, management, analysis and web application firewalls
  const model = afterQuote(bytes, device + DEVICE_ID.length)
  const isGate = bytes[model] === 0x46 && (bytes[model + 1] === 0x47 || bytes[model + 1] === 0x57)
  return isGate && isNumberThenType(message, old + LOG_ID.length)
}

const isSeparator = (byte: number): boolean => byte === BLANK || byte === COMMA

function isNumberThenType(message: Message, value: number): boolean {
  const { bytes, end } = message
  const number = afterQuote(bytes, value)
  let at = number
  while (at < end && isDigit(bytes[at])) at++
  if (at === number) return false
  at = afterQuote(bytes, at)
  while (at < end && isSeparator(bytes[at])) at++
  return startsWith(bytes, at, end, TYPE)
}

/** `set format csv`: the first value is a date or a number, and a comma follows it. */
function isCsv(message: Message): boolean {
  const { bytes, body, end } = message
  let at = body
  while (at < end && !isSeparator(bytes[at])) at++
  return bytes[at] === COMMA && bytes[at + 1] !== BLANK
}

function decideAction(bytes: Uint8Array, kind: number, isDetection: boolean): number {
  // FortiOS 4 and 5.0 said with status= what became of a session
  const result = action.end > action.start ? action : status
  if (kind === Kind.traffic) {
    const utm = utmActions.findIn(bytes, utmAction)
    if (utm === Action.deny || utm === Action.drop || utm === Action.reset) return Action.deny
    const known = trafficActions.findIn(bytes, result)
    return known !== NO_WORD ? known : result.end > result.start ? Action.allow : Action.other
  }
  if (kind === Kind.event) {
    const known = eventActions.findIn(bytes, action)
    const decided = known === LOGIN ? loginOutcomes.findIn(bytes, status) : known
    return decided === NO_WORD ? Action.other : decided
  }
  const known = utmActions.findIn(bytes, result)
  if (isDetection) return known === NO_WORD || known === Action.allow ? Action.detect : known
  return known === NO_WORD ? Action.other : known
}

/** Events that tell of a detection: the firewall itself talks to an address that is known to be bad. */
const DETECTION_EVENTS: ReadonlySet<number> = new Set([20214])
/** A log's number has the type and subtype in front of six digits of the message. */
const MESSAGES = 1_000_000

function isDetectionEvent(bytes: Uint8Array, start: number, end: number): boolean {
  const at = LOGID.find(bytes, start, Math.min(end, start + REACH))
  const number = afterQuote(bytes, at + LOGID.length)
  let stop = number
  while (stop < end && isDigit(bytes[stop])) stop++
  return at >= 0 && DETECTION_EVENTS.has(readDecimal(bytes, number, stop) % MESSAGES)
}

const isRemote = (bytes: Uint8Array, span: Span): boolean => remoteBegan.findIn(bytes, span) !== NO_WORD

const portIn = (bytes: Uint8Array, { start, end }: Span): number => readPort(bytes, start, end)

/** Events name the two sides of a tunnel: the gateway is taken for the one that began, unless they say otherwise. */
function takeTunnelEnds(bytes: Uint8Array, event: EventRecord): void {
  const { words } = event
  let isFromRemote = isRemote(bytes, initiator) || isRemote(bytes, direction) || isRemote(bytes, role)
  const hasLocal = readAddress(bytes, localAddress.start, localAddress.end, words, isFromRemote ? DESTINATION : SOURCE)
  if (!hasLocal) isFromRemote = true
  const hasRemote = readAddress(bytes, remoteAddress.start, remoteAddress.end, words, isFromRemote ? SOURCE : DESTINATION)
  event.hasSource = isFromRemote ? hasRemote : hasLocal
  event.hasDestination = isFromRemote ? hasLocal : hasRemote
  if (!(hasRemote || hasLocal) || !hasPorts(event.protocol)) return
  event.sourcePort = portIn(bytes, isFromRemote ? remotePort : localPort)
  event.destinationPort = portIn(bytes, isFromRemote ? localPort : remotePort)
}

function takeAdministrator(bytes: Uint8Array, event: EventRecord): void {
  const open = findByte(bytes, userInterface.start, userInterface.end, 0x28)
  const close = open < 0 ? -1 : findByte(bytes, open, userInterface.end, 0x29)
  if (close > 0) event.hasSource = readAddress(bytes, open + 1, close, event.words, SOURCE)
}

const stated = new EventRecord()

/** Whether an end behind a name is another than the one that the message has under another key: the name may have made it up. */
function isMadeUp(bytes: Uint8Array, reader: ConnectionReader, event: EventRecord): boolean {
  const isTunnelBehind = reader.isSpanBehindChosen(remoteAddress) || reader.isSpanBehindChosen(localAddress)
  if (!reader.isSourceBehindChosen && !reader.isDestinationBehindChosen && !isTunnelBehind) return false
  const hasTunnel = remoteAddress.end > remoteAddress.start || localAddress.end > localAddress.start
  if (hasTunnel && !isTunnelBehind) return true
  stated.reset()
  takeAdministrator(bytes, stated)
  if (!stated.hasSource) return false
  if (hasTunnel || !event.hasSource) return hasTunnel
  for (let i = SOURCE; i < SOURCE + 4; i++) if (stated.words[i] !== event.words[i]) return true
  return false
}

function read(message: Message, event: EventRecord, start: number): Reading {
  const { bytes, end } = message
  const reader = isCsv(message) ? commas : blanks
  reader.read(bytes, start, end, event)
  if (reader.isContradictory || isMadeUp(bytes, reader, event)) return Reading.unreadable
  const typed = kinds.findIn(bytes, type)
  const isDetection = typed === Kind.detection || kinds.findIn(bytes, subtype) === Kind.detection
  const kind = typed === NO_WORD || typed === Kind.detection ? Kind.inspection : typed
  event.action = decideAction(bytes, kind, isDetection)
  if (kind === Kind.event && event.action === Action.other && isDetectionEvent(bytes, start, end)) event.action = Action.detect
  if (!event.hasSource && !event.hasDestination) takeTunnelEnds(bytes, event)
  if (!event.hasSource && event.action === Action.loginFailed) takeAdministrator(bytes, event)
  if (!isDetection) event.count = 1
  else if (reader.signature >= 0) event.rule = reader.signature
  if (event.hasSource || event.hasDestination) return Reading.event
  return kind === Kind.event ? Reading.ignored : Reading.unreadable
}

export const fortigate: Recogniser = { name: 'fortigate', title: 'Fortinet FortiGate', claims, read }
