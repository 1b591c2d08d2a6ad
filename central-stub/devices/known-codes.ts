// The hashes of all codes that were issued, in memory: whether a code is worth looking at is known without asking the
// database, so that strangers who try codes cost next to nothing. What a code is good for, and whether it has expired, the database
// says each time: the clock of this moment may be wrong.
import * as z from 'zod'
import type { Reader } from '../register/register.ts'
import { hexBlob } from '../register/values.ts'

export class KnownCodes {
  private hashes = new Set<string>()

  load(reader: Reader): void {
    const rows = reader.read(z.object({ hash: hexBlob }), 'SELECT hash FROM codes')
    this.hashes = new Set(rows.map(({ hash }) => hash))
  }

  add(hash: string): void {
    this.hashes.add(hash)
  }

  has(hash: string): boolean {
    return this.hashes.has(hash)
  }
}
