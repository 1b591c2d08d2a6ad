// Pseudonyms of internal addresses: the address as one block under AES-128 with a key that never leaves the box. This is
// `ipcrypt-deterministic` of draft-denis-ipcrypt: the same address gives the same pseudonym, so central can count, and
// only the box can turn one back, without keeping a table.
import { createCipheriv, createDecipheriv } from 'node:crypto'

export const PSEUDONYM_KEY_BYTES = 16

export class Pseudonyms {
  private readonly key: Uint8Array
  private readonly block = Buffer.alloc(16)

  constructor(key: Uint8Array) {
    if (key.length !== PSEUDONYM_KEY_BYTES) throw new RangeError('a pseudonym key has 16 bytes')
    this.key = key
  }

  /** The 16 bytes that stand for the address at words[at, at + 4). */
  of(words: Uint32Array, at: number): Uint8Array {
    for (let word = 0; word < 4; word++) this.block.writeUInt32BE(words[at + word], word * 4)
    return createCipheriv('aes-128-ecb', this.key, null).setAutoPadding(false).update(this.block)
  }

  /** The words of the address behind 16 bytes; meaningless words for bytes that this key did not make. */
  back(pseudonym: Uint8Array): Uint32Array {
    const block = createDecipheriv('aes-128-ecb', this.key, null).setAutoPadding(false).update(pseudonym)
    return Uint32Array.from({ length: 4 }, (_, word) => block.readUInt32BE(word * 4))
  }
}
