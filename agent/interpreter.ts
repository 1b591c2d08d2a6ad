// From bytes to a verdict: header, recogniser, clock, triage. The same steps serve the running agent and `explain`.
import { EventRecord, productNames } from './event.ts'
import type { Gateway } from './gateways.ts'
import { Message } from './message.ts'
import { recognisers } from './recognisers/index.ts'
import { Reading, type Recogniser } from './recognisers/recogniser.ts'
import { readHeader } from './sources/syslog-header.ts'
import type { Triage } from './triage/triage.ts'

const productNumbers: ReadonlyMap<Recogniser, number> = new Map(recognisers.map(one => [one, productNames.indexOf(one.name)]))

export class Interpreter {
  readonly message = new Message()
  readonly event = new EventRecord()
  readonly triage: Triage
  /** Who read the message last interpreted; undefined if nobody claimed it. */
  recogniser: Recogniser | undefined
  /** Index of the triage rule that decided; meaningful after Reading.event. */
  rule = 0
  /** Who claimed the last message that began with a byte. */
  private readonly byFirstByte: (Recogniser | undefined)[] = new Array(256).fill(undefined)

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
    gateway.understood++
    if (reading === Reading.event) {
      gateway.clock.resolve(event, message, now)
      this.rule = this.triage.judge(event, now)
    }
    return reading
  }

  /** Wire number of the product that was recognised. */
  get product(): number {
    return this.recogniser === undefined ? 0 : (productNumbers.get(this.recogniser) ?? 0)
  }

  private claim(gateway: Gateway): Recogniser | undefined {
    const { message } = this
    const first = message.body < message.end ? message.bytes[message.body] : 0
    // what a message begins with says most about its product, then what its gateway said last
    const likely = this.byFirstByte[first]
    if (likely?.claims(message)) return likely
    const last = gateway.recogniser
    if (last !== likely && last?.claims(message)) return this.remember(first, last)
    for (let i = 0; i < recognisers.length; i++) {
      const one = recognisers[i]
      if (one !== likely && one !== last && one.claims(message)) return this.remember(first, one)
    }
    return undefined
  }

  private remember(first: number, recogniser: Recogniser): Recogniser {
    this.byFirstByte[first] = recogniser
    return recogniser
  }
}
