// What a device can make central do by what it seals: sizes are known before anything is made, and follow from the rows.
import { constants, zstdCompressSync } from 'node:zlib'
import { Packr } from 'msgpackr'
import t, { type TAP } from 'tap'
import { BatchClock, unpackColumns } from './columns.ts'
import { compress } from './compress.ts'
import { type ColumnName, columnNames, FIRST_COLUMNS, UNPACKED_MAX_BYTES } from './layout.ts'

const packr = new Packr({ useRecords: false })
const ROWS_MAX = 32_768
const MUCH = 5
const MOST = UNPACKED_MAX_BYTES - 4096

/** A batch of these columns and no others, under a head that states their lengths. */
function packed(columns: Partial<Record<ColumnName, Uint8Array>>, rows: number): Promise<Buffer> {
  const parts = columnNames.map(name => columns[name] ?? new Uint8Array(0))
  const lengths = parts.map(part => part.length)
  return compress([packr.pack({ format: 1, rows, messages: rows, base: 1_790_000_000, lengths, reasons: ['x'], accounting: {} }), ...parts])
}

const columnsOf = (rows: number): Partial<Record<ColumnName, Uint8Array>> => ({
  kinds: rows === 0 ? Buffer.alloc(0) : Buffer.alloc(7),
  kind: Buffer.alloc(rows),
  time: Buffer.alloc(rows),
  duration: Buffer.alloc(rows),
  source: Buffer.alloc(rows, 1),
  destination: Buffer.alloc(rows, 1),
  sourcePort: Buffer.alloc(rows),
  destinationPort: Buffer.alloc(rows),
  bytes: Buffer.alloc(rows),
  packets: Buffer.alloc(rows),
  count: Buffer.alloc(rows, 1),
})

const refuses = (t: Pick<TAP, 'throws'>, bytes: Uint8Array, name: string) =>
  t.throws(() => unpackColumns(bytes), { code: 'batch-malformed' }, name)

/** How long reading or refusing takes, ms: the least of some runs, of which there are more while it is too much. */
function cost(bytes: Uint8Array, enough = 0): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 4 && least > enough; run++) {
    const before = performance.now()
    try {
      unpackColumns(bytes)
    } catch {
      // a refusal has its cost too
    }
    least = Math.min(least, performance.now() - before)
  }
  return least
}

/** A batch of which there is as much of everything as there may be. */
const full: Partial<Record<ColumnName, Uint8Array>> = {
  ...columnsOf(ROWS_MAX),
  kinds: Buffer.alloc(ROWS_MAX * 7),
  sourcePort: Buffer.alloc(ROWS_MAX, 2),
  sourcePortLiteral: Buffer.alloc(ROWS_MAX * 2),
  destinationPort: Buffer.alloc(ROWS_MAX, 2),
  destinationPortLiteral: Buffer.alloc(ROWS_MAX * 2),
  source: Buffer.alloc(ROWS_MAX),
  destination: Buffer.alloc(ROWS_MAX),
  addressKind: Buffer.alloc(ROWS_MAX * 2),
  address4: Buffer.alloc(ROWS_MAX * 8),
}

t.test('some hundred bytes that are 8 MiB of kinds, addresses or ports cost no more than a full batch, and are refused', async t => {
  const honest = await packed(full, ROWS_MAX)
  t.equal(unpackColumns(honest).rows, ROWS_MAX)
  const measure = cost(honest)
  for (const rows of [0, ROWS_MAX]) {
    const whole = columnsOf(rows)
    const room = MOST - 12 * rows
    const addresses = (column: ColumnName, length: number, kind: number) => {
      const count = Math.floor(room / (length + 1))
      return { ...whole, [column]: Buffer.alloc(count * length), addressKind: Buffer.alloc(count, kind) }
    }
    const bombs: Record<string, Partial<Record<ColumnName, Uint8Array>>> = {
      kinds: { ...whole, kinds: Buffer.alloc(room) },
      'IPv4 addresses': addresses('address4', 4, 0),
      'IPv6 addresses': addresses('address6', 16, 1),
      pseudonyms: addresses('pseudonym', 16, 2),
      'kinds of addresses': { ...whole, addressKind: Buffer.alloc(room) },
      'the table of ports': { ...whole, destinationPortTable: Buffer.alloc(room) },
      'source ports': { ...whole, sourcePortLiteral: Buffer.alloc(room) },
      'destination ports': { ...whole, destinationPortLiteral: Buffer.alloc(room) },
      'a column of numbers': { ...whole, bytes: Buffer.alloc(room) },
      'a column of symbols': { ...whole, source: Buffer.alloc(room) },
    }
    for (const [name, columns] of Object.entries(bombs)) {
      const bytes = await packed(columns, rows)
      refuses(t, bytes, `${name} under ${rows} rows`)
      const ratio = cost(bytes, measure * MUCH) / measure
      t.ok(ratio < MUCH, `${name}, ${bytes.length} bytes under ${rows} rows: ${ratio.toFixed(1)} times a full batch`)
    }
  }
})

t.test('every column has exactly what its rows need', async t => {
  const whole = columnsOf(3)
  t.equal(unpackColumns(await packed(whole, 3)).rows, 3)
  // of the table of ports any number is good, and the clock has a test of its own
  for (const name of columnNames.filter(name => name !== 'destinationPortTable' && name !== 'clock'))
    for (const change of [1, -1]) {
      const before = whole[name] ?? new Uint8Array(0)
      if (before.length + change < 0) continue
      const other = Buffer.alloc(before.length + change)
      other.set(before.subarray(0, other.length))
      refuses(t, await packed({ ...whole, [name]: other }, 3), `${name} with ${other.length} bytes`)
    }
})

t.test('how sure the clock is, and how far off the box knows itself to be', async t => {
  const told = async (...bytes: number[]) => {
    const { clock, inferred, clockOffsetSeconds } = unpackColumns(await packed({ ...columnsOf(3), clock: Buffer.from(bytes) }, 3))
    return { clock, inferred, clockOffsetSeconds }
  }
  t.strictSame(await told(), { clock: BatchClock.unknown, inferred: 0, clockOffsetSeconds: null }, 'an older box does not say')
  t.strictSame(await told(0), { clock: BatchClock.exact, inferred: 0, clockOffsetSeconds: null })
  t.strictSame(await told(0, 0), { clock: BatchClock.exact, inferred: 0, clockOffsetSeconds: 0 })
  t.strictSame(await told(2, 7), { clock: BatchClock.inferred, inferred: 2, clockOffsetSeconds: -4 })
  for (const wrong of [[4], [0, 0, 0], [0x80], [0, 0x80], [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]])
    refuses(t, await packed({ ...columnsOf(3), clock: Buffer.from(wrong) }, 3), `${wrong}`)
})

t.test('a batch of an older box, which has fewer columns, is read', async t => {
  const columns = columnsOf(3)
  const parts = columnNames.slice(0, FIRST_COLUMNS).map(name => columns[name] ?? new Uint8Array(0))
  const head = {
    format: 1,
    rows: 3,
    messages: 3,
    base: 1_790_000_000,
    lengths: parts.map(part => part.length),
    reasons: ['x'],
    accounting: {},
  }
  const read = unpackColumns(await compress([packr.pack(head), ...parts]))
  t.match(read, { rows: 3, clock: BatchClock.unknown, clockOffsetSeconds: null })
})

t.test('the size that a zstd frame states is the size of its content, and no larger than a batch', async t => {
  const plain = Buffer.alloc(5000, 'x')
  const levels = (params: Record<number, number>) => ({ params })
  const frame = zstdCompressSync(plain)
  const stating = (size: number) => {
    // 5,000 needs two bytes, and means 256 more than it says
    const changed = Buffer.from(frame)
    changed.writeUInt16LE(size - 256, 5)
    return changed
  }
  t.equal(frame.readUInt16LE(5), plain.length - 256, 'the frame states it where we change it')
  const bad: Record<string, Uint8Array> = {
    'no size': zstdCompressSync(plain, levels({ [constants.ZSTD_c_contentSizeFlag]: 0 })),
    'less than there is': stating(4999),
    'more than there is': stating(5001),
    'more than a batch can have': zstdCompressSync(Buffer.alloc(UNPACKED_MAX_BYTES + 1)),
    'a size of eight bytes': Buffer.from('28b52ffde0ffffffffffffffff0100', 'hex'),
    'a dictionary': Buffer.from('28b52ffd2101000000050000', 'hex'),
    'another format': Buffer.from('1f8b0800', 'hex'),
    'half a header': frame.subarray(0, 6),
    nothing: Buffer.alloc(0),
  }
  const codes: Record<string, unknown> = {}
  for (const [name, bytes] of Object.entries(bad)) {
    refuses(t, bytes, name)
    try {
      unpackColumns(bytes)
    } catch (error) {
      codes[name] = error instanceof Error && error.cause instanceof RangeError
    }
  }
  t.match(codes, { 'no size': true, 'more than a batch can have': true, 'a dictionary': true }, 'by what the header says')
})

t.test('a time, port or number that no event has is refused, not cut', async t => {
  const whole = columnsOf(1)
  const varint = (...bytes: number[]) => Buffer.from(bytes)
  const wrong: Record<string, Partial<Record<ColumnName, Uint8Array>>> = {
    'a time before 1970': { time: varint(0xff, 0xff, 0xff, 0xff, 0x7f) },
    'a time after 9999': { time: varint(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f) },
    'a duration beyond 9999': { duration: varint(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f) },
    'more than 2^53 bytes': { bytes: varint(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) },
    'a count of 2^32': { count: varint(0x80, 0x80, 0x80, 0x80, 0x10) },
    'gateway 65,536': { kinds: varint(0x80, 0x80, 0x04, 0, 0, 0, 0, 0, 0) },
    'protocol 256': { kinds: varint(0, 0, 0, 0, 0, 0x81, 0x02, 0) },
    'a reason that is not listed': { kinds: varint(0, 0, 0, 0, 1, 0, 0) },
    'a kind that is not listed': { kind: varint(1) },
    'an address that is not listed': { source: varint(2) },
    'a port that is not listed': { destinationPort: varint(3) },
    'port 65,536': { destinationPort: varint(3), destinationPortTable: varint(0x80, 0x80, 0x04) },
    'a kind of address that is not known': { addressKind: varint(3) },
  }
  for (const [name, columns] of Object.entries(wrong)) refuses(t, await packed({ ...whole, ...columns }, 1), name)
})
