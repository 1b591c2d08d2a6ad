// Cuts the bytes of one connection into messages: octet counting (`LEN SP MSG`) or lines ended by LF or NUL, both of
// RFC 6587 section 3.4, found out from what the sender does. Holds at most one unfinished message, never more than
// MESSAGE_MAX_BYTES; a message that is whole in the chunk is delivered from the chunk. Pure: no sockets, no clock.
import { isDigit } from '../../lib/bytes.ts'
import { MESSAGE_MAX_BYTES, type Sink } from '../source.ts'
import type { UnfinishedFrame } from './kept-connections.ts'

const LF = 0x0a
const BLANK = 0x20
const LESS = 0x3c

// seven digits: what is longer is no count but text or an attack
const COUNT_DIGITS_MAX = 7
/** A line may turn out to be counted, so its count is held with it. */
const HELD_MAX_BYTES = MESSAGE_MAX_BYTES + COUNT_DIGITS_MAX + 1
const HELD_FIRST_BYTES = 1024
const HELD_KEPT_BYTES = 16_384

const Framing = { unknown: 0, counted: 1, lines: 2 } as const
const State = { boundary: 0, line: 1, counted: 2, skipLine: 3, skipCounted: 4, closed: 5 } as const
const Kind = { undecided: 0, line: 1, counted: 2, broken: 3 } as const

const isDelimiter = (byte: number): boolean => byte === LF || byte === 0x0d || byte === 0
const NOTHING = Buffer.alloc(0)

export class FrameReader {
  readonly #sink: Sink
  readonly #peer: string
  #framing: number = Framing.unknown
  #state: number = State.boundary
  #held = NOTHING
  #heldLength = 0
  /** Of the count read last: where in the bytes its message begins, and how long it says the message is; 0 is no count. */
  #content = 0
  #count = 0
  /** Bytes of a counted message still to be skipped. */
  #skip = 0
  /** The next LF and NUL of the chunk at hand; each is looked for once, so many of one kind cost no search for the other. */
  #nextLf = 0
  #nextNul = 0
  /** What ended the first line; -1: none has ended. Where it was LF, a NUL ends none any more: it may be in a name that a stranger chose. */
  #ending = -1

  constructor(sink: Sink, peer: string) {
    this.#sink = sink
    this.#peer = peer
  }

  /** Takes the next bytes of the connection; false if it has to be closed, because what follows cannot be parsed. */
  push(chunk: Buffer): boolean {
    this.#nextLf = this.#nextNul = -1
    const end = chunk.length
    let at = 0
    while (at < end && this.#state !== State.closed) {
      if (this.#state === State.boundary) at = this.#heldLength > 0 ? this.#resume(chunk, at) : this.#begin(chunk, at, end)
      else if (this.#state === State.line) at = this.#continueLine(chunk, at, end)
      else if (this.#state === State.counted) at = this.#continueCounted(chunk, at, end)
      else if (this.#state === State.skipLine) at = this.#skipLine(chunk, at, end)
      else at = this.#skipCounted(at, end)
    }
    return this.#state !== State.closed
  }

  /**
   * The connection has ended. An unterminated line is a message if its sender ended it (`isWhole`), for the rest of one that was cut off
   * would be read as another: `action=den` is no allow. A counted message that is cut short is none.
   */
  end(isWhole = true): void {
    const isCutShort = this.#state === State.counted || (this.#heldLength > 0 && !isWhole)
    if (isCutShort) this.#sink.refuse('cut-short', this.#peer)
    else if (this.#heldLength > 0) this.#deliver(this.#held, 0, this.#heldLength)
    this.#state = State.closed
    this.#release()
  }

  /** For another reader, which goes on in the middle of the same stream. */
  suspend(): UnfinishedFrame {
    const numbers = [this.#framing, this.#state, this.#content, this.#count, this.#skip, this.#ending]
    return { numbers, held: Buffer.from(this.#held.subarray(0, this.#heldLength)) }
  }

  continueFrom({ numbers, held }: UnfinishedFrame): void {
    ;[this.#framing, this.#state, this.#content, this.#count, this.#skip, this.#ending] = numbers
    this.#hold(held, 0, held.length)
  }

  #begin(chunk: Buffer, at: number, end: number): number {
    while (at < end && isDelimiter(chunk[at])) at++
    if (at === end) return at
    switch (this.#decide(chunk, at, end)) {
      case Kind.undecided:
        this.#hold(chunk, at, end)
        return end
      case Kind.counted:
        return this.#beginCounted(chunk, end)
      case Kind.line:
        return this.#beginLine(chunk, at, end)
      default:
        return this.#break(end)
    }
  }

  /** The same with the first bytes held from the chunk before: one more is added until it can be decided. */
  #resume(chunk: Buffer, at: number): number {
    // a delimiter is left to the line that it ends
    const kind = isDelimiter(chunk[at]) ? Kind.line : this.#decideHeld(chunk[at++])
    if (kind === Kind.line && this.#framing === Framing.counted) return this.#break(at)
    if (kind === Kind.broken) return this.#break(at)
    if (kind === Kind.line) this.#state = State.line
    if (kind === Kind.counted) {
      const first = this.#held.subarray(this.#content, this.#heldLength)
      this.#heldLength = 0
      this.#startCounted(first, 0, first.length)
    }
    return at
  }

  #decideHeld(byte: number): number {
    this.#reserve(this.#heldLength + 1)
    this.#held[this.#heldLength++] = byte
    return this.#decide(this.#held, 0, this.#heldLength)
  }

  /**
   * What begins at `at`. Digits, a space and `<` are a count. A sender that has counted before may leave the `<` out, and
   * anything else from it than a count or `<` is a broken frame; a sender of lines may begin one with digits, so there a
   * count is only a hint: the line ends at the end of the count or at a delimiter, whichever is first.
   */
  #decide(bytes: Uint8Array, at: number, end: number): number {
    this.#count = 0
    const counting = this.#framing === Framing.counted
    let i = at
    let value = 0
    for (; i < end && i - at <= COUNT_DIGITS_MAX && isDigit(bytes[i]); i++) value = value * 10 + bytes[i] - 0x30
    if (i === end && i - at <= COUNT_DIGITS_MAX) return Kind.undecided
    if (i === at) {
      if (counting && bytes[i] !== LESS) return Kind.broken
      this.#framing = Framing.lines
      return Kind.line
    }
    // longer than a count can be: the same however the bytes arrive, for no byte behind it has to be seen
    const isCount = i - at <= COUNT_DIGITS_MAX && bytes[i] === BLANK && (counting || (i + 1 < end && bytes[i + 1] === LESS))
    if (!isCount) {
      if (counting) return Kind.broken
      if (bytes[i] === BLANK && i + 1 === end) return Kind.undecided
      this.#framing = Framing.lines
      return Kind.line
    }
    const isSound = bytes[at] !== 0x30
    if (isSound) {
      this.#count = value
      this.#content = i + 1
    }
    if (this.#framing === Framing.lines) return Kind.line
    if (!isSound) return Kind.broken
    this.#framing = Framing.counted
    return Kind.counted
  }

  #beginLine(chunk: Buffer, at: number, end: number): number {
    const stop = this.#delimiter(chunk, at, end)
    const limit = this.#count > 0 && this.#count <= MESSAGE_MAX_BYTES ? this.#content + this.#count : 0
    if (limit > 0 && limit <= stop) {
      this.#deliver(chunk, this.#content, limit)
      return limit
    }
    if (stop < end) {
      if (this.#ending < 0) this.#ending = chunk[stop]
      this.#deliver(chunk, at, stop)
      return stop + 1
    }
    this.#state = State.line
    if (limit > 0) this.#content -= at
    else this.#count = 0
    this.#holdLine(chunk, at, end)
    return end
  }

  #continueLine(chunk: Buffer, at: number, end: number): number {
    const stop = this.#delimiter(chunk, at, end)
    const isCounted = this.#count > 0 && this.#count <= MESSAGE_MAX_BYTES
    const limit = at + this.#content + this.#count - this.#heldLength
    if (isCounted && limit <= stop) {
      this.#hold(chunk, at, limit)
      this.#deliverHeld(this.#content)
      return limit
    }
    this.#holdLine(chunk, at, stop)
    if (stop === end) return end
    if (this.#ending < 0) this.#ending = chunk[stop]
    if (this.#state === State.line) this.#deliverHeld(0)
    this.#state = State.boundary
    return stop + 1
  }

  /** Holds a part of a line, or discards the line when it has become too long. */
  #holdLine(chunk: Buffer, at: number, end: number): void {
    if (this.#heldLength + end - at <= HELD_MAX_BYTES) this.#hold(chunk, at, end)
    else {
      this.#sink.refuse('oversize', this.#peer)
      this.#release()
      this.#state = State.skipLine
    }
  }

  #skipLine(chunk: Buffer, at: number, end: number): number {
    const stop = this.#delimiter(chunk, at, end)
    if (stop === end) return end
    if (this.#ending < 0) this.#ending = chunk[stop]
    this.#state = State.boundary
    return stop + 1
  }

  #beginCounted(chunk: Buffer, end: number): number {
    const stop = this.#content + this.#count
    if (stop <= end && this.#count <= MESSAGE_MAX_BYTES) {
      this.#deliver(chunk, this.#content, stop)
      return stop
    }
    return this.#startCounted(chunk, this.#content, end)
  }

  #startCounted(bytes: Buffer, at: number, end: number): number {
    if (this.#count > MESSAGE_MAX_BYTES) {
      this.#sink.refuse('oversize', this.#peer)
      this.#skip = this.#count
      this.#state = State.skipCounted
      return this.#skipCounted(at, end)
    }
    this.#state = State.counted
    return this.#continueCounted(bytes, at, end)
  }

  #continueCounted(chunk: Buffer, at: number, end: number): number {
    const stop = Math.min(end, at + this.#count - this.#heldLength)
    this.#hold(chunk, at, stop)
    if (this.#heldLength === this.#count) this.#deliverHeld(0)
    return stop
  }

  #skipCounted(at: number, end: number): number {
    const step = Math.min(end - at, this.#skip)
    this.#skip -= step
    if (this.#skip === 0) this.#state = State.boundary
    return at + step
  }

  #delimiter(chunk: Buffer, at: number, end: number): number {
    if (this.#nextLf < at) {
      const found = chunk.indexOf(LF, at)
      this.#nextLf = found < 0 ? end : found
    }
    if (this.#nextNul < at) {
      const found = chunk.indexOf(0, at)
      this.#nextNul = found < 0 ? end : found
    }
    return this.#ending === LF ? this.#nextLf : Math.min(this.#nextLf, this.#nextNul)
  }

  #break(at: number): number {
    this.#sink.refuse('broken-frame', this.#peer)
    this.#state = State.closed
    this.#release()
    return at
  }

  #deliver(bytes: Uint8Array, start: number, end: number): void {
    while (end > start && isDelimiter(bytes[end - 1])) end--
    if (end - start > MESSAGE_MAX_BYTES) this.#sink.refuse('oversize', this.#peer)
    else if (end > start) this.#sink.deliver(bytes, start, end, this.#peer)
  }

  #deliverHeld(start: number): void {
    this.#state = State.boundary
    this.#deliver(this.#held, start, this.#heldLength)
    this.#heldLength = 0
    if (this.#held.length > HELD_KEPT_BYTES) this.#release()
  }

  #hold(chunk: Buffer, at: number, end: number): void {
    this.#reserve(this.#heldLength + end - at)
    chunk.copy(this.#held, this.#heldLength, at, end)
    this.#heldLength += end - at
  }

  #reserve(length: number): void {
    if (length <= this.#held.length) return
    const wider = Buffer.allocUnsafeSlow(Math.max(HELD_FIRST_BYTES, Math.min(HELD_MAX_BYTES, length * 2)))
    this.#held.copy(wider, 0, 0, this.#heldLength)
    this.#held = wider
  }

  #release(): void {
    this.#held = NOTHING
    this.#heldLength = 0
  }
}
