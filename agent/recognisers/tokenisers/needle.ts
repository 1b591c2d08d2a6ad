// A short text to be found in messages again and again: looks at one byte in as many as the text is long (Horspool 1980),
// so that recognisers can ask whether a message is theirs without walking it.
import { ascii, startsWith } from '../../lib/bytes.ts'

export class Needle {
  readonly length: number
  readonly text: Uint8Array
  /** How far the text may be moved on when this byte stands under its end. */
  private readonly steps: Uint8Array

  /** `text`: ASCII, at most 255 bytes. */
  constructor(text: string) {
    this.text = ascii(text)
    this.length = this.text.length
    this.steps = new Uint8Array(256).fill(this.length)
    for (let i = 0; i < this.length - 1; i++) this.steps[this.text[i]] = this.length - 1 - i
  }

  /** Where the text begins in bytes[start, end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const { text, steps, length } = this
    const last = length - 1
    const final = text[last]
    for (let at = start + last; at < end; ) {
      const byte = bytes[at]
      const step = steps[byte]
      // a step that is known before the byte is: the processor goes on while it is being fetched
      if (step === length && byte !== final) at += length
      else {
        if (byte === final && startsWith(bytes, at - last, end, text)) return at - last
        at += step
      }
    }
    return -1
  }
}
