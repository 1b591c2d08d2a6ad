// SonicWall firewalls (SonicOS, 'enhanced' and default syslog format) and what the SMA appliances write in it:
// id=firewall sn=... time="..." fw=... pri= c= m= msg="..." src=ip:port:interface[:host] dst=... proto=tcp/https ...
// Source: SonicOS 6.5 and 7.0 Log Events Reference Guide, 'Index of Syslog Tag Field Descriptions'.
import type { EventRecord } from '../../../event.ts'
import { ascii, BLANK, findByte, readDecimal, readIdentifier, startsWith } from '../../../lib/bytes.ts'
import type { Message } from '../../../message.ts'
import { NOT_OURS, Reading, type Recogniser } from '../../recogniser.ts'
import { ConnectionReader } from '../../tokenisers/connection.ts'
import { Needle } from '../../tokenisers/needle.ts'
import { isOwnPlace } from '../../tokenisers/place.ts'
import { Span } from '../../tokenisers/span.ts'
import { decideAction } from './sonicwall-events.ts'

const number = new Span()
const text = new Span()
const done = new Span()
const rule = new Span()

const reader = new ConnectionReader({
  time: 'timestamp',
  m: number,
  msg: text,
  src: 'source',
  dst: 'destination',
  // IPv6 addresses stand apart, bare or as [address]:port, beside a src= that then has no address
  srcV6: 'source',
  dstV6: 'destination',
  proto: 'protocol',
  sent: 'bytes.sent',
  rcvd: 'bytes.received',
  spkt: 'packets.sent',
  rpkt: 'packets.received',
  rule,
  sid: 'signature',
  fw_action: done,
  usr: 'chosen',
  dstname: 'chosen',
  arg: 'chosen',
})

/** `TCP packet received on a non-existent/closed connection; TCP packet dropped`, and `on a closing connection`. */
const OVER = [new Needle('closed connection'), new Needle('closing connection')]
const SERIAL = new Needle(' sn=')
const ID = ascii('id=')
/** How far into a message its serial number may stand, behind the headers of relays. */
const REACH = 300

/** Where `id=... sn=` begins, or NOT_OURS. */
function claims(message: Message): number {
  const { bytes, body } = message
  let at = SERIAL.find(bytes, body, Math.min(message.end, body + REACH))
  if (at < 0) return NOT_OURS
  while (at > body && bytes[at - 1] === BLANK) at--
  while (at > body && bytes[at - 1] !== BLANK && bytes[at - 1] !== 0x3e) at--
  return startsWith(bytes, at, message.end, ID) && isOwnPlace(message, at) ? at : NOT_OURS
}

/** `15 (LAN->WAN)`: the number of an access rule and the zones between which it stands; some have a name instead. */
function readRule(bytes: Uint8Array, { start, end }: Span): number {
  const blank = findByte(bytes, start, end, BLANK)
  return blank > 0 && bytes[blank + 1] !== 0x28 ? -1 : readIdentifier(bytes, start, blank < 0 ? end : blank)
}

function read({ bytes, end }: Message, event: EventRecord, start: number): Reading {
  reader.read(bytes, start, end, event)
  if (reader.isContradictory) return Reading.unreadable
  event.action = decideAction(bytes, readDecimal(bytes, number.start, number.end), done, text)
  event.rule = reader.signature >= 0 ? reader.signature : readRule(bytes, rule)
  for (const words of OVER) if (words.find(bytes, text.start, text.end) >= 0) event.isLate = true
  if (event.hasSource || event.hasDestination) return Reading.event
  return reader.hasEnd ? Reading.unreadable : Reading.ignored
}

export const sonicwall: Recogniser = { name: 'sonicwall', title: 'SonicWall', claims, read }
