// Cisco ASA, Firepower Threat Defense, PIX and the Firewall Services Module: `%ASA-4-106023: Deny tcp src outside:...`.
// IOS, NX-OS, ACE and the like write other facilities behind the per cent sign, and are other products.
import { Action, Direction, type EventRecord, Protocol } from '../../../event.ts'
import { ascii, find } from '../../../lib/bytes.ts'
import { readBsdTime, Stamp } from '../../../lib/calendar.ts'
import type { Message } from '../../../message.ts'
import { Reading, type Recogniser } from '../../recogniser.ts'
import { hasPorts } from '../../tokenisers/protocols.ts'
import { findText, idOf } from './cisco-asa-code.ts'
import { beginEnds, swapEnds, wasName } from './cisco-asa-ends.ts'
import { type Recipe, recipeFor, Shape } from './cisco-asa-messages.ts'
import { readAny, readShape } from './cisco-asa-shapes.ts'
import { numberBehind, readLateProtocol } from './cisco-asa-words.ts'

const BYTES = ascii(' bytes ')
const HIT_COUNT = ascii(' hit-cnt ')
const SIGNATURE = ascii(' IPS:')
const COUNT_MAX = 0xffff
/** The shortest code, `PIX-106023`, and the shortest time that may stand in front of it. */
const CODE_LENGTH = 10
const TIME_LENGTH = 16
/** The messages of the built-in IDS, which name their signature. */
const FIRST_SIGNATURE = 400000
const LAST_SIGNATURE = 400999
/** `Deny TCP (no connection)`, with the flags of the packet behind its ends. */
const NO_CONNECTION = 106015
const FLAGS = ascii(' flags ')
const SYN = ascii(' SYN ')
/** Below, a port is a service's; above, mostly the one that a client was given (RFC 6335). */
const SYSTEM_PORTS = 1024

/** What stands behind the ends or follows from them. */
function finish(recipe: Recipe, bytes: Uint8Array, next: number, end: number, event: EventRecord): void {
  if (recipe.protocol >= 0) event.protocol = recipe.protocol
  else if (event.protocol < 0) readLateProtocol(bytes, next, end, event)
  const isPortless = !hasPorts(event.protocol) || event.protocol === Protocol.gre
  if (isPortless && recipe.shape !== Shape.quoted) event.sourcePort = event.destinationPort = -1
  if (recipe.shape === Shape.built && event.direction === Direction.outbound) swapEnds(event)
  if (event.action === Action.end && recipe.shape !== Shape.peer) event.bytes = numberBehind(bytes, next, end, BYTES)
  // the side with a service's port did not begin
  const isSourceService = event.sourcePort >= 0 && event.sourcePort < SYSTEM_PORTS && event.destinationPort >= SYSTEM_PORTS
  if (recipe.shape === Shape.teardown && isSourceService) swapEnds(event)
  if (recipe.shape === Shape.arrow) {
    const hits = numberBehind(bytes, next, end, HIT_COUNT)
    if (hits > 1) event.count = Math.min(hits, COUNT_MAX)
  }
}

function hasSyn(bytes: Uint8Array, start: number, end: number): boolean {
  const flags = find(bytes, start, end, FLAGS)
  return flags >= 0 && find(bytes, flags, end, SYN) >= 0
}

const stamp = new Stamp()

/** The device's own time, where a relay's header stands before it: `... host :Nov 20 2026 12:00:01 GMT: %ASA-...`. */
function readTime({ bytes, body }: Message, text: number, event: EventRecord): void {
  for (let at = text - CODE_LENGTH - TIME_LENGTH; at >= body; at--) {
    const isWordStart = at === body || bytes[at - 1] === 0x20 || bytes[at - 1] === 0x3a
    if (!isWordStart || !readBsdTime(bytes, at, text, stamp)) continue
    event.time = stamp.time
    event.clock = stamp.clock
    return
  }
}

/** Whose messages may come without an address by the documentation. */
const isWithoutEnds = (shape: number): boolean =>
  shape === Shape.apart ||
  shape === Shape.opening ||
  shape === Shape.peer ||
  shape === Shape.onePeer ||
  shape === Shape.host ||
  shape === Shape.any ||
  shape === Shape.local

function read(message: Message, event: EventRecord, start: number): Reading {
  const id = idOf(message, start)
  const recipe = recipeFor(id)
  if (recipe.shape === Shape.ignored) return Reading.ignored
  const { bytes, end } = message
  beginEnds()
  let next = readShape(recipe, bytes, start, end, event)
  if (next < 0 && recipe.shape === Shape.pair) next = readAny(recipe, bytes, start, end, event)
  if (next < 0) return isWithoutEnds(recipe.shape) ? Reading.ignored : Reading.unreadable
  // ASA writes names in place of addresses (`names`, object names): what is left without any is not of use
  if (!event.hasSource && !event.hasDestination) return wasName ? Reading.ignored : Reading.unreadable
  finish(recipe, bytes, next, end, event)
  event.isLate = id === NO_CONNECTION && !hasSyn(bytes, next, end)
  if (id >= FIRST_SIGNATURE && id <= LAST_SIGNATURE) event.rule = numberBehind(bytes, start, end, SIGNATURE)
  readTime(message, start, event)
  return Reading.event
}

export const ciscoAsa: Recogniser = { name: 'cisco-asa', title: 'Cisco ASA, FTD, PIX and FWSM', claims: findText, read }
