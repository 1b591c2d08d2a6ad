// The key of the pseudonyms: made on first start, never sent, never shown. Without it old pseudonyms cannot be reversed.
import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { fromJson, mendState, readState, toJson, writeState } from '../lib/state-file.ts'
import { PSEUDONYM_KEY_BYTES, Pseudonyms } from '../triage/pseudonym.ts'

const schema = z.object({ key: z.string().regex(/^[0-9a-f]{32}$/) })
const decodeJson = fromJson(value => new Pseudonyms(Buffer.from(schema.parse(value).key, 'hex')))
/** Before there were checksums the file was the bare key. */
const decode = (bytes: Buffer): Pseudonyms => (bytes.length === PSEUDONYM_KEY_BYTES ? new Pseudonyms(bytes) : decodeJson(bytes))

/** Pseudonyms with the key at `path`; undefined if there is none that can be used. */
export const readPseudonyms = (path: string): Pseudonyms | undefined => readState(path, decode).value

export class PseudonymKey {
  readonly pseudonyms: Pseudonyms
  /** What was wrong with the copies of the key. */
  readonly damage: readonly string[]
  /** True if no copy could be used, and there is a new key. */
  readonly isLost: boolean
  private readonly path: string
  private unsaved = ''

  /** Opens the key at `path`. A new one is on the disk after `flush`. */
  constructor(path: string) {
    const { value, damage } = mendState(path, decode)
    this.path = path
    this.damage = damage
    this.isLost = value === undefined && damage.length > 0
    const key = randomBytes(PSEUDONYM_KEY_BYTES)
    if (value === undefined) this.unsaved = toJson({ key: key.toString('hex') })
    this.pseudonyms = value ?? new Pseudonyms(key)
  }

  /** Keeps a new key on the disk: to be called before a pseudonym leaves the box. Throws on a full disk; then call again. */
  flush(): void {
    if (this.unsaved === '') return
    writeState(this.path, this.unsaved)
    this.unsaved = ''
  }
}
