// Fortinet FortiGate (FortiOS 4 to 7) and FortiProxy, which logs in the same words: traffic, UTM and event messages in
// the formats `default` and `csv`. FortiMail, FortiManager and FortiWeb write `log_id=` too, and are other products.
// Source: FortiOS Log Message Reference, docs.fortinet.com.
import { Action, Clock, DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, findByte, isDigit, readDecimal, startsWith } from '../../../lib/bytes.ts'
import { epochToMs } from '../../../lib/calendar.ts'
import type { Message } from '../../../message.ts'
import { Reading, type Recogniser } from '../../recogniser.ts'
import { isDaemon } from '../../tokenisers/daemon.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { bothWays } from '../../tokenisers/pairs.ts'
import { hasPorts } from '../../tokenisers/protocols.ts'
import { NO_WORD } from '../../tokenisers/words.ts'
import { collect, Said } from './fortigate-fields.ts'
import { eventActions, Kind, LOGIN, loginOutcomes, trafficActions, utmActions } from './fortigate-words.ts'

const LOGID = new Needle('logid=')
const LOG_ID = new Needle('log_id=')
const DEVICE_ID = new Needle('device_id=')
const TYPE = ascii('type=')
/** How far into a message its identity may stand, behind the headers of relays. */
const REACH = 300
const QUOTE = 0x22
const COMMA = 0x2c
const BLANK = 0x20

const afterQuote = (bytes: Uint8Array, at: number): number => (bytes[at] === QUOTE ? at + 1 : at)

/** Has this message the number and the type that FortiOS puts side by side: `logid="0000000013" type=`? */
function claims(message: Message): boolean {
  if (isDaemon(message)) return false
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

/** date=, time= and tz= where they make a whole; else eventtime=, which FortiOS 5.6 to 6.0 and RFC 5424 messages have instead. */
function takeTime(bytes: Uint8Array, event: EventRecord): void {
  const { start, end } = said.epoch
  if ((said.time.read(bytes, event) && event.clock === Clock.exact) || start === end) return
  // s, ms, us or ns; of the 19 digits of nanoseconds the first 16 are microseconds
  const epochMs = epochToMs(readDecimal(bytes, start, Math.min(end, start + 16)))
  if (epochMs < 0) return
  event.time = epochMs
  event.clock = Clock.exact
}

function read(message: Message, event: EventRecord): Reading {
  const { bytes, body, end } = message
  said.clear()
  collect(bytes, body, end, isCsv(message), event, said)
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
  claims,
  read,
}
