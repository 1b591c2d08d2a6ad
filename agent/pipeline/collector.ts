// Takes every message: it is interpreted, counted at exactly one place, and, if suspicious, put into the open batch.
// Synchronous: when `deliver` returns, the message is accounted for.
import { Clock, productNames } from '../event.ts'
import type { InputName } from '../ledger/accounting.ts'
import type { Accounts, InputAccount } from '../ledger/accounts.ts'
import { recognisers } from '../recognisers/index.ts'
import { Reading } from '../recognisers/recogniser.ts'
import { readRulePrefix } from '../recognisers/tokenisers/rule-prefix.ts'
import type { NflogRefusal, NflogSink } from '../sources/packets/nflog.ts'
import type { RefusalReason, Sink } from '../sources/source.ts'
import type { Triage } from '../triage/triage.ts'
import { Canary } from './canary.ts'
import type { Gateways } from './gateways.ts'
import { Interpreter, type ProductCounts } from './interpreter.ts'
import { Shapes, shapeOf } from './message-shapes.ts'
import type { OpenBatches } from './open-batches.ts'
import { Placement } from './placement.ts'

/** The gateway of packets that this machine's own rules log. */
const OWN_GATEWAY = 'this machine'
const NETFILTER = productNames.indexOf('netfilter')
const netfilter = recognisers.find(({ name }) => name === 'netfilter')

/** Shapes are taken of this many unreadable messages a second; a flood of them costs no more. */
const SHAPES_PER_SECOND = 20

export class Collector {
  readonly shapes = new Shapes()
  readonly canary = new Canary()
  /** Messages refused before they were read, by reason. They count as unreadable, what is not IP as ignored. */
  readonly refused: Record<RefusalReason | NflogRefusal, number> = {
    oversize: 0,
    'broken-frame': 0,
    'cut-short': 0,
    'broken-packet': 0,
    'not-ip': 0,
  }
  /** Messages on which reading threw an error: 0 unless the program is wrong. They count as unreadable. */
  readingFaults = 0
  lastReadingFault: unknown
  readonly triage: Triage
  private readonly accounts: Accounts
  private readonly placement: Placement
  private readonly gateways: Gateways
  private readonly interpreter: Interpreter
  /** Marked messages, by input. */
  private readonly marked: Record<InputName, number> = { udp: 0, tcp: 0, tls: 0, nflog: 0 }
  private shapesLeft = SHAPES_PER_SECOND

  constructor(accounts: Accounts, batches: OpenBatches, gateways: Gateways, triage: Triage) {
    this.accounts = accounts
    this.gateways = gateways
    this.triage = triage
    this.interpreter = new Interpreter(triage)
    this.placement = new Placement(batches, triage)
  }

  sinkFor(input: InputName): Sink {
    const account = this.accounts.of(input)
    const sink: Sink = {
      receivedAtMs: 0,
      deliver: (bytes, start, end, peer) => this.deliver(account, bytes, start, end, peer, sink.receivedAtMs),
      refuse: (reason, peer) => {
        account.received()
        account.placedUnreadable()
        this.refused[reason]++
        this.gateways.numbered(this.gateways.get(peer), peer).messages++
      },
    }
    return sink
  }

  /** For packets, which come decoded: only their rule's prefix is left to read. */
  nflogSink(): NflogSink {
    const account = this.accounts.of('nflog')
    const sink: NflogSink = {
      receivedAtMs: 0,
      deliver: (event, bytes, record) => {
        account.received()
        const gateway = this.gateways.get(OWN_GATEWAY)
        gateway.messages++
        gateway.parsed++
        gateway.recogniser = netfilter
        gateway.lastMessageAt = sink.receivedAtMs
        readRulePrefix(bytes, record.prefixStart, record.prefixEnd, event)
        if (event.clock === Clock.absent) event.time = sink.receivedAtMs
        event.clock = Clock.exact
        this.placement.place(account, event, this.triage.judge(event, sink.receivedAtMs), gateway.number, NETFILTER)
      },
      refuse: reason => {
        account.received()
        if (reason === 'not-ip') account.placedIgnored()
        else account.placedUnreadable()
        this.refused[reason]++
        this.gateways.get(OWN_GATEWAY).messages++
      },
    }
    return sink
  }

  /** How many messages came, without the marked ones. */
  messagesOf(input: InputName): number {
    return this.accounts.totals[input].received - this.marked[input]
  }

  /** What each product's recogniser made of the messages since start; packets that the kernel logs are not read by one. */
  get products(): ProductCounts[] {
    return this.interpreter.products
  }

  /** To be called once a second. */
  tick(): void {
    this.shapesLeft = SHAPES_PER_SECOND
  }

  private deliver(account: InputAccount, bytes: Uint8Array, start: number, end: number, peer: string, receivedAtMs: number): void {
    account.received()
    let gateway = this.gateways.get(peer)
    if (gateway.isLoopback) {
      if (this.canary.take(bytes, start, end)) {
        account.placedIgnored()
        this.marked[account.input]++
        return
      }
      gateway = this.gateways.numbered(gateway, peer)
    }
    const { interpreter } = this
    let reading: Reading
    try {
      reading = interpreter.interpret(bytes, start, end, gateway, receivedAtMs)
    } catch (error) {
      // a bug in reading one message must not cost the messages after it
      this.readingFaults++
      this.lastReadingFault = error
      reading = Reading.unreadable
    }
    if (reading === Reading.unreadable) {
      account.placedUnreadable()
      if (this.shapesLeft-- > 0) this.shapes.note(shapeOf(bytes, start, end))
      return
    }
    if (gateway.number === 0) this.gateways.returned(peer, receivedAtMs)
    if (reading === Reading.ignored) account.placedIgnored()
    else this.placement.place(account, interpreter.event, interpreter.rule, gateway.number, interpreter.product)
  }
}
