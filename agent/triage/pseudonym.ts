// Pseudonyms of internal addresses: the address as one block under AES-128 with a key that never leaves the box. This is
// `ipcrypt-deterministic` of draft-denis-ipcrypt: the same address gives the same pseudonym, so central can count, and
// only the box can turn one back, without keeping a table.
import { type Cipheriv, createCipheriv, createDecipheriv } from 'node:crypto'

export const PSEUDONYM_KEY_BYTES = 16

export class Pseudonyms {
  private readonly key: Uint8Array
  /** One for all: blocks do not depend on each other, and making a cipher costs more than a thousand blocks. */
  private readonly cipher: Cipheriv

  constructor(key: Uint8Array) {
    if (key.length !== PSEUDONYM_KEY_BYTES) throw new RangeError('a pseudonym key has 16 bytes')
    this.key = key
    this.cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  }

  /** What stands for addresses: both are rows of 16 bytes, addresses in network order. */
  of(addresses: Uint8Array): Uint8Array {
    return this.cipher.update(addresses)
  }

  /** The words of the address behind 16 bytes; meaningless words for bytes that this key did not make. */
  back(pseudonym: Uint8Array): Uint32Array {
    const block = createDecipheriv('aes-128-ecb', this.key, null).setAutoPadding(false).update(pseudonym)
    return Uint32Array.from({ length: 4 }, (_, word) => block.readUInt32BE(word * 4))
  }
}
