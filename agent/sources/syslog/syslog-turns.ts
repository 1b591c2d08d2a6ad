// Shares the time of the one thread among connections and everything else: however much comes, and in however small messages
// (64 KiB may be 32,768), connections take a few milliseconds in a row, and then others have their turn. A connection that has more
// is paused meanwhile, and read on in the order in which they came.
import type { Socket } from 'node:net'
import { setImmediate as setImmediateAsync } from 'node:timers/promises'

const TURN_MS = 5
const SLICE_BYTES = 16 * 1024
/** What lies this far apart is not in a row. */
const APART_MS = 0.5

interface Work {
  readonly chunk: Buffer
  at: number
  readonly push: (bytes: Buffer) => void
  /** What is to be done when all of it was read. */
  next: () => void
}

export class Turns {
  /** In the order of their turns. */
  readonly #waiting = new Map<Socket, Work>()
  #beganAt = 0
  #workedAt = 0

  /** Has `push` read the chunk, in slices; false if not all of it could be read in this turn. */
  take(socket: Socket, chunk: Buffer, push: (bytes: Buffer) => void): boolean {
    const now = performance.now()
    if (now - this.#workedAt > APART_MS) this.#beganAt = now
    const work = { chunk, at: 0, push, next: () => void socket.resume() }
    if (this.#waiting.size === 0 && now - this.#beganAt < TURN_MS && this.#isDone(work)) return true
    socket.pause()
    if (this.#waiting.size === 0) setImmediate(() => this.#next())
    this.#waiting.set(socket, work)
    return false
  }

  /** Calls `next` when everything was read that is left of a connection that was closed. */
  whenDone(socket: Socket, next: () => void): void {
    const work = this.#waiting.get(socket)
    if (work === undefined) next()
    else work.next = next
  }

  /** Reads what is left of a connection at once, whoever else waits; it stays paused. */
  finish(socket: Socket): void {
    const work = this.#waiting.get(socket)
    if (work === undefined) return
    this.#waiting.delete(socket)
    for (; work.at < work.chunk.length; work.at += SLICE_BYTES) work.push(work.chunk.subarray(work.at, work.at + SLICE_BYTES))
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await setImmediateAsync()
  }

  /** Reads slices until nothing is left or the turn is over. */
  #isDone(work: Work): boolean {
    do {
      work.push(work.chunk.subarray(work.at, work.at + SLICE_BYTES))
      work.at += SLICE_BYTES
      this.#workedAt = performance.now()
    } while (work.at < work.chunk.length && this.#workedAt - this.#beganAt < TURN_MS)
    return work.at >= work.chunk.length
  }

  #next(): void {
    this.#beganAt = performance.now()
    for (const [socket, work] of this.#waiting) {
      this.#waiting.delete(socket)
      if (this.#isDone(work)) work.next()
      else this.#waiting.set(socket, work)
      if (this.#workedAt - this.#beganAt >= TURN_MS) break
    }
    if (this.#waiting.size > 0) setImmediate(() => this.#next())
  }
}
