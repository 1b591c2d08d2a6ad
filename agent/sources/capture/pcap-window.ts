// The bytes of a stream that were pushed and not yet taken: one buffer, which is as large as the largest record and chunk
// ask for, and no larger. Knows where in the stream it is.

const START_BYTES = 1 << 16

export class ByteWindow {
  /** What may be read is bytes[at, end); a reader moves `at`. */
  bytes = new Uint8Array(START_BYTES)
  at = 0
  end = 0
  /** Place in the stream of bytes[0]. */
  private base = 0
  /** Bytes that are still to be passed over, of those that were not pushed yet. */
  private skipping = 0

  /** Place in the stream of bytes[at]. */
  get offset(): number {
    return this.base + this.at
  }

  /** True while something is promised: what is skipped, or the rest of what was looked at. */
  get isMidway(): boolean {
    return this.skipping > 0 || this.end > this.at
  }

  /** Copies: the chunk may be used again at once. Offsets into `bytes` from before hold no more. */
  push(chunk: Uint8Array): void {
    const passed = Math.min(this.skipping, chunk.length)
    this.skipping -= passed
    const rest = passed === 0 ? chunk : chunk.subarray(passed)
    const unread = this.end - this.at
    this.base += this.at + passed
    this.makeRoom(unread, unread + rest.length)
    this.bytes.set(rest, unread)
    this.at = 0
    this.end = unread + rest.length
  }

  /** Passes over `length` bytes, whether they are here or are yet to come. */
  skip(length: number): void {
    const here = Math.min(length, this.end - this.at)
    this.at += here
    this.skipping += length - here
  }

  private makeRoom(unread: number, size: number): void {
    const { bytes, at, end } = this
    if (size <= bytes.length) {
      if (unread > 0 && at > 0) bytes.copyWithin(0, at, end)
      return
    }
    this.bytes = new Uint8Array(size)
    this.bytes.set(bytes.subarray(at, end))
  }
}
