// The audit log of central: append-only, chained and signed entries in the register. An entry is written in the transaction of what
// it tells of, so that neither is there without the other.
import * as z from 'zod'
import type { Reader, Transaction } from '../register/register.ts'
import { type Action, type Entry, type Facts, type Head, makeEntry, noEntry } from './entry.ts'
import type { AuditKey } from './key.ts'

const PAGE = 500
const bytes = z.instanceof(Uint8Array).transform(value => Buffer.from(value))
const headSchema = z.object({ number: z.number(), hash: bytes })
const entrySchema = z
  .object({ number: z.number(), entry: z.string(), hash: bytes, signature: bytes })
  .transform(({ entry, ...rest }): Entry => ({ ...rest, text: entry }))

export class Audit {
  private readonly register: Reader
  private readonly key: AuditKey
  private readonly now: () => number

  constructor(register: Reader, key: AuditKey, now: () => number) {
    this.register = register
    this.key = key
    this.now = now
  }

  get head(): Head {
    return headOf(this.register)
  }

  /** Appends an entry; its number. */
  record(transaction: Transaction, action: Action, facts: Facts): number {
    const entry = makeEntry(headOf(transaction), action, facts, this.now(), this.key.privateKey)
    transaction.run('INSERT INTO audit VALUES ($number, $action, $entry, $hash, $signature)', {
      number: entry.number,
      action,
      entry: entry.text,
      hash: entry.hash,
      signature: entry.signature,
    })
    return entry.number
  }

  /** Entries after a number, the oldest first, of one action or of all. */
  after(number: number, action: Action | undefined, most = PAGE): Entry[] {
    const sql = `SELECT number, entry, hash, signature FROM audit
      WHERE number > $number AND ($action IS NULL OR action = $action) ORDER BY number LIMIT $most`
    return this.register.read(entrySchema, sql, { number, action: action ?? null, most })
  }

  /** The last entries, the oldest first. */
  last(most: number, action?: Action): Entry[] {
    const sql = `SELECT number, entry, hash, signature FROM audit
      WHERE $action IS NULL OR action = $action ORDER BY number DESC LIMIT $most`
    return this.register.read(entrySchema, sql, { action: action ?? null, most }).reverse()
  }

  /** First line of an export that begins after an entry; 0 is the beginning. */
  exportHead(after = 0): string {
    const { id, publicKey } = this.key
    const [from = noEntry] = this.register.read(headSchema, 'SELECT number, hash FROM audit WHERE number = $after', { after })
    return JSON.stringify({
      format: 'cyberalarm audit v1',
      key: id,
      publicKey: publicKey.toString('base64'),
      after: from.number,
      afterHash: from.hash.toString('hex'),
    })
  }

  /** An entry as a line of an export. */
  line({ text, hash, signature }: Entry): string {
    return JSON.stringify({ entry: text, hash: hash.toString('hex'), signature: signature.toString('base64') })
  }

  /** Lines that audit/verify.ts verifies, each without its line feed; of entries after a number, or of all. */
  *exportLines(after = 0): Generator<string> {
    yield this.exportHead(after)
    for (let number = after; ; ) {
      const page = this.after(number, undefined)
      for (const entry of page) yield this.line(entry)
      if (page.length < PAGE) return
      number = page[page.length - 1].number
    }
  }
}

function headOf(reader: Reader): Head {
  return reader.read(headSchema, 'SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1')[0] ?? noEntry
}
