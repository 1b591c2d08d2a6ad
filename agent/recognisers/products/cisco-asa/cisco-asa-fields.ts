// Firepower's security events (430001 to 430005): `SrcIP: 192.0.2.1, DstIP: 198.51.100.2, ...`. A value may hold commas and
// colons (user agents, URLs), and even look like another field; of a field that comes twice the first one counts, because
// the device puts addresses and verdicts before what others choose. Source: 'Security Event Syslog Messages', cisco.com.
import { Action, DESTINATION, type EventRecord, SOURCE } from '../../../event.ts'
import { readAddress } from '../../../lib/address.ts'
import { readDecimal, readPort } from '../../../lib/bytes.ts'
import { readDateTime, Stamp } from '../../../lib/calendar.ts'
import { hasPorts, readProtocol } from '../../tokenisers/protocols.ts'
import { Words } from '../../tokenisers/words.ts'
import type { Recipe } from './cisco-asa-messages.ts'

const Field = {
  srcIp: 0,
  dstIp: 1,
  srcPort: 2,
  dstPort: 3,
  protocol: 4,
  ruleAction: 5,
  inlineResult: 6,
  fileAction: 7,
  sid: 8,
  initiatorBytes: 9,
  responderBytes: 10,
  initiatorPackets: 11,
  responderPackets: 12,
  firstPacket: 13,
} as const
const FIELDS = 14
/** From here on, fields may stand behind text that others choose: one that is stated twice is not known. */
const FIRST_LATE = Field.inlineResult

const names = new Words({
  srcip: Field.srcIp,
  dstip: Field.dstIp,
  srcport: Field.srcPort,
  dstport: Field.dstPort,
  protocol: Field.protocol,
  accesscontrolruleaction: Field.ruleAction,
  inlineresult: Field.inlineResult,
  fileaction: Field.fileAction,
  sid: Field.sid,
  initiatorbytes: Field.initiatorBytes,
  responderbytes: Field.responderBytes,
  initiatorpackets: Field.initiatorPackets,
  responderpackets: Field.responderPackets,
  firstpacketsecond: Field.firstPacket,
})

/** What an access control rule did. */
const ruleActions = new Words({
  allow: Action.allow,
  trust: Action.allow,
  monitor: Action.allow,
  fastpath: Action.allow,
  block: Action.deny,
  'block with reset': Action.reset,
  'interactive block': Action.deny,
  'interactive block with reset': Action.reset,
})

/** How an intrusion or file event says that it was stopped; all else (`Would have dropped`, `Detect`, `Malware Cloud Lookup`) was seen. */
const blocks = new Words({
  dropped: Action.drop,
  'partial dropped': Action.drop,
  blocked: Action.deny,
  block: Action.deny,
  'block with reset': Action.reset,
  rejected: Action.reject,
  'malware block': Action.deny,
  'custom detection block': Action.deny,
  'archive block (encrypted)': Action.deny,
  'archive block (depth exceeded)': Action.deny,
  'archive block (failed to inspect)': Action.deny,
})

/** Of the current message, by field: where its value is; a field that was not there ends at 0, and one that is not known is there TWICE. */
const TWICE = -1
const starts = new Int32Array(FIELDS)
const ends = new Int32Array(FIELDS)
const stamp = new Stamp()

function findFields(bytes: Uint8Array, start: number, end: number): void {
  ends.fill(0)
  let open = -1
  let at = start
  while (at < end) {
    while (at < end && bytes[at] === 0x20) at++
    const name = at
    while (at < end && bytes[at] !== 0x3a && bytes[at] !== 0x2c) at++
    const isName = bytes[at] === 0x3a && (at + 1 >= end || bytes[at + 1] === 0x20)
    if (isName) {
      open = names.find(bytes, name, at)
      if (open >= FIRST_LATE && ends[open] !== 0) ends[open] = TWICE
      if (open >= 0 && ends[open] !== 0) open = -1
      if (open >= 0) {
        starts[open] = Math.min(at + 2, end)
        ends[open] = end
      }
    }
    while (at < end && (bytes[at] !== 0x2c || bytes[at + 1] !== 0x20)) at++
    if (open >= 0) ends[open] = at
    open = -1
    at += 2
  }
}

const decimal = (bytes: Uint8Array, field: number): number => readDecimal(bytes, starts[field], ends[field])

/** Both ways together, if both are stated. */
function sum(bytes: Uint8Array, one: number, other: number): number {
  const a = decimal(bytes, one)
  const b = decimal(bytes, other)
  return a < 0 || b < 0 ? -1 : a + b
}

const wordOf = (words: Words, bytes: Uint8Array, field: number): number =>
  ends[field] > 0 ? words.find(bytes, starts[field], ends[field]) : -1

function readAction(recipe: Recipe, bytes: Uint8Array): number {
  if (recipe.action === Action.allow) return wordOf(ruleActions, bytes, Field.ruleAction)
  const block = Math.max(wordOf(blocks, bytes, Field.inlineResult), wordOf(blocks, bytes, Field.fileAction))
  return block < 0 ? recipe.action : block
}

/** Fills the event; the offset behind what was read, or -1 if there is no address. */
export function readFields(recipe: Recipe, bytes: Uint8Array, start: number, end: number, event: EventRecord): number {
  findFields(bytes, start, end)
  event.hasSource = readAddress(bytes, starts[Field.srcIp], ends[Field.srcIp], event.words, SOURCE)
  event.hasDestination = readAddress(bytes, starts[Field.dstIp], ends[Field.dstIp], event.words, DESTINATION)
  if (!event.hasSource && !event.hasDestination) return -1
  event.protocol = ends[Field.protocol] > 0 ? readProtocol(bytes, starts[Field.protocol], ends[Field.protocol]) : -1
  if (hasPorts(event.protocol)) {
    event.sourcePort = readPort(bytes, starts[Field.srcPort], ends[Field.srcPort])
    event.destinationPort = readPort(bytes, starts[Field.dstPort], ends[Field.dstPort])
  }
  const action = readAction(recipe, bytes)
  event.action = action < 0 ? Action.other : action
  event.bytes = sum(bytes, Field.initiatorBytes, Field.responderBytes)
  event.packets = sum(bytes, Field.initiatorPackets, Field.responderPackets)
  const sid = decimal(bytes, Field.sid)
  event.rule = sid <= 0xffffffff ? sid : -1
  if (ends[Field.firstPacket] > 0 && readDateTime(bytes, starts[Field.firstPacket], ends[Field.firstPacket], stamp)) {
    event.time = stamp.time
    event.clock = stamp.clock
  }
  return end
}
