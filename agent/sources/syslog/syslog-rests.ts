// Leaves connections alone for moments while little comes over them, so that one wake-up serves many messages; the kernel keeps
// what comes meanwhile, and a sender notices nothing before its window is full. Over UDP node-netfilter-log does the same.
import type { Socket } from 'node:net'

/** A message waits for two of them at most: that in which it comes, and one more if something was read ahead before it. */
const REST_MAX_MS = 20
/** Shorter ones cost more than they save. */
const REST_MIN_MS = 2
/** So much is to come meanwhile, if it goes on as it did: a quarter of the smallest usual window. */
const REST_BYTES = 16 * 1024

export class Rests {
  readonly #resting = new Map<Socket, NodeJS.Timeout>()
  #isOver = false

  /** What is to be called with the length of each chunk of that connection. */
  of(socket: Socket): (bytes: number) => void {
    let chunkAt = performance.now()
    let awakeSince = chunkAt
    return bytes => {
      const now = performance.now()
      const restMs = Math.min(REST_MAX_MS, ((now - chunkAt) * REST_BYTES) / bytes)
      // of one that sends so seldom each message is waited for
      const isSeldom = now - awakeSince >= REST_MAX_MS / 2
      chunkAt = now
      awakeSince = now
      // over TLS there may be many chunks at once, of a message each
      if (this.#isOver || isSeldom || restMs < REST_MIN_MS || socket.readableLength > 0) return
      socket.pause()
      const wake = () => {
        this.#resting.delete(socket)
        awakeSince = performance.now()
        socket.resume()
      }
      this.#resting.set(socket, setTimeout(wake, restMs))
    }
  }

  /** No connection rests from now on. */
  end(): void {
    this.#isOver = true
    for (const [socket, timer] of this.#resting) {
      clearTimeout(timer)
      socket.resume()
    }
    this.#resting.clear()
  }
}
