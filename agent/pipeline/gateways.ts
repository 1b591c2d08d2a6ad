// The gateways that log to this box: what is known of each while the agent runs, and the number by which central knows it.
// Numbers are kept on disk, because a gateway is the same gateway after a restart; its address never leaves.
import * as z from 'zod'
import { fromJson, mendState, toJson, writeState } from '../lib/state-file.ts'
import type { Recogniser } from '../recognisers/recogniser.ts'
import { GatewayClock } from './gateway-clock.ts'

/** UDP senders can be forged: messages from more addresses than this are counted under number 0. */
const GATEWAYS_MAX = 1023

export class Gateway {
  readonly number: number
  readonly address: string
  readonly clock = new GatewayClock()
  messages = 0
  /** Messages that a recogniser could read: events, and others that it knows. */
  parsed = 0
  lastMessageAt = 0
  /** Of the last whole second. */
  messagesPerSecond = 0
  private counted = 0
  /** The recogniser that read the last message; tried first for the next. */
  recogniser: Recogniser | undefined

  constructor(number: number, address: string) {
    this.number = number
    this.address = address
  }

  /** To be called once a second. */
  tick(): void {
    this.messagesPerSecond = this.messages - this.counted
    this.counted = this.messages
  }
}

export class Gateways {
  private readonly known = new Map<string, Gateway>()
  private readonly others = new Gateway(0, 'others')
  private readonly addresses: string[]
  private readonly save: (addresses: readonly string[]) => void
  private isSaved = true

  /** `addresses`: those of earlier runs, in order of their numbers. `save` is called by `flush` with all of them when one is new. */
  constructor(addresses: readonly string[], save: (addresses: readonly string[]) => void) {
    this.addresses = [...addresses]
    this.save = save
  }

  get(address: string): Gateway {
    return this.known.get(address) ?? this.add(address)
  }

  /** Those that sent something since start. */
  get active(): Gateway[] {
    return this.others.messages > 0 ? [...this.known.values(), this.others] : [...this.known.values()]
  }

  /** The highest number that was given. */
  get highest(): number {
    return this.addresses.length
  }

  /** Keeps new numbers on the disk; throws what `save` throws, and then tries again the next time. */
  flush(): void {
    if (this.isSaved) return
    this.save(this.addresses)
    this.isSaved = true
  }

  private add(address: string): Gateway {
    let index = this.addresses.indexOf(address)
    if (index < 0) {
      if (this.addresses.length >= GATEWAYS_MAX) return this.others
      index = this.addresses.push(address) - 1
      this.isSaved = false
    }
    const gateway = new Gateway(index + 1, address)
    this.known.set(address, gateway)
    return gateway
  }
}

const decode = fromJson(value => z.object({ addresses: z.array(z.string()).max(GATEWAYS_MAX) }).parse(value).addresses)

export interface OpenedGateways {
  readonly gateways: Gateways
  /** What was wrong with the copies of the file. */
  readonly damage: readonly string[]
  /** How many numbers are passed over, because whose they were is not known any more. */
  readonly lost: number
}

/**
 * Gateways whose numbers are kept in the JSON file at `path`. Where no copy of it can be used, numbers go on after `highest`, the
 * highest that was given: to central a number never becomes another gateway.
 */
export function openGateways(path: string, highest: number): OpenedGateways {
  const { value, damage } = mendState(path, decode)
  const known = value ?? []
  const lost = Math.max(0, Math.min(highest, GATEWAYS_MAX) - known.length)
  const addresses = [...known, ...Array.from({ length: lost }, () => '')]
  return { gateways: new Gateways(addresses, all => writeState(path, toJson({ addresses: all }))), damage, lost }
}
