// The batch that is being filled: events in columns, repeats merged on the way in. What is the same source, destination,
// port, protocol, action and gateway becomes one row with a count, so a flood costs the space of its distinct behaviour.
// An attacker who chooses addresses and ports cannot choose their slots: the hash has random keys (keyed-hash.ts), made for each batch.
import { Clock, DESTINATION, type EventRecord, SOURCE } from '../event.ts'
import { ADDRESS_WORDS, AddressSum, mix, productOf, randomKeys } from '../lib/keyed-hash.ts'

/** Whose address it is, as triage found out; `ours` leaves the box only as a pseudonym. */
export const Endpoint = { absent: 0, foreign: 1, ours: 2 } as const

/** What is known of an event besides its own fields. Numbers, each an index into a table of the caller. */
export interface Context {
  gateway: number
  product: number
  reason: number
  sourceEndpoint: number
  destinationEndpoint: number
}

export const Added = { row: 0, merged: 1, full: 2 } as const

export const BATCH_MAX_ROWS = 32_768
const SLOT_BITS = 16
const SLOTS = 2 ** SLOT_BITS
const ROW_BITS = 15
const FREE = -1
/** No event is looked up in more slots: with half of them free, 2^-30 of all events would need more. */
const PROBES_MAX = 128
/** Into which what must be equal besides the addresses is packed. */
const REST_WORDS = 2

/** A forged message may state any amount and any time; a sum of them must stay a number that every store can hold. */
const AMOUNT_MAX = 2 ** 48
/** 9999-12-31, the last time that ISO 8601 writes with four digits of year. */
const TIME_MAX_MS = 253_402_300_799_000
const timeWithin = (ms: number): number => Math.min(Math.max(ms, 0), TIME_MAX_MS)

export class OpenBatch {
  rows = 0
  messages = 0
  /** Rows whose time was not stated in full, and was taken from when they arrived and from what their gateway usually says. */
  inferred = 0
  readonly words = new Uint32Array(BATCH_MAX_ROWS * 8)
  readonly firstSeen = new Float64Array(BATCH_MAX_ROWS)
  readonly lastSeen = new Float64Array(BATCH_MAX_ROWS)
  readonly sourcePort = new Int32Array(BATCH_MAX_ROWS)
  readonly destinationPort = new Int32Array(BATCH_MAX_ROWS)
  readonly protocol = new Int16Array(BATCH_MAX_ROWS)
  readonly action = new Uint8Array(BATCH_MAX_ROWS)
  readonly direction = new Uint8Array(BATCH_MAX_ROWS)
  readonly bytes = new Float64Array(BATCH_MAX_ROWS)
  readonly packets = new Float64Array(BATCH_MAX_ROWS)
  readonly rule = new Float64Array(BATCH_MAX_ROWS)
  readonly count = new Uint32Array(BATCH_MAX_ROWS)
  readonly gateway = new Uint16Array(BATCH_MAX_ROWS)
  readonly product = new Uint8Array(BATCH_MAX_ROWS)
  readonly reason = new Uint8Array(BATCH_MAX_ROWS)
  readonly endpoints = new Uint8Array(BATCH_MAX_ROWS)
  /** Per row what must be equal besides its addresses. */
  private readonly rowKeys = new Uint32Array(BATCH_MAX_ROWS * 2)
  /** The row, and above it bits of the hash that did not choose the slot. */
  private readonly slots = new Int32Array(SLOTS).fill(FREE)
  private source = new AddressSum(randomKeys(ADDRESS_WORDS))
  private destination = new AddressSum(randomKeys(ADDRESS_WORDS))
  private rest = randomKeys(REST_WORDS)

  clear(): void {
    this.rows = this.messages = this.inferred = 0
    this.slots.fill(FREE)
    this.source = new AddressSum(randomKeys(ADDRESS_WORDS))
    this.destination = new AddressSum(randomKeys(ADDRESS_WORDS))
    this.rest = randomKeys(REST_WORDS)
  }

  add(event: EventRecord, context: Context): number {
    const { slots } = this
    const endpoints = context.sourceEndpoint | (context.destinationEndpoint << 2)
    const portKey = (event.destinationPort + 1) | (event.action << 17) | (endpoints << 21)
    const gatewayKey = context.gateway | ((event.protocol + 1) << 16)
    const hash = this.hash(event.words, portKey, gatewayKey)
    const mark = (hash << ROW_BITS) & 0x7fffffff
    let slot = hash >>> (32 - SLOT_BITS)
    let left = PROBES_MAX
    for (; left > 0 && slots[slot] !== FREE; left--) {
      const row = slots[slot] & (BATCH_MAX_ROWS - 1)
      if (slots[slot] === (mark | row) && this.isRepeat(row, event.words, portKey, gatewayKey)) {
        this.merge(row, event)
        this.messages++
        return Added.merged
      }
      slot = (slot + 1) & (SLOTS - 1)
    }
    if (this.rows === BATCH_MAX_ROWS) return Added.full
    const row = this.rows++
    // without a slot its repeats become rows of their own
    if (left > 0) slots[slot] = mark | row
    this.rowKeys[row * 2] = portKey
    this.rowKeys[row * 2 + 1] = gatewayKey
    this.write(row, event, context, endpoints)
    if (event.clock !== Clock.exact) this.inferred++
    this.messages++
    return Added.row
  }

  private hash(words: Uint32Array, portKey: number, gatewayKey: number): number {
    const addresses = this.source.of(words, SOURCE) + this.destination.of(words, DESTINATION)
    return mix(addresses + productOf(portKey, this.rest, 0) + productOf(gatewayKey, this.rest, 1))
  }

  private isRepeat(row: number, words: Uint32Array, portKey: number, gatewayKey: number): boolean {
    const mine = this.words
    const at = row * 8
    return (
      mine[at + 3] === words[3] &&
      mine[at + 7] === words[7] &&
      this.rowKeys[row * 2] === portKey &&
      this.rowKeys[row * 2 + 1] === gatewayKey &&
      mine[at] === words[0] &&
      mine[at + 1] === words[1] &&
      mine[at + 2] === words[2] &&
      mine[at + 4] === words[4] &&
      mine[at + 5] === words[5] &&
      mine[at + 6] === words[6]
    )
  }

  private merge(row: number, event: EventRecord): void {
    this.count[row] = Math.min(this.count[row] + event.count, 0xffffffff)
    const time = timeWithin(event.time)
    if (time < this.firstSeen[row]) this.firstSeen[row] = time
    if (time > this.lastSeen[row]) this.lastSeen[row] = time
    if (event.bytes > 0) this.bytes[row] = Math.min(Math.max(this.bytes[row], 0) + event.bytes, AMOUNT_MAX)
    if (event.packets > 0) this.packets[row] = Math.min(Math.max(this.packets[row], 0) + event.packets, AMOUNT_MAX)
  }

  private write(row: number, event: EventRecord, context: Context, endpoints: number): void {
    for (let i = 0; i < 8; i++) this.words[row * 8 + i] = event.words[i]
    this.firstSeen[row] = this.lastSeen[row] = timeWithin(event.time)
    this.sourcePort[row] = event.sourcePort
    this.destinationPort[row] = event.destinationPort
    this.protocol[row] = event.protocol
    this.action[row] = event.action
    this.direction[row] = event.direction
    this.bytes[row] = Math.min(event.bytes, AMOUNT_MAX)
    this.packets[row] = Math.min(event.packets, AMOUNT_MAX)
    this.rule[row] = event.rule
    this.count[row] = event.count
    this.gateway[row] = context.gateway
    this.product[row] = context.product
    this.reason[row] = context.reason
    this.endpoints[row] = endpoints
  }
}
