// Bytes written one after another into a buffer that grows by doubling and is kept for the next use.

export class ByteWriter {
  private bytes = Buffer.allocUnsafe(1024)
  length = 0

  reset(): void {
    this.length = 0
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = value
  }

  /** Unsigned, up to 2^53, seven bits a byte, lowest first (LEB128). */
  varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.byte((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    this.byte(rest)
  }

  /** Signed, small magnitudes of either sign being short. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  append(data: Uint8Array): void {
    if (this.length + data.length > this.bytes.length) this.grow(data.length)
    this.bytes.set(data, this.length)
    this.length += data.length
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length))
  }

  private grow(needed: number): void {
    const next = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + needed))
    this.bytes.copy(next, 0, 0, this.length)
    this.bytes = next
  }
}

/** Reads what a ByteWriter wrote; running past the end throws a RangeError. */
export class ByteReader {
  private readonly bytes: Uint8Array
  private at = 0
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new RangeError('a column ends too early')
    return this.bytes[this.at++]
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new RangeError('a number is too long')
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new RangeError('a column ends too early')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length
  }
}
