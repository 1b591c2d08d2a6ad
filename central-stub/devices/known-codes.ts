// The hashes of all codes that were issued, in memory: whether a code is worth looking at is known without asking the
// database, so that strangers who try codes cost next to nothing. What a code is good for, and whether it has expired, the database
// says each time: the clock of this moment may be wrong.
import * as z from 'zod'
import type { Reader } from '../store/store.ts'

export class KnownCodes {
  private hashes = new Set<string>()

  async load(reader: Reader): Promise<void> {
    const rows = await reader.read(z.object({ hash: z.string() }), 'SELECT hash FROM codes')
    this.hashes = new Set(rows.map(({ hash }) => hash))
  }

  add(hash: string): void {
    this.hashes.add(hash)
  }

  has(hash: string): boolean {
    return this.hashes.has(hash)
  }
}
