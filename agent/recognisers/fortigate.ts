// Fortinet FortiGate (FortiOS 4 to 7) and FortiProxy, which logs in the same words: traffic, UTM and event messages in
// the formats `default` and `csv`. FortiMail, FortiManager and FortiWeb write `log_id=` too, and are other products.
// Source: FortiOS Log Message Reference, docs.fortinet.com.
import { Action, Clock, DESTINATION, type EventRecord, SOURCE } from '../event.ts'
import { readAddress } from '../lib/address.ts'
import { ascii, find, findByte, isDigit, startsWith } from '../lib/bytes.ts'
import type { Message } from '../message.ts'
import { collect, Said } from './fortigate-fields.ts'
import { eventActions, Kind, LOGIN, loginOutcomes, trafficActions, utmActions } from './fortigate-words.ts'
import { bothWays } from './pairs.ts'
import { hasPorts } from './protocols.ts'
import { Reading, type Recogniser } from './recogniser.ts'
import { NO_WORD } from './words.ts'

const LOGID = ascii('logid=')
const LOG_ID = ascii('log_id=')
const DEVICE_ID = ascii('device_id=')
const TYPE = ascii('type=')
/** How far into a message its identity may stand, behind the headers of relays. */
const REACH = 300
const QUOTE = 0x22
const COMMA = 0x2c
const BLANK = 0x20

const afterQuote = (bytes: Uint8Array, at: number): number => (bytes[at] === QUOTE ? at + 1 : at)

/** What separates the fields of a FortiOS message, or 0 if this is none: `logid="0000000013" type=`, always side by side. */
function separatorOf(message: Message): number {
  const { bytes, body } = message
  const end = Math.min(message.end, body + REACH)
  const at = find(bytes, body, end, LOGID)
  if (at >= 0) return at === body || bytes[at - 1] <= BLANK || bytes[at - 1] === COMMA ? separatorAfter(message, at + LOGID.length) : 0
  const old = find(bytes, body, end, LOG_ID)
  const device = old < 0 ? -1 : find(bytes, body, old, DEVICE_ID)
  if (device < 0) return 0
  // FG = FortiGate, FW = FortiWiFi; FE, FMG, FAZ and FV are mail, management, analysis and web application firewalls
  const model = afterQuote(bytes, device + DEVICE_ID.length)
  const isGate = bytes[model] === 0x46 && (bytes[model + 1] === 0x47 || bytes[model + 1] === 0x57)
  return isGate ? separatorAfter(message, old + LOG_ID.length) : 0
}

function separatorAfter(message: Message, value: number): number {
  const { bytes, end } = message
  const number = afterQuote(bytes, value)
  let at = number
  while (at < end && isDigit(bytes[at])) at++
  if (at === number) return 0
  if (number > value && bytes[at] === QUOTE) at++
  const separator = bytes[at]
  if (separator !== BLANK && separator !== COMMA) return 0
  while (at < end && (bytes[at] === separator || bytes[at] === BLANK)) at++
  return startsWith(bytes, at, end, TYPE) ? separator : 0
}

const said = new Said()

function decideAction(bytes: Uint8Array): number {
  const { action, status } = said
  // FortiOS 4 and 5.0 said with status= what became of a session
  const result = action.end > action.start ? action : status
  if (said.kind === Kind.traffic) {
    if (said.isUtmBlocked) return Action.deny
    const known = trafficActions.find(bytes, result.start, result.end)
    return known !== NO_WORD ? known : result.end > result.start ? Action.allow : Action.other
  }
  if (said.kind === Kind.event) {
    const known = eventActions.find(bytes, action.start, action.end)
    const decided = known === LOGIN ? loginOutcomes.find(bytes, status.start, status.end) : known
    return decided === NO_WORD ? Action.other : decided
  }
  const known = utmActions.find(bytes, result.start, result.end)
  if (said.isDetection) return known === NO_WORD || known === Action.allow ? Action.detect : known
  return known === NO_WORD ? Action.other : known
}

/** Events name the two sides of a tunnel: the gateway is taken for the one that began, unless they say otherwise. */
function takeTunnelEnds(event: EventRecord): void {
  const isFromRemote = said.isRemoteFirst || !said.hasLocal
  if (said.hasRemote) event.words.set(said.remote, isFromRemote ? SOURCE : DESTINATION)
  if (said.hasLocal) event.words.set(said.local, isFromRemote ? DESTINATION : SOURCE)
  event.hasSource = isFromRemote ? said.hasRemote : said.hasLocal
  event.hasDestination = isFromRemote ? said.hasLocal : said.hasRemote
  event.sourcePort = isFromRemote ? said.remotePort : said.localPort
  event.destinationPort = isFromRemote ? said.localPort : said.remotePort
}

function takeAdministrator(bytes: Uint8Array, event: EventRecord): void {
  const open = findByte(bytes, said.ui.start, said.ui.end, 0x28)
  const close = open < 0 ? -1 : findByte(bytes, open, said.ui.end, 0x29)
  if (close > 0) event.hasSource = readAddress(bytes, open + 1, close, event.words, SOURCE)
}

function takeTime(bytes: Uint8Array, event: EventRecord): void {
  said.time.read(bytes, event)
  // both are the device's clock: eventtime is finer and always UTC, and stands alone in RFC 5424 messages
  if (said.epochMs > 0 && (event.clock !== Clock.exact || Math.abs(said.epochMs - event.time) < 1000)) {
    event.time = said.epochMs
    event.clock = Clock.exact
  }
}

function read(message: Message, event: EventRecord): Reading {
  const { bytes, body, end } = message
  said.clear()
  collect(bytes, body, end, separatorOf(message) === COMMA, event, said)
  takeTime(bytes, event)
  event.action = decideAction(bytes)
  if (!event.hasSource && !event.hasDestination && (said.hasRemote || said.hasLocal)) takeTunnelEnds(event)
  if (!event.hasSource && event.action === Action.loginFailed) takeAdministrator(bytes, event)
  event.bytes = bothWays(said.sentBytes, said.receivedBytes)
  event.packets = bothWays(said.sentPackets, said.receivedPackets)
  if (said.isDetection) {
    if (said.attack >= 0) event.rule = said.attack
    if (said.count > 0) event.count = said.count
  }
  if (!hasPorts(event.protocol)) event.sourcePort = event.destinationPort = -1
  if (event.hasSource || event.hasDestination) return Reading.event
  return said.kind === Kind.event ? Reading.ignored : Reading.unreadable
}

export const fortigate: Recogniser = {
  name: 'fortigate',
  title: 'Fortinet FortiGate',
  claims: message => separatorOf(message) !== 0,
  read,
}
