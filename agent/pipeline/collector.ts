// Where messages end: each is interpreted, counted at exactly one place, and, if suspicious, put into the open batch.
// Synchronous: when `deliver` returns, the message is accounted for.
import { Added, BATCH_MAX_ROWS, type Context, End, OpenBatch } from '../batch/open-batch.ts'
import { Clock, type EventRecord, productNames } from '../event.ts'
import { emptyRows, type InputName, type RowsByInput, type Totals } from '../ledger/accounting.ts'
import { Notifier } from '../lib/notifier.ts'
import { netfilter } from '../recognisers/products/netfilter/netfilter.ts'
import { readPrefix } from '../recognisers/products/netfilter/netfilter-prefix.ts'
import { Reading } from '../recognisers/recogniser.ts'
import type { NflogRefusal, NflogSink } from '../sources/packets/nflog.ts'
import type { RefusalReason, Sink } from '../sources/source.ts'
import { NetworkKind } from '../triage/networks.ts'
import { rules, Verdict } from '../triage/rules.ts'
import type { Triage } from '../triage/triage.ts'
import type { Gateways } from './gateways.ts'
import { Interpreter } from './interpreter.ts'
import { Shapes, shapeOf } from './message-shapes.ts'

/** A batch with what the ledger wants to know about it. */
export interface FilledBatch {
  readonly batch: OpenBatch
  readonly byInput: RowsByInput
  /** The highest value of its events. */
  value: number
}

const endOf = (has: boolean, kind: number): number => (!has ? End.absent : kind === NetworkKind.internal ? End.ours : End.foreign)

/** The gateway of packets that this machine's own rules log. */
const OWN_GATEWAY = 'this machine'
const NETFILTER = productNames.indexOf('netfilter')

/** When a batch is to be closed: room is left for what arrives while the one before is still being packed. */
export const ROWS_ENOUGH = BATCH_MAX_ROWS / 2

/** Shapes are looked at for this many unreadable messages a second; a flood of them costs no more. */
const SHAPES_A_SECOND = 20

export class Collector {
  readonly totals: Totals
  readonly shapes = new Shapes()
  /** Messages refused before they were read, by reason. They count as unreadable, what is not IP as ignored. */
  readonly refused: Record<RefusalReason | NflogRefusal, number> = { oversize: 0, 'broken-frame': 0, 'broken-packet': 0, 'not-ip': 0 }
  /** Messages that made us fail: 0 unless the program is wrong. They count as unreadable. */
  readingFaults = 0
  lastReadingFault: unknown
  readonly triage: Triage
  /** Wakes whoever closes batches, once the open one has rows enough. */
  readonly enough = new Notifier()
  /** Monotonic ms at which the open batch got its first row; NaN while it is empty. */
  openSince = Number.NaN
  private filling: FilledBatch = { batch: new OpenBatch(), byInput: emptyRows(), value: 0 }
  private spare: OpenBatch | undefined = new OpenBatch()
  private readonly gateways: Gateways
  private readonly interpreter: Interpreter
  private readonly context: Context = { gateway: 0, product: 0, reason: 0, sourceEnd: 0, destinationEnd: 0 }
  private shapesLeft = SHAPES_A_SECOND

  constructor(totals: Totals, gateways: Gateways, triage: Triage) {
    this.totals = totals
    this.gateways = gateways
    this.triage = triage
    this.interpreter = new Interpreter(triage)
  }

  sinkFor(input: InputName): Sink {
    const sink: Sink = {
      heardAt: 0,
      deliver: (bytes, start, end, peer) => this.deliver(input, bytes, start, end, peer, sink.heardAt),
      refuse: (reason, peer) => {
        this.totals[input].received++
        this.totals[input].unreadable++
        this.refused[reason]++
        this.gateways.get(peer).messages++
      },
    }
    return sink
  }

  /** For packets, which come decoded: only their rule's prefix is left to read. */
  nflogSink(): NflogSink {
    const counts = this.totals.nflog
    const sink: NflogSink = {
      heardAt: 0,
      deliver: (event, bytes, record) => {
        counts.received++
        const gateway = this.gateways.get(OWN_GATEWAY)
        gateway.messages++
        gateway.parsed++
        gateway.recogniser = netfilter
        gateway.lastMessageAt = sink.heardAt
        readPrefix(bytes, record.prefixStart, record.prefixEnd, event)
        if (event.clock === Clock.absent) event.time = sink.heardAt
        event.clock = Clock.exact
        this.place('nflog', event, this.triage.judge(event, sink.heardAt), gateway.number, NETFILTER)
      },
      refuse: reason => {
        counts.received++
        if (reason === 'not-ip') counts.ignored++
        else counts.unreadable++
        this.refused[reason]++
        this.gateways.get(OWN_GATEWAY).messages++
      },
    }
    return sink
  }

  get openRows(): number {
    return this.filling.batch.rows
  }

  /** Takes the open batch out and goes on with an empty one; undefined while the last one taken was not given back. */
  take(): FilledBatch | undefined {
    if (this.spare === undefined) return undefined
    const taken = this.filling
    this.filling = { batch: this.spare, byInput: emptyRows(), value: 0 }
    this.spare = undefined
    this.openSince = Number.NaN
    return taken
  }

  giveBack(batch: OpenBatch): void {
    batch.clear()
    this.spare = batch
  }

  /** To be called once a second. */
  tick(): void {
    this.shapesLeft = SHAPES_A_SECOND
  }

  private deliver(input: InputName, bytes: Uint8Array, start: number, end: number, peer: string, heardAt: number): void {
    const counts = this.totals[input]
    counts.received++
    const gateway = this.gateways.get(peer)
    const { interpreter } = this
    let reading: Reading
    try {
      reading = interpreter.interpret(bytes, start, end, gateway, heardAt)
    } catch (error) {
      // a fault of ours in reading one message must not cost the messages behind it
      this.readingFaults++
      this.lastReadingFault = error
      reading = Reading.unreadable
    }
    if (reading === Reading.unreadable) {
      counts.unreadable++
      if (this.shapesLeft-- > 0) this.shapes.note(shapeOf(bytes, start, end))
      return
    }
    if (reading === Reading.ignored) {
      counts.ignored++
      return
    }
    this.place(input, interpreter.event, interpreter.rule, gateway.number, interpreter.product)
  }

  /** Brings an event that was judged to where its rule says. */
  private place(input: InputName, event: EventRecord, ruleIndex: number, gateway: number, product: number): void {
    const counts = this.totals[input]
    const rule = rules[ruleIndex]
    if (rule.verdict === Verdict.drop) {
      counts.dropped[rule.name] = (counts.dropped[rule.name] ?? 0) + 1
      return
    }
    const { context, triage } = this
    context.gateway = gateway
    context.product = product
    context.reason = ruleIndex
    context.sourceEnd = endOf(event.hasSource, triage.sourceKind)
    context.destinationEnd = endOf(event.hasDestination, triage.destinationKind)
    const added = this.filling.batch.add(event, context)
    if (added === Added.merged) counts.merged++
    else if (added === Added.full) counts.shed++
    else {
      counts.waiting++
      this.filling.byInput[input]++
      if (this.filling.batch.rows === 1) this.openSince = performance.now()
      else if (this.filling.batch.rows === ROWS_ENOUGH) this.enough.notify()
    }
    if (rule.value > this.filling.value) this.filling.value = rule.value
  }
}
