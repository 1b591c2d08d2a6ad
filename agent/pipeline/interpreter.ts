// From bytes to a verdict: header, recogniser, clock, triage. The same steps serve the running agent and `explain`.
import { EventRecord, type ProductName, productNames } from '../event.ts'
import { Message } from '../message.ts'
import { recognisers } from '../recognisers/index.ts'
import { NOT_OURS, Reading, type Recogniser } from '../recognisers/recogniser.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'
import type { Triage } from '../triage/triage.ts'
import type { Gateway } from './gateways.ts'

const productNumbers: ReadonlyMap<Recogniser, number> = new Map(recognisers.map(one => [one, productNames.indexOf(one.name)]))

/** What one product's recogniser made of the messages since start. */
export interface ProductCounts {
  readonly product: ProductName
  /** Messages that it took for its own. */
  readonly claimed: number
  /** Those of them that it could not make out. */
  readonly unreadable: number
}

/** How many prefixes of messages are told apart; two that share a slot cost a call of `claims`, not a mistake. */
const PREFIXES = 1024

export class Interpreter {
  readonly message = new Message()
  readonly event = new EventRecord()
  readonly triage: Triage
  /** Of the message interpreted last; undefined if none claimed it. */
  recogniser: Recogniser | undefined
  /** Index of the triage rule that decided; meaningful after Reading.event. */
  rule = 0
  /** Wire number of the product that was recognised. */
  product = 0
  /** Which recogniser claimed the last message with this prefix, and its product number. */
  private readonly byPrefix: (Recogniser | undefined)[] = new Array(PREFIXES).fill(undefined)
  private readonly productOf = new Uint8Array(PREFIXES)
  /** Where the recogniser that claimed the message is to begin. */
  private start = NOT_OURS
  /** By product: messages that its recogniser claimed, and that it then made out. */
  private readonly claimed = new Float64Array(productNames.length)
  private readonly read = new Float64Array(productNames.length)

  constructor(triage: Triage) {
    this.triage = triage
  }

  /** Reads bytes[start, end) into `event` and decides about it; `now` is the time of arrival in ms. */
  interpret(bytes: Uint8Array, start: number, end: number, gateway: Gateway, now: number): Reading {
    const { message, event } = this
    readHeader(message, bytes, start, end)
    gateway.messages++
    gateway.lastMessageAt = now
    this.recogniser = this.claim(gateway)
    if (this.recogniser === undefined) return Reading.unreadable
    this.claimed[this.product]++
    event.reset()
    const reading = this.recogniser.read(message, event, this.start)
    if (reading === Reading.unreadable) return reading
    this.read[this.product]++
    gateway.recogniser = this.recogniser
    gateway.parsed++
    if (reading === Reading.event) {
      gateway.clock.resolve(event, message, now)
      this.rule = this.triage.judge(event, now)
    }
    return reading
  }

  /** Of each product that claimed a message. A message whose reading threw counts as unreadable. */
  get products(): ProductCounts[] {
    const counts = productNames.map((product, number) => ({
      product,
      claimed: this.claimed[number],
      unreadable: this.claimed[number] - this.read[number],
    }))
    return counts.filter(({ claimed }) => claimed > 0)
  }

  private claim(gateway: Gateway): Recogniser | undefined {
    const { message } = this
    const prefix = prefixOf(message)
    // the prefix says most about the product, then what the gateway sent last
    const likely = this.byPrefix[prefix]
    if (this.isClaimedBy(likely)) {
      this.product = this.productOf[prefix]
      return likely
    }
    const last = gateway.recogniser
    if (last !== likely && this.isClaimedBy(last)) return this.remember(prefix, last)
    for (let i = 0; i < recognisers.length; i++) {
      const one = recognisers[i]
      if (one !== likely && one !== last && this.isClaimedBy(one)) return this.remember(prefix, one)
    }
    this.product = 0
    return undefined
  }

  private isClaimedBy(recogniser: Recogniser | undefined): recogniser is Recogniser {
    if (recogniser === undefined) return false
    this.start = recogniser.claims(this.message)
    return this.start >= 0
  }

  private remember(prefix: number, recogniser: Recogniser): Recogniser {
    this.product = productNumbers.get(recogniser) ?? 0
    this.byPrefix[prefix] = recogniser
    this.productOf[prefix] = this.product
    return recogniser
  }
}

/** A number for the first three bytes of the text, by which FortiGate's `date=` and Sophos's `device=` differ. */
function prefixOf({ bytes, body, end }: Message): number {
  if (body + 3 > end) return 0
  return (bytes[body] ^ (bytes[body + 1] << 2) ^ (bytes[body + 2] << 4)) & (PREFIXES - 1)
}
