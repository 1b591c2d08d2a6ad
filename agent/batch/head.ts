// Reads the head of a packed batch: one msgpack map, of which exactly those forms are taken that our writer writes, in its
// order. A general reader of msgpack has extensions and nesting, and whoever writes the bytes chooses what it makes of them.
// Every number, name and count has its bound, and nothing is made before it was checked.
import {
  ACCOUNTING_MAX,
  COLUMNS_MAX,
  FIRST_COLUMNS,
  type Head,
  NAME_FORM,
  NAME_MAX_CHARACTERS,
  PACK_FORMAT,
  REASONS_MAX,
  TIME_MAX_SECONDS,
} from './layout.ts'
import { BATCH_MAX_ROWS } from './open-batch.ts'

const KEYS = 7

/** The head and how many bytes it has. Throws RangeError for any other bytes. */
export function readHead(bytes: Uint8Array): { head: Head; length: number } {
  const reader = new HeadReader(bytes)
  if (reader.map() !== KEYS) throw new RangeError('the head has other fields')
  const format = reader.key('format').integer(PACK_FORMAT)
  if (format !== PACK_FORMAT) throw new RangeError('the head has another format')
  const rows = reader.key('rows').integer(BATCH_MAX_ROWS)
  const messages = reader.key('messages').integer(Number.MAX_SAFE_INTEGER)
  const base = reader.key('base').integer(TIME_MAX_SECONDS)
  // a later version may have columns that we do not know, which are passed over, and an earlier one lacks the last
  const columns = within(reader.key('lengths').array(), FIRST_COLUMNS, COLUMNS_MAX)
  const lengths = Array.from({ length: columns }, () => reader.integer(bytes.length))
  const reasons = Array.from({ length: within(reader.key('reasons').array(), 0, REASONS_MAX) }, () => reader.name())
  const accounting: Record<string, number> = {}
  for (let left = within(reader.key('accounting').map(), 0, ACCOUNTING_MAX); left > 0; left--) {
    const name = reader.name()
    if (Object.hasOwn(accounting, name)) throw new RangeError('a count is stated twice')
    accounting[name] = reader.integer(Number.MAX_SAFE_INTEGER)
  }
  return { head: { format, rows, messages, base, lengths, reasons, accounting }, length: reader.at }
}

function within(value: number, min: number, max: number): number {
  if (value < min || value > max) throw new RangeError('a number of the head is out of bounds')
  return value
}

/** Forms of https://github.com/msgpack/msgpack/blob/master/spec.md; a read behind the end throws RangeError. */
class HeadReader {
  at = 0
  private readonly bytes: Uint8Array
  private readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Number of entries: fixmap or map 16. */
  map(): number {
    const form = this.unsigned(1)
    if (form >> 4 === 0x8) return form & 0xf
    return form === 0xde ? this.unsigned(2) : refuse()
  }

  /** Number of elements: fixarray or array 16. */
  array(): number {
    const form = this.unsigned(1)
    if (form >> 4 === 0x9) return form & 0xf
    return form === 0xdc ? this.unsigned(2) : refuse()
  }

  /** Positive fixint, uint 8 to 32, or a whole number as float 64. */
  integer(max: number): number {
    const form = this.unsigned(1)
    if (form < 0x80) return within(form, 0, max)
    if (form >= 0xcc && form <= 0xce) return within(this.unsigned(2 ** (form - 0xcc)), 0, max)
    if (form !== 0xcb) return refuse()
    const value = this.view.getFloat64(this.at)
    this.at += 8
    return Number.isSafeInteger(value) ? within(value, 0, max) : refuse()
  }

  /** A name as fixstr or str 8. */
  name(): string {
    const form = this.unsigned(1)
    const length = form >> 5 === 0b101 ? form & 0x1f : form === 0xd9 ? this.unsigned(1) : refuse()
    if (length > NAME_MAX_CHARACTERS || this.at + length > this.bytes.length) return refuse()
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at, length).toString('latin1')
    this.at += length
    return NAME_FORM.test(text) ? text : refuse()
  }

  /** Passes over the key of a field, which has to be this one. */
  key(name: string): this {
    return this.name() === name ? this : refuse()
  }

  private unsigned(bytes: number): number {
    const at = this.at
    this.at += bytes
    return bytes === 1 ? this.view.getUint8(at) : bytes === 2 ? this.view.getUint16(at) : this.view.getUint32(at)
  }
}

function refuse(): never {
  throw new RangeError('the head has a form that no box writes')
}
