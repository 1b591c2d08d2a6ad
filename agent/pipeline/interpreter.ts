// From bytes to a verdict: header, recogniser, clock, triage. The same steps serve the running agent and `explain`.
import { EventRecord, productNames } from '../event.ts'
import { Message } from '../message.ts'
import { recognisers } from '../recognisers/index.ts'
import { Reading, type Recogniser } from '../recognisers/recogniser.ts'
import { readHeader } from '../sources/syslog/syslog-header.ts'
import type { Triage } from '../triage/triage.ts'
import type { Gateway } from './gateways.ts'

const productNumbers: ReadonlyMap<Recogniser, number> = new Map(recognisers.map(one => [one, productNames.indexOf(one.name)]))

/** How many beginnings of messages are told apart; two that share a place cost a question, not a mistake. */
const BEGINNINGS = 1024

export class Interpreter {
  readonly message = new Message()
  readonly event = new EventRecord()
  readonly triage: Triage
  /** Who read the message last interpreted; undefined if nobody claimed it. */
  recogniser: Recogniser | undefined
  /** Index of the triage rule that decided; meaningful after Reading.event. */
  rule = 0
  /** Wire number of the product that was recognised. */
  product = 0
  /** Who claimed the last message that began so. */
  private readonly byBeginning: (Recogniser | undefined)[] = new Array(BEGINNINGS).fill(undefined)
  private readonly productOf = new Uint8Array(BEGINNINGS)

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
    event.reset()
    const reading = this.recogniser.read(message, event)
    if (reading === Reading.unreadable) return reading
    gateway.recogniser = this.recogniser
    gateway.parsed++
    if (reading === Reading.event) {
      gateway.clock.resolve(event, message, now)
      this.rule = this.triage.judge(event, now)
    }
    return reading
  }

  private claim(gateway: Gateway): Recogniser | undefined {
    const { message } = this
    const beginning = beginningOf(message)
    // what a message begins with says most about its product, then what its gateway said last
    const likely = this.byBeginning[beginning]
    if (likely?.claims(message)) {
      this.product = this.productOf[beginning]
      return likely
    }
    const last = gateway.recogniser
    if (last !== likely && last?.claims(message)) return this.remember(beginning, last)
    for (let i = 0; i < recognisers.length; i++) {
      const one = recognisers[i]
      if (one !== likely && one !== last && one.claims(message)) return this.remember(beginning, one)
    }
    this.product = 0
    return undefined
  }

  private remember(beginning: number, recogniser: Recogniser): Recogniser {
    this.product = productNumbers.get(recogniser) ?? 0
    this.byBeginning[beginning] = recogniser
    this.productOf[beginning] = this.product
    return recogniser
  }
}

/** A number for the first three bytes of the text, by which FortiGate's `date=` and Sophos's `device=` differ. */
function beginningOf({ bytes, body, end }: Message): number {
  if (body + 3 > end) return 0
  return (bytes[body] ^ (bytes[body + 1] << 2) ^ (bytes[body + 2] << 4)) & (BEGINNINGS - 1)
}
