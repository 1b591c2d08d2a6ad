// Reads a file from front to back in bounded pieces, and lets someone look at every byte that goes by: one pass gives the
// structure of a disk and its hash.

export interface Source {
  readonly bytes: number
  /** Fewer bytes than asked for only at the end. */
  read(position: number, length: number): Promise<Buffer>
}

const AT_ONCE = 1 << 20

export class Cursor {
  #source: Source
  #seen: (bytes: Buffer) => void
  #buffer: Buffer = Buffer.alloc(0)
  #next: number
  readonly end: number
  /** Where `take` reads next, in the source. */
  position: number

  constructor(source: Source, position: number, end: number, seen: (bytes: Buffer) => void = () => undefined) {
    this.#source = source
    this.#seen = seen
    this.#next = this.position = position
    this.end = Math.min(end, source.bytes)
  }

  /** The next bytes; undefined where there are not so many. `length` is at most 1 MiB. */
  async take(length: number): Promise<Buffer | undefined> {
    if (this.position + length > this.end) return undefined
    while (this.#buffer.length < length) {
      const bytes = await this.#source.read(this.#next, Math.min(AT_ONCE, this.end - this.#next))
      if (bytes.length === 0) return undefined
      this.#next += bytes.length
      this.#seen(bytes)
      this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes])
    }
    const taken = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    this.position += length
    return taken
  }

  /** Goes to the end, so that all of it has been seen. */
  async drain(): Promise<void> {
    while (this.position < this.end) {
      if ((await this.take(Math.min(AT_ONCE, this.end - this.position))) === undefined) return
    }
  }
}
