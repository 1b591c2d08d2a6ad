// Numbers of so many bits each, the highest bit first, one behind the other; the last byte is filled up with zeros.

export class BitWriter {
  private readonly bytes: number[] = []
  /** Bits that are used of the last byte; 8 where there is none, or it is full. */
  private used = 8

  /** A whole number below 2^`width`; at most 53 bits. */
  put(value: number, width: number): void {
    for (let left = width; left > 0; ) {
      if (this.used === 8) {
        this.bytes.push(0)
        this.used = 0
      }
      const part = Math.min(left, 8 - this.used)
      left -= part
      const bits = Math.floor(value / 2 ** left) % 2 ** part
      this.bytes[this.bytes.length - 1] |= bits << (8 - this.used - part)
      this.used += part
    }
  }

  /** Of any size, in groups of `group` bits behind one bit each that says whether more follow; the lowest group first. */
  number(value: number, group: number): void {
    let left = value
    do {
      const rest = Math.floor(left / 2 ** group)
      this.put(rest > 0 ? 1 : 0, 1)
      this.put(left % 2 ** group, group)
      left = rest
    } while (left > 0)
  }

  take(): Buffer {
    return Buffer.from(this.bytes)
  }
}

/** Throws RangeError behind the end, and for a number above 2^53 - 1. */
export class BitReader {
  private readonly bytes: Uint8Array
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  take(width: number): number {
    if (this.at + width > this.bytes.length * 8) throw new RangeError('the bits end too early')
    let value = 0
    for (let left = width; left > 0; ) {
      const used = this.at & 7
      const part = Math.min(left, 8 - used)
      value = value * 2 ** part + ((this.bytes[this.at >> 3] >> (8 - used - part)) & (2 ** part - 1))
      left -= part
      this.at += part
    }
    return value
  }

  number(group: number): number {
    let value = 0
    for (let factor = 1; ; factor *= 2 ** group) {
      const hasMore = this.take(1) === 1
      value += this.take(group) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is too large')
      if (!hasMore) return value
    }
  }

  /** Nothing is left but the zeros that fill the last byte. */
  get atEnd(): boolean {
    const left = this.bytes.length * 8 - this.at
    return left < 8 && (left === 0 || (this.bytes[this.bytes.length - 1] & (2 ** left - 1)) === 0)
  }
}
