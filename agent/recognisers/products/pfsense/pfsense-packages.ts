// Packages that firewalls of the pfSense family run, where they tell of a connection: HAProxy, strongSwan and Squid.
// Sources: docs.haproxy.org, "Log formats" (TCP default); docs.strongswan.org, charon log; wiki.squid-cache.org/Features/LogFormat.
import { Action, DESTINATION, type EventRecord, Protocol, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { ascii, find, findByte, readDecimal, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading } from '../../recogniser.ts'
import { readEndpoint } from '../../tokenisers/endpoint.ts'
import { findLast, wordEnd } from '../../tokenisers/phrases.ts'
import { isOwnPlace } from '../../tokenisers/place.ts'

const HAPROXY = ascii('haproxy')
const CHARON = ascii('charon')
const SQUID = ascii('(squid')
const CONNECT = ascii('Connect from ')
const TO = ascii(' to ')
const PACKET = ascii(' packet: from ')
const TCP_RESULT = ascii(' TCP_')
const DENIED = ascii('DENIED')
const HIERARCHY = ascii(' HIER_')
const JSON_START = ascii(']: {"')
const JSON_CLIENT = ascii('"source":{"ip":"')
const JSON_RESULT = ascii('"request_status":"')
const QUOTE = 0x22

type Reader = (message: Message, event: EventRecord) => Reading

/** `Connect from 192.0.2.7:50583 to 198.51.100.80:443 (frontend/HTTP)`; requests are not about a connection that it can name. */
const readHaproxy: Reader = ({ bytes, body, end }, event) => {
  if (!startsWith(bytes, body, end, CONNECT)) return Reading.ignored
  const from = body + CONNECT.length
  const to = find(bytes, from, end, TO)
  if (to < 0 || !readEndpoint(bytes, from, to, event, SOURCE, true)) return Reading.unreadable
  if (!readEndpoint(bytes, to + TO.length, wordEnd(bytes, to + TO.length, end), event, DESTINATION, true)) return Reading.unreadable
  event.protocol = Protocol.tcp
  event.action = Action.allow
  return Reading.event
}

/** `14[NET] <con1|11> sending packet: from 198.51.100.1[500] to 192.0.2.9[500] (464 bytes)`: IKE, so UDP (RFC 7296). */
const readCharon: Reader = ({ bytes, body, end }, event) => {
  const phrase = find(bytes, body, end, PACKET)
  if (phrase < 0) return Reading.ignored
  const from = phrase + PACKET.length
  const to = find(bytes, from, end, TO)
  if (to < 0 || !readEndpoint(bytes, from, to, event, SOURCE)) return Reading.unreadable
  const stop = wordEnd(bytes, to + TO.length, end)
  if (!readEndpoint(bytes, to + TO.length, stop, event, DESTINATION)) return Reading.unreadable
  const digits = stop + 2
  const bracket = findByte(bytes, digits, end, 0x20)
  if (bytes[stop + 1] === 0x28 && bracket > 0) event.bytes = readDecimal(bytes, digits, bracket)
  event.protocol = Protocol.udp
  event.action = Action.allow
  return Reading.event
}

/** `TIME ELAPSED 192.0.2.7 TCP_MISS/304 2912 GET https://... - HIER_DIRECT/198.51.100.9 -`. The URL stands behind the client and the result. */
const readSquid: Reader = ({ bytes, body, end }, event) => {
  if (find(bytes, body, end, JSON_START) >= 0) return readSquidJson(bytes, body, end, event)
  const result = find(bytes, body, end, TCP_RESULT)
  if (result < 0) return Reading.ignored
  let client = result
  while (client > body && bytes[client - 1] !== 0x20) client--
  event.hasSource = readAddress(bytes, client, result, event.words, SOURCE)
  if (!event.hasSource) return Reading.unreadable
  const behind = result + TCP_RESULT.length
  event.action = startsWith(bytes, behind, end, DENIED) ? Action.deny : Action.allow
  event.protocol = Protocol.tcp
  const peer = lastPeer(bytes, behind, end)
  if (peer > 0) event.hasDestination = readAddress(bytes, peer, wordEnd(bytes, peer, end), event.words, DESTINATION)
  return Reading.event
}

/**
 * OPNsense's `JSON (ECS)` log of the same: `..."source":{"ip":"192.0.2.7"},"url":{...},"labels":{"request_status":"TCP_DENIED",...`. A
 * URL or a referrer that is not escaped could hold either of the two, so each must be there once and no more.
 */
function readSquidJson(bytes: Uint8Array, body: number, end: number, event: EventRecord): Reading {
  const client = find(bytes, body, end, JSON_CLIENT)
  const result = find(bytes, body, end, JSON_RESULT)
  if (client < 0 || result < 0) return Reading.ignored
  const isOnce = findLast(bytes, body, end, JSON_CLIENT) === client && findLast(bytes, body, end, JSON_RESULT) === result
  const at = client + JSON_CLIENT.length
  event.hasSource = isOnce && readAddress(bytes, at, findByte(bytes, at, end, QUOTE), event.words, SOURCE)
  if (!event.hasSource) return Reading.unreadable
  event.action = find(bytes, result, findByte(bytes, result + JSON_RESULT.length, end, QUOTE), DENIED) >= 0 ? Action.deny : Action.allow
  event.protocol = Protocol.tcp
  return Reading.event
}

/** Behind `HIER_WORD/` of the last such word, where no URL can stand; -1 if there is none. */
function lastPeer(bytes: Uint8Array, start: number, end: number): number {
  let last = -1
  for (let at = find(bytes, start, end, HIERARCHY); at >= 0; at = find(bytes, at + 1, end, HIERARCHY)) last = at
  const slash = last < 0 ? -1 : findByte(bytes, last, end, 0x2f)
  return slash < 0 ? -1 : slash + 1
}

const isHaproxy = ({ bytes, tagStart, tagEnd }: Message): boolean => startsWith(bytes, tagStart, tagEnd, HAPROXY)

/**
 * Where the name of the package that wrote the message is: its tag, or for Squid, whose name in brackets is no tag by RFC 3164, the
 * beginning of the body. NOT_OURS if no package wrote it.
 */
export function packageName(message: Message): number {
  const { bytes, tagStart, tagEnd, body, end } = message
  if (isHaproxy(message) || startsWith(bytes, tagStart, tagEnd, CHARON)) return tagStart
  return startsWith(bytes, body, end, SQUID) && isOwnPlace(message, body) ? body : NOT_OURS
}

/** Reads a message whose package's name is at `name`. */
export function readPackage(message: Message, event: EventRecord, name: number): Reading {
  if (name === message.body) return readSquid(message, event)
  return isHaproxy(message) ? readHaproxy(message, event) : readCharon(message, event)
}
