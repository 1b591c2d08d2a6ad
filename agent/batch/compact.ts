// A small batch in few bytes: the same head and columns, but every column as numbers of just so many bits (frame of reference), and
// names of the head as numbers. A message-pack head costs more than all events of a minute at a small site, and zstd finds nothing in
// them. packed-batch.md has the layout. What is read here is checked like any other batch afterwards (columns.ts).
import { BitReader, BitWriter } from '../lib/bits.ts'
import { ByteReader, ByteWriter } from '../lib/byte-writer.ts'
import {
  ACCOUNTING_MAX,
  type ColumnName,
  columnNames,
  type Head,
  NAME_FORM,
  NAME_MAX_CHARACTERS,
  PACK_FORMAT,
  PORT_TABLE_MAX,
  REASONS_MAX,
  TIME_MAX_SECONDS,
} from './layout.ts'
import { countNames, countNumbers, reasonNames, reasonNumbers } from './names.ts'
import { planes } from './planes.ts'
import { unplane } from './read-parts.ts'

/** First byte of a compact batch; that of any other is 0x28, of zstd. */
export const COMPACT = 2
/** Beyond, zstd is as good. */
export const COMPACT_MAX_ROWS = 512

/** How a column's bytes are numbers: one byte each, varints, planes of so many bytes, or 16 bytes that are no number. */
type Form = 'byte' | 'varint' | 'address' | 'planes2' | 'ports' | 'planes' | 'bytes16' | 'kinds'
const forms: Readonly<Record<ColumnName, Form>> = {
  address4: 'address',
  address6: 'bytes16',
  pseudonym: 'bytes16',
  addressKind: 'byte',
  kinds: 'kinds',
  kind: 'varint',
  time: 'varint',
  duration: 'varint',
  source: 'planes',
  destination: 'planes',
  sourcePort: 'byte',
  sourcePortLiteral: 'planes2',
  destinationPort: 'byte',
  destinationPortLiteral: 'ports',
  destinationPortTable: 'varint',
  bytes: 'varint',
  packets: 'varint',
  count: 'varint',
  clock: 'varint',
}
const KIND_FIELDS = 7
/** Bits of a group: in a number of entries, in the smallest number of a column, in numbers of kinds, in those of the head. */
const [COUNT_GROUP, LEAST_GROUP, KIND_GROUP, HEAD_GROUP] = [3, 3, 4, 7]
/** So many bits say how many the numbers of a column have; the largest says 53. */
const WIDTH_BITS = 5
const WIDEST = 2 ** WIDTH_BITS - 1
const NETWORK = 256
/** Ports at which most knock, by number. The list stays as it is. */
const COMMON_PORTS = [
  21, 22, 23, 25, 53, 80, 110, 123, 135, 139, 143, 161, 389, 443, 445, 1433, 1521, 2222, 2323, 3306, 3389, 5060, 5432, 5555, 5900, 5985,
  6379, 8080, 8443, 8888, 9200, 11_211,
]
const COMMON_BITS = 5

/** The batch in its compact form. `parts` are its columns as they are in the other form. */
export function packCompact({ rows, messages, base, reasons, accounting }: Head, parts: readonly Uint8Array[]): Buffer {
  const out = new BitWriter()
  out.put(COMPACT, 8)
  for (const number of [rows, messages - rows, base, reasons.length]) out.number(number, HEAD_GROUP)
  for (const reason of reasons) writeName(out, reason, reasonNumbers)
  const counts = Object.entries(accounting)
  out.number(counts.length, HEAD_GROUP)
  for (const [name, count] of counts) {
    writeName(out, name, countNumbers)
    out.number(count, HEAD_GROUP)
  }
  for (const [i, column] of columnNames.entries()) writeColumn(out, forms[column], parts[i], rows)
  return out.take()
}

function writeName(out: BitWriter, name: string, numbers: ReadonlyMap<string, number>): void {
  const number = numbers.get(name) ?? 0
  out.number(number, HEAD_GROUP)
  if (number > 0) return
  out.number(name.length, HEAD_GROUP)
  for (const byte of Buffer.from(name, 'latin1')) out.put(byte, 8)
}

function writeColumn(out: BitWriter, form: Form, bytes: Uint8Array, rows: number): void {
  if (form === 'bytes16') {
    writeCount(out, bytes.length / 16, rows)
    for (const byte of bytes) out.put(byte, 8)
    return
  }
  const numbers = numbersIn(form, bytes, rows)
  if (form === 'kinds') {
    const kinds = numbers.length / KIND_FIELDS
    writeCount(out, kinds, rows)
    writeKinds(out, numbers)
    return
  }
  writeCount(out, numbers.length, rows)
  if (form === 'address') writeAddresses(out, numbers)
  else if (form === 'ports') writePorts(out, numbers)
  else if (numbers.length > 0) writeNumbers(out, numbers)
}

function writeCount(out: BitWriter, count: number, rows: number): void {
  out.put(count === rows ? 0 : 1, 1)
  if (count !== rows) out.number(count, COUNT_GROUP)
}

/** In as many bits as the largest needs, or, where that is shorter, their difference to the smallest. */
function writeNumbers(out: BitWriter, numbers: readonly number[]): void {
  const smallest = Math.min(...numbers)
  const largest = Math.max(...numbers)
  const leastBits = Math.ceil(Math.max(1, bitsOf(smallest)) / LEAST_GROUP) * (LEAST_GROUP + 1)
  const saved = (widthOf(largest) - widthOf(largest - smallest)) * numbers.length
  const least = saved > leastBits ? smallest : 0
  const width = widthOf(largest - least)
  out.put(Math.min(width, WIDEST), WIDTH_BITS)
  out.put(least > 0 ? 1 : 0, 1)
  if (least > 0) out.number(least, LEAST_GROUP)
  for (const number of numbers) out.put(number - least, width)
}

/** Each field of a kind is that of the kind before, or stated. */
function writeKinds(out: BitWriter, numbers: readonly number[]): void {
  for (const [i, number] of numbers.entries()) {
    const isFirst = i < KIND_FIELDS
    const isSame = !isFirst && numbers[i - KIND_FIELDS] === number
    if (!isFirst) out.put(isSame ? 1 : 0, 1)
    if (!isSame) out.number(number, KIND_GROUP)
  }
}

function writePorts(out: BitWriter, ports: readonly number[]): void {
  for (const port of ports) {
    const common = COMMON_PORTS.indexOf(port)
    out.put(common < 0 ? 0 : 1, 1)
    if (common < 0) out.put(port, 16)
    else out.put(common, COMMON_BITS)
  }
}

/** Behind one that is in the same /24 the last byte is enough. */
function writeAddresses(out: BitWriter, addresses: readonly number[]): void {
  let before = -1
  for (const address of addresses) {
    const isNear = Math.floor(address / NETWORK) === before
    before = Math.floor(address / NETWORK)
    out.put(isNear ? 1 : 0, 1)
    if (isNear) out.put(address % NETWORK, 8)
    else out.put(address, 32)
  }
}

const widthOf = (value: number): number => (bitsOf(value) < WIDEST ? bitsOf(value) : 53)

const bitsOf = (value: number): number => {
  let bits = 0
  for (let left = value; left > 0; left = Math.floor(left / 2)) bits++
  return bits
}

function numbersIn(form: Form, bytes: Uint8Array, rows: number): number[] {
  if (form === 'byte') return [...bytes]
  if (form === 'address') return [...unplane(bytes, bytes.length / 4, 4, 4)]
  if (form === 'planes2' || form === 'ports') return [...unplane(bytes, bytes.length / 2, 2, 2)]
  if (form === 'planes') return [...unplane(bytes, rows, 1, 3)]
  const reader = new ByteReader(bytes)
  const numbers: number[] = []
  while (!reader.atEnd) numbers.push(reader.varint())
  return numbers
}

/** What packCompact was given. Throws RangeError for what it cannot have written. */
export function readCompact(data: Uint8Array): { head: Head; parts: readonly Uint8Array[] } {
  const input = new BitReader(data)
  if (input.take(8) !== COMPACT) throw new RangeError('this is no compact batch')
  const number = (max: number) => within(input.number(HEAD_GROUP), max)
  const rows = number(COMPACT_MAX_ROWS)
  const messages = rows + number(Number.MAX_SAFE_INTEGER - COMPACT_MAX_ROWS)
  const base = number(TIME_MAX_SECONDS)
  const reasons = Array.from({ length: number(REASONS_MAX) }, () => readName(input, reasonNames))
  const accounting: Record<string, number> = {}
  for (let left = number(ACCOUNTING_MAX); left > 0; left--) {
    const name = readName(input, countNames)
    if (Object.hasOwn(accounting, name)) throw new RangeError('a count is stated twice')
    accounting[name] = number(Number.MAX_SAFE_INTEGER)
  }
  const parts = columnNames.map(column => readColumn(input, forms[column], rows))
  if (!input.atEnd) throw new RangeError('there is more than the columns')
  return { head: { format: PACK_FORMAT, rows, messages, base, lengths: parts.map(part => part.length), reasons, accounting }, parts }
}

function within(value: number, max: number): number {
  if (value > max) throw new RangeError('a number is out of bounds')
  return value
}

function readName(input: BitReader, names: readonly string[]): string {
  const number = within(input.number(HEAD_GROUP), names.length)
  if (number > 0) return names[number - 1]
  const length = within(input.number(HEAD_GROUP), NAME_MAX_CHARACTERS)
  const name = String.fromCharCode(...Array.from({ length }, () => input.take(8)))
  if (!NAME_FORM.test(name)) throw new RangeError('a name has another form')
  return name
}

function readColumn(input: BitReader, form: Form, rows: number): Uint8Array {
  const count = input.take(1) === 0 ? rows : within(input.number(COUNT_GROUP), 2 * rows + PORT_TABLE_MAX)
  if (form === 'bytes16') return Uint8Array.from({ length: count * 16 }, () => input.take(8))
  if (form === 'address') return planes(Uint32Array.from(readAddresses(input, count)), 4)
  if (form === 'kinds') {
    return varints([...readKinds(input, count)])
  }
  if (form === 'ports')
    return planes(
      Uint32Array.from({ length: count }, () => readPort(input)),
      2,
    )
  const numbers = count > 0 ? readNumbers(input, count) : []
  if (form === 'varint') return varints(numbers)
  if (form === 'byte') return Uint8Array.from(numbers, value => within(value, 0xff))
  const values = Uint32Array.from(numbers, value => within(value, form === 'planes2' ? 0xffff : 0xffffff))
  return form === 'planes2' ? planes(values, 2) : planes(values)
}

function readNumbers(input: BitReader, count: number): number[] {
  const stated = input.take(WIDTH_BITS)
  const width = stated === WIDEST ? 53 : stated
  const least = input.take(1) === 1 ? input.number(LEAST_GROUP) : 0
  return Array.from({ length: count }, () => within(least + input.take(width), Number.MAX_SAFE_INTEGER))
}

function* readKinds(input: BitReader, count: number): Generator<number> {
  const before: number[] = new Array(KIND_FIELDS).fill(0)
  for (let i = 0; i < count * KIND_FIELDS; i++) {
    const isSame = i >= KIND_FIELDS && input.take(1) === 1
    if (!isSame) before[i % KIND_FIELDS] = input.number(KIND_GROUP)
    yield before[i % KIND_FIELDS]
  }
}

const readPort = (input: BitReader): number => (input.take(1) === 1 ? COMMON_PORTS[input.take(COMMON_BITS)] : input.take(16))

function* readAddresses(input: BitReader, count: number): Generator<number> {
  let network = 0
  for (let i = 0; i < count; i++) {
    const address = input.take(1) === 1 ? network * NETWORK + input.take(8) : input.take(32)
    network = Math.floor(address / NETWORK)
    yield address
  }
}

function varints(numbers: readonly number[]): Uint8Array {
  const out = new ByteWriter()
  for (const number of numbers) out.varint(number)
  return out.take()
}
