// Addresses of peers as text, cached so that the text is not made again for each datagram. The cache has a fixed size.
import { formatAddress } from '../../lib/address.ts'

/** More than the usual number of gateways; a collision only costs time. */
const SLOTS = 256
const WORDS = 4

export class PeerNames {
  readonly #words = new Uint32Array(SLOTS * WORDS)
  readonly #names: string[] = new Array(SLOTS).fill('')

  /** The address in words[at, at + 4) in its shortest form; IPv4, that is ::ffff:a.b.c.d, as a.b.c.d. */
  of(words: Uint32Array, at: number): string {
    const last = words[at + 3]
    const slot = (last ^ (last >>> 8) ^ words[at + 1]) & (SLOTS - 1)
    const known = this.#words
    const base = slot * WORDS
    const name = this.#names[slot]
    if (
      known[base + 3] === last &&
      known[base + 2] === words[at + 2] &&
      known[base + 1] === words[at + 1] &&
      known[base] === words[at] &&
      name !== ''
    )
      return name
    for (let i = 0; i < WORDS; i++) known[base + i] = words[at + i]
    const made = formatAddress(words, at)
    this.#names[slot] = made
    return made
  }
}
