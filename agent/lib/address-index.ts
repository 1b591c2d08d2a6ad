// Numbers addresses in the order in which they first appear: an open-addressed table over typed arrays, kept and
// cleared between uses, so that numbering a million addresses builds no string and no object.

export class AddressIndex {
  private slots: Int32Array
  private words: Uint32Array
  private kinds: Uint8Array
  count = 0

  constructor(expected = 1024) {
    const size = 2 ** Math.ceil(Math.log2(expected * 2))
    this.slots = new Int32Array(size).fill(-1)
    this.words = new Uint32Array(size * 2)
    this.kinds = new Uint8Array(size / 2)
  }

  clear(): void {
    this.slots.fill(-1)
    this.count = 0
  }

  /** The number of the address of this kind at words[at, at + 4); a new one gets the next number, which is `count` before the call. */
  number(words: Uint32Array, at: number, kind: number): number {
    const mask = this.slots.length - 1
    let slot = hashWords(words, at, kind) & mask
    for (;;) {
      const index = this.slots[slot]
      if (index < 0) break
      if (this.kinds[index] === kind && this.same(index * 4, words, at)) return index
      slot = (slot + 1) & mask
    }
    if (this.count * 2 >= this.slots.length) {
      this.grow()
      return this.number(words, at, kind)
    }
    this.slots[slot] = this.count
    this.kinds[this.count] = kind
    for (let i = 0; i < 4; i++) this.words[this.count * 4 + i] = words[at + i]
    return this.count++
  }

  kindOf(index: number): number {
    return this.kinds[index]
  }

  /** All addresses, four words each, in order of their numbers. */
  get all(): Uint32Array {
    return this.words
  }

  private same(at: number, words: Uint32Array, other: number): boolean {
    return (
      this.words[at] === words[other] &&
      this.words[at + 1] === words[other + 1] &&
      this.words[at + 2] === words[other + 2] &&
      this.words[at + 3] === words[other + 3]
    )
  }

  private grow(): void {
    const { words, kinds, count } = this
    const size = this.slots.length * 2
    this.slots = new Int32Array(size).fill(-1)
    this.words = new Uint32Array(size * 2)
    this.kinds = new Uint8Array(size / 2)
    this.count = 0
    for (let i = 0; i < count; i++) this.number(words, i * 4, kinds[i])
  }
}

/** A mixing hash of an address and one more number. Not keyed: tables that use it are bounded, a flood of collisions costs time only. */
function hashWords(words: Uint32Array, at: number, seed: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ words[at + i], 0xcc9e2d51)
    hash ^= hash >>> 15
  }
  return Math.imul(hash, 0x1b873593) >>> 1
}
