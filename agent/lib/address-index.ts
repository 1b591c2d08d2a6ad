// Numbers addresses in the order in which they first appear: an open-addressed table over typed arrays, so that numbering a
// million addresses builds no string and no object. Strangers choose what is numbered, so its hash has random keys
// (keyed-hash.ts), and no address is looked up in more than PROBES_MAX places: before that the table gets other keys.
import { ADDRESS_WORDS, AddressSum, mix, productOf, randomKeys } from './keyed-hash.ts'

/** With half of the slots free, one look-up in 2^30 would need more. */
const PROBES_MAX = 128

export class AddressIndex {
  count = 0
  /** 1 + the number of the address that is there; 0 is free. */
  private slots: Int32Array
  private words: Uint32Array
  private kinds: Uint8Array
  private keys: Uint16Array
  private sum: AddressSum
  private readonly makeKeys: typeof randomKeys

  /** For as many addresses as are expected it never has to grow. */
  constructor(expected: number, makeKeys = randomKeys) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(expected, 1) * 2))
    this.slots = new Int32Array(size)
    this.words = new Uint32Array(size * 2)
    this.kinds = new Uint8Array(size / 2)
    this.makeKeys = makeKeys
    this.keys = makeKeys(ADDRESS_WORDS + 1)
    this.sum = new AddressSum(this.keys)
  }

  /** The number of the address of this kind at words[at, at + 4); a new one gets the next number, which is `count` before the call. */
  number(words: Uint32Array, at: number, kind: number): number {
    const { slots, kinds } = this
    const mask = slots.length - 1
    let slot = mix(this.sum.of(words, at) + productOf(kind, this.keys, ADDRESS_WORDS)) & mask
    for (let left = PROBES_MAX; left > 0; left--) {
      const index = slots[slot] - 1
      if (index < 0) return this.add(slot, words, at, kind)
      if (kinds[index] === kind && this.same(index * 4, words, at)) return index
      slot = (slot + 1) & mask
    }
    this.rebuild(slots.length)
    return this.number(words, at, kind)
  }

  kindOf(index: number): number {
    return this.kinds[index]
  }

  /** All addresses, four words each, in order of their numbers. */
  get all(): Uint32Array {
    return this.words
  }

  private add(slot: number, words: Uint32Array, at: number, kind: number): number {
    if (this.count * 2 >= this.slots.length) {
      this.rebuild(this.slots.length * 2)
      return this.number(words, at, kind)
    }
    this.slots[slot] = this.count + 1
    this.kinds[this.count] = kind
    for (let i = 0; i < 4; i++) this.words[this.count * 4 + i] = words[at + i]
    return this.count++
  }

  private same(at: number, words: Uint32Array, other: number): boolean {
    return (
      this.words[at] === words[other] &&
      this.words[at + 1] === words[other + 1] &&
      this.words[at + 2] === words[other + 2] &&
      this.words[at + 3] === words[other + 3]
    )
  }

  private rebuild(size: number): void {
    const { words, kinds, count } = this
    this.slots = new Int32Array(size)
    this.words = new Uint32Array(size * 2)
    this.kinds = new Uint8Array(size / 2)
    this.keys = this.makeKeys(ADDRESS_WORDS + 1)
    this.sum = new AddressSum(this.keys)
    this.count = 0
    for (let i = 0; i < count; i++) this.number(words, i * 4, kinds[i])
  }
}
