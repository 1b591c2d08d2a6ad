// The hashes of codes that may still be good, in memory: whether a code is worth looking at is known without asking the
// database, so that strangers who try codes cost next to nothing. What a code is good for, the database says.
import * as z from 'zod'
import { timestamp } from '../store/schema.ts'
import type { Reader } from '../store/store.ts'

export class KnownCodes {
  private hashes = new Set<string>()

  async load(reader: Reader, now: number): Promise<void> {
    const rows = await reader.read(z.object({ hash: z.string() }), 'SELECT hash FROM codes WHERE expires_at > $now', {
      now: timestamp(now),
    })
    this.hashes = new Set(rows.map(({ hash }) => hash))
  }

  add(hash: string): void {
    this.hashes.add(hash)
  }

  has(hash: string): boolean {
    return this.hashes.has(hash)
  }
}
