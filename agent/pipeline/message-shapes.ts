// The shape of a message that no recogniser could read: which kinds of characters are where, without the text. Enough to see
// which product it may be and what its fields look like; nothing of a name, an address or a word remains.

const SHAPE_MAX = 160
const READ_MAX_BYTES = 1024

/** `a` for a run of letters, `9` for digits, `~` for bytes beyond ASCII; punctuation and blanks stay (runs of one become one). */
export function shapeOf(bytes: Uint8Array, start: number, end: number): string {
  let shape = ''
  let before = ''
  for (let i = start; i < Math.min(end, start + READ_MAX_BYTES) && shape.length < SHAPE_MAX; i++) {
    const byte = bytes[i]
    const kind =
      byte >= 0x30 && byte <= 0x39
        ? '9'
        : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
          ? 'a'
          : byte > 0x7e || byte < 0x20
            ? '~'
            : String.fromCharCode(byte)
    if (kind !== before) shape += kind
    before = kind
  }
  return shape
}

/** A bounded count of shapes. When it is full, new shapes are only counted as `others`. */
export class Shapes {
  static readonly MAX = 200
  readonly counts = new Map<string, number>()
  others = 0

  note(shape: string): void {
    const known = this.counts.get(shape)
    if (known === undefined && this.counts.size >= Shapes.MAX) this.others++
    else this.counts.set(shape, (known ?? 0) + 1)
  }

  /** The most frequent ones first. */
  top(count: number): { shape: string; count: number }[] {
    return [...this.counts]
      .map(([shape, seen]) => ({ shape, count: seen }))
      .sort((a, b) => b.count - a.count)
      .slice(0, count)
  }
}
