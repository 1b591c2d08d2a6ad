// Addresses of peers as text, without making the text anew for each datagram. Holds a bounded number, however many come.
import { formatAddress } from '../../lib/address.ts'

/** More than gateways that a box usually hears; two that fall on one place only cost time. */
const PLACES = 256
const WORDS = 4

export class PeerNames {
  readonly #words = new Uint32Array(PLACES * WORDS)
  readonly #names: string[] = new Array(PLACES).fill('')

  /** The address in words[at, at + 4) in its shortest form; IPv4, that is ::ffff:a.b.c.d, as a.b.c.d. */
  of(words: Uint32Array, at: number): string {
    const last = words[at + 3]
    const place = (last ^ (last >>> 8) ^ words[at + 1]) & (PLACES - 1)
    const known = this.#words
    const base = place * WORDS
    const name = this.#names[place]
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
    this.#names[place] = made
    return made
  }
}
