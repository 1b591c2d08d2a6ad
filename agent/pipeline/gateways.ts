// The gateways that log to this box: what is known of each while the agent runs, and the number by which central knows it.
// Numbers are kept on disk, because a gateway is the same gateway after a restart; its address never leaves.
import { basename, dirname } from 'node:path'
import Conf from 'conf'
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

/** Gateways whose numbers are kept in the JSON file at `path`. A file that cannot be read starts a new numbering. */
export function openGateways(path: string): Gateways {
  const state = new Conf<{ addresses: string[] }>({
    cwd: dirname(path),
    configName: basename(path, '.json'),
    clearInvalidConfig: true,
    configFileMode: 0o600,
    defaults: { addresses: [] },
  })
  return new Gateways(state.get('addresses'), addresses => state.set('addresses', [...addresses]))
}
