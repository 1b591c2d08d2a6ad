// Reads the connection out of a message made of key=value pairs. A product says once which of its keys means what:
//
//   const action = new Span()
//   const reader = new ConnectionReader({ src: 'source.ip', spt: 'source.port', dst: 'destination.ip', proto: 'protocol', act: action })
//   reader.read(bytes, body, end, event)
//
// A key leads to a field of the event, by its name here, or to a Span of the product's, which then holds the value's offsets: for what
// has to be seen together with other values, such as words of an action. Several keys may mean the same. Of a field that is stated
// twice the first readable value counts, and `isContradictory` says that a later one of an end or a span is another.
import { Clock, DESTINATION, EventRecord, SOURCE } from '../../event.ts'
import { findByte, readDecimal } from '../../lib/bytes.ts'
import { epochToMs, readDateTime, Stamp } from '../../lib/calendar.ts'
import { readEndpoint } from './endpoint.ts'
import { END, Pairs, type PairsFormat } from './pairs.ts'
import { hasPorts, readProtocol } from './protocols.ts'
import { Span } from './span.ts'
import { SplitTime } from './split-time.ts'

/** Fields that are written into the event, or added up, where they stand. Numbers of a switch: a message is one walk over its pairs. */
const Field = {
  'source.ip': 1,
  'source.port': 2,
  'destination.ip': 3,
  'destination.port': 4,
  /** Address and port together, in any of the forms of endpoint.ts. */
  source: 5,
  destination: 6,
  /** IANA's number or a name, perhaps with a service behind it: `tcp/https`. */
  protocol: 7,
  /** Both ways together. */
  bytes: 8,
  packets: 9,
  /** The two ways, of which the event gets the sum. */
  'bytes.sent': 10,
  'bytes.received': 11,
  'packets.sent': 12,
  'packets.received': 13,
  /** The number of a rule; what is no number is left out. */
  rule: 14,
  /** The number of the signature that found something: in `signature`, because it is the rule of a detection only. */
  signature: 15,
  /** How many connections the message speaks of. */
  count: 16,
  /** Text that somebody else chose, such as a user's name. */
  chosen: 17,
} as const

/**
 * A time is `date` and `time` apart, with or without a `zone`; or both in one `timestamp`; or an `epoch` in s, ms, us or ns. An
 * epoch counts before a time without zone, and a timestamp if there is nothing else.
 */
type TimeField = 'date' | 'time' | 'zone' | 'timestamp' | 'epoch'
export type ConnectionField = keyof typeof Field | TimeField

const isValue = (name: ConnectionField): name is keyof typeof Field => name in Field

/** From this number on, a field is a span. */
const FIRST_SPAN = 18
/** Of the 19 digits of nanoseconds the first 16 are microseconds, which a number can hold. */
const EPOCH_DIGITS = 16
const SLASH = 0x2f
/** Behind text that somebody chose, no more than this is believed. */
const COUNT_MAX = 0xffff

export class ConnectionReader {
  /** Of the message read last: the number of its signature, or -1. */
  signature = -1
  /** Whether it had a key of an end, even with a value that is no address. */
  hasEnd = false
  /**
   * Whether it said twice and differently where an end is, or what the product keeps in a span, behind text that somebody chose. A name
   * may end its own quotes and go on with `src_ip=`: then neither value can be told from the device's. In front of such text, the
   * first value is the device's.
   */
  isContradictory = false
  private isBehindChosen = false
  /** Of each span a bit. */
  private spansBehindChosen = 0
  /** Whether an end was first stated behind such text: then it may be made up, if the product states none there. */
  isSourceBehindChosen = false
  isDestinationBehindChosen = false
  /** By field a bit: its number was first stated behind such text; and then stated again and differently. */
  private numbersBehindChosen = 0
  private numbersInDoubt = 0
  private readonly other = new EventRecord()
  private readonly isCutAtEnd: boolean
  private readonly pairs: Pairs
  private readonly spans: readonly Span[]
  private readonly pieces = new SplitTime()
  private readonly timestamp = new Span()
  private readonly epoch = new Span()
  private readonly stamp = new Stamp()

  /**
   * `keys`: each known key, spelled as the device does. The format is that of Pairs; values may stand in double quotes. `isCutAtEnd`: the
   * device ends no message in a bare end or span, so that one that does was cut in it, and says an address of a digit less.
   */
  constructor(keys: Readonly<Record<string, ConnectionField | Span>>, format: PairsFormat = {}, isCutAtEnd = false) {
    this.isCutAtEnd = isCutAtEnd
    const { date, time, zone } = this.pieces
    const times: Readonly<Record<TimeField, Span>> = { date, time, zone, timestamp: this.timestamp, epoch: this.epoch }
    const spans: Span[] = []
    const numberOf = (meaning: ConnectionField | Span): number => {
      if (typeof meaning === 'string' && isValue(meaning)) return Field[meaning]
      const span = typeof meaning === 'string' ? times[meaning] : meaning
      return FIRST_SPAN + (spans.includes(span) ? spans.indexOf(span) : spans.push(span) - 1)
    }
    this.pairs = new Pairs(Object.fromEntries(Object.entries(keys).map(([key, meaning]) => [key, numberOf(meaning)])), format)
    this.spans = spans
  }

  /**
   * Reads bytes[start, end) into `event`, which comes reset, and into the spans. ICMP has no ports, so there they are left out.
   * Action, direction and what only the product knows are left to the caller.
   */
  read(bytes: Uint8Array, start: number, end: number, event: EventRecord): void {
    const { pairs, spans } = this
    let sentBytes = -1
    let receivedBytes = -1
    let sentPackets = -1
    let receivedPackets = -1
    let count = -1
    this.signature = -1
    this.hasEnd = false
    this.isContradictory = false
    this.spansBehindChosen = this.numbersBehindChosen = this.numbersInDoubt = 0
    this.isBehindChosen = this.isSourceBehindChosen = this.isDestinationBehindChosen = false
    for (let i = 0; i < spans.length; i++) spans[i].clear()
    pairs.begin(bytes, start, end)
    let last: number = END
    let lastEnd = start
    for (let field = pairs.next(); field !== END; field = pairs.next()) {
      last = field
      lastEnd = pairs.end
      if (field >= FIRST_SPAN) {
        if (this.isBehindChosen) this.keepBehindChosen(field - FIRST_SPAN)
        else pairs.keep(spans[field - FIRST_SPAN])
        continue
      }
      switch (field) {
        case Field['source.ip']:
          this.hasEnd = true
          if (!event.hasSource) {
            event.hasSource = pairs.address(event.words, SOURCE)
            this.isSourceBehindChosen = this.isBehindChosen
          } else if (this.isSourceBehindChosen) this.compare(event, SOURCE)
          break
        case Field['source.port']:
          if (event.sourcePort < 0) event.sourcePort = pairs.port()
          else if (this.isSourceBehindChosen) this.comparePort(event.sourcePort, pairs.port())
          break
        case Field['destination.ip']:
          this.hasEnd = true
          if (!event.hasDestination) {
            event.hasDestination = pairs.address(event.words, DESTINATION)
            this.isDestinationBehindChosen = this.isBehindChosen
          } else if (this.isDestinationBehindChosen) this.compare(event, DESTINATION)
          break
        case Field['destination.port']:
          if (event.destinationPort < 0) event.destinationPort = pairs.port()
          else if (this.isDestinationBehindChosen) this.comparePort(event.destinationPort, pairs.port())
          break
        case Field.source:
          this.hasEnd = true
          if (!event.hasSource) this.isSourceBehindChosen = this.isBehindChosen
          else if (this.isSourceBehindChosen) this.compareEndpoint(event, SOURCE)
          if (!event.hasSource || !this.isBehindChosen) readEndpoint(bytes, pairs.start, pairs.end, event, SOURCE)
          break
        case Field.destination:
          this.hasEnd = true
          if (!event.hasDestination) this.isDestinationBehindChosen = this.isBehindChosen
          else if (this.isDestinationBehindChosen) this.compareEndpoint(event, DESTINATION)
          if (!event.hasDestination || !this.isBehindChosen) readEndpoint(bytes, pairs.start, pairs.end, event, DESTINATION)
          break
        case Field.protocol:
          if (event.protocol < 0) event.protocol = readProtocol(bytes, pairs.start, pairs.end)
          if (event.protocol < 0) event.protocol = readProtocol(bytes, pairs.start, findByte(bytes, pairs.start, pairs.end, SLASH))
          break
        case Field.bytes:
          event.bytes = this.number(field, event.bytes, pairs.decimal())
          break
        case Field.packets:
          event.packets = this.number(field, event.packets, pairs.decimal())
          break
        case Field['bytes.sent']:
          sentBytes = this.number(field, sentBytes, pairs.decimal())
          break
        case Field['bytes.received']:
          receivedBytes = this.number(field, receivedBytes, pairs.decimal())
          break
        case Field['packets.sent']:
          sentPackets = this.number(field, sentPackets, pairs.decimal())
          break
        case Field['packets.received']:
          receivedPackets = this.number(field, receivedPackets, pairs.decimal())
          break
        case Field.rule:
          event.rule = this.number(field, event.rule, pairs.identifier())
          break
        case Field.signature:
          this.signature = this.number(field, this.signature, pairs.identifier())
          break
        case Field.chosen:
          this.isBehindChosen = true
          break
        case Field.count:
          count = this.number(field, count, pairs.identifier())
          break
      }
    }
    // what is missing may be anything that was first stated behind the text
    if (pairs.isTorn && (this.spansBehindChosen !== 0 || this.isSourceBehindChosen || this.isDestinationBehindChosen))
      this.isContradictory = true
    // behind a value in quotes there is one byte more
    if (lastEnd === end && this.isCutAtEnd) this.forget(last, event)
    this.readTime(bytes, event)
    const isCountChosen = (this.numbersBehindChosen & (1 << Field.count)) !== 0
    event.count = Math.max(1, isCountChosen ? Math.min(count, COUNT_MAX) : count)
    if (event.bytes < 0) event.bytes = bothWays(sentBytes, receivedBytes)
    if (event.packets < 0) event.packets = bothWays(sentPackets, receivedPackets)
    if (!hasPorts(event.protocol)) event.sourcePort = event.destinationPort = -1
  }

  /** Takes back what the last value said, of which the rest may be missing. */
  private forget(field: number, event: EventRecord): void {
    if (field >= FIRST_SPAN) this.spans[field - FIRST_SPAN].clear()
    if (field === Field['source.ip'] || field === Field.source) event.hasSource = false
    if (field === Field['destination.ip'] || field === Field.destination) event.hasDestination = false
    if (field === Field['source.port'] || field === Field.source) event.sourcePort = -1
    if (field === Field['destination.port'] || field === Field.destination) event.destinationPort = -1
  }

  /** Of a number the first `value`, where `next` is what the message says now; -1 if a later one makes it doubtful. */
  private number(field: number, value: number, next: number): number {
    const bit = 1 << field
    if (value >= 0) {
      if ((this.numbersBehindChosen & bit) === 0 || next < 0 || next === value) return value
      this.numbersInDoubt |= bit
      return -1
    }
    if (this.isBehindChosen) this.numbersBehindChosen |= bit
    return (this.numbersInDoubt & bit) === 0 ? next : -1
  }

  /** Whether what the product keeps in this span was first stated behind text that somebody chose. */
  isSpanBehindChosen(span: Span): boolean {
    return this.spansBehindChosen !== 0 && (this.spansBehindChosen & (1 << this.spans.indexOf(span))) !== 0
  }

  private keepBehindChosen(index: number): void {
    const span = this.spans[index]
    if (span.end === span.start) this.spansBehindChosen |= 1 << index
    if (!this.pairs.keep(span) && (this.spansBehindChosen & (1 << index)) !== 0) this.isContradictory = true
  }

  /** An end that is stated again has to be the same. */
  private compare({ words }: EventRecord, side: number): void {
    if (this.pairs.address(this.other.words, side)) this.compareWords(words, side)
  }

  private compareWords(words: Uint32Array, side: number): void {
    const other = this.other.words
    for (let i = side; i < side + 4; i++) if (other[i] !== words[i]) this.isContradictory = true
  }

  private comparePort(port: number, other: number): void {
    if (other >= 0 && other !== port) this.isContradictory = true
  }

  private compareEndpoint(event: EventRecord, side: number): void {
    const { pairs, other } = this
    other.reset()
    if (!readEndpoint(pairs.bytes, pairs.start, pairs.end, other, side)) return
    this.compareWords(event.words, side)
    const port = side === SOURCE ? event.sourcePort : event.destinationPort
    if (port >= 0) this.comparePort(port, side === SOURCE ? other.sourcePort : other.destinationPort)
  }

  private readTime(bytes: Uint8Array, event: EventRecord): void {
    const { pieces, timestamp, epoch, stamp } = this
    if (pieces.read(bytes, event) && event.clock === Clock.exact) return
    if (epoch.end > epoch.start) {
      const ms = epochToMs(readDecimal(bytes, epoch.start, Math.min(epoch.end, epoch.start + EPOCH_DIGITS)))
      if (ms >= 0) {
        event.time = ms
        event.clock = Clock.exact
        return
      }
    }
    if (event.clock !== Clock.absent || !readDateTime(bytes, timestamp.start, timestamp.end, stamp)) return
    event.time = stamp.time
    event.clock = stamp.clock
  }
}

/** Sent and received together, where -1 says that one was not stated; -1 too if that is more than a number holds. */
export function bothWays(sent: number, received: number): number {
  const sum = sent < 0 ? received : received < 0 ? sent : sent + received
  return sum <= Number.MAX_SAFE_INTEGER ? sum : -1
}
