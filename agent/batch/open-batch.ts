// The batch that is being filled: events in columns, repeats merged on the way in. What is the same source, destination,
// port, protocol, action and gateway becomes one row with a count, so a flood costs the room of its distinct behaviour.
import { DESTINATION, type EventRecord, SOURCE } from '../event.ts'
import { hashWords } from '../lib/address-index.ts'

/** Whose address it is, as triage found out; `ours` leaves the box only as a pseudonym. */
export const End = { absent: 0, foreign: 1, ours: 2 } as const

/** What is known of an event besides its own fields. Numbers, each an index into a table of the caller. */
export interface Context {
  gateway: number
  product: number
  reason: number
  sourceEnd: number
  destinationEnd: number
}

export const Added = { row: 0, merged: 1, full: 2 } as const

export const BATCH_MAX_ROWS = 32_768
const SLOTS = BATCH_MAX_ROWS * 2

/** A forged message may state any amount and any time; a sum of them must stay a number that everybody can store. */
const AMOUNT_MAX = 2 ** 48
/** 9999-12-31, the last time that ISO 8601 writes with four digits of year. */
const TIME_MAX_MS = 253_402_300_799_000
const timeWithin = (ms: number): number => Math.min(Math.max(ms, 0), TIME_MAX_MS)

export class OpenBatch {
  rows = 0
  messages = 0
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
  readonly ends = new Uint8Array(BATCH_MAX_ROWS)
  private readonly slots = new Int32Array(SLOTS).fill(-1)

  clear(): void {
    this.rows = this.messages = 0
    this.slots.fill(-1)
  }

  add(event: EventRecord, context: Context): number {
    const { words } = event
    let slot =
      (hashWords(words, SOURCE, (event.destinationPort << 8) ^ event.action) ^
        hashWords(words, DESTINATION, (context.gateway << 8) ^ event.protocol)) &
      (SLOTS - 1)
    for (;;) {
      const row = this.slots[slot]
      if (row < 0) break
      if (this.isRepeat(row, event, context)) {
        this.merge(row, event)
        this.messages++
        return Added.merged
      }
      slot = (slot + 1) & (SLOTS - 1)
    }
    if (this.rows === BATCH_MAX_ROWS) return Added.full
    this.slots[slot] = this.rows
    this.write(this.rows++, event, context)
    this.messages++
    return Added.row
  }

  private isRepeat(row: number, event: EventRecord, context: Context): boolean {
    if (
      this.destinationPort[row] !== event.destinationPort ||
      this.protocol[row] !== event.protocol ||
      this.action[row] !== event.action ||
      this.gateway[row] !== context.gateway
    )
      return false
    const at = row * 8
    for (let i = 0; i < 8; i++) if (this.words[at + i] !== event.words[i]) return false
    return this.ends[row] === (context.sourceEnd | (context.destinationEnd << 2))
  }

  private merge(row: number, event: EventRecord): void {
    this.count[row] = Math.min(this.count[row] + event.count, 0xffffffff)
    const time = timeWithin(event.time)
    if (time < this.firstSeen[row]) this.firstSeen[row] = time
    if (time > this.lastSeen[row]) this.lastSeen[row] = time
    if (event.bytes > 0) this.bytes[row] = Math.min(Math.max(this.bytes[row], 0) + event.bytes, AMOUNT_MAX)
    if (event.packets > 0) this.packets[row] = Math.min(Math.max(this.packets[row], 0) + event.packets, AMOUNT_MAX)
  }

  private write(row: number, event: EventRecord, context: Context): void {
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
    this.ends[row] = context.sourceEnd | (context.destinationEnd << 2)
  }
}
