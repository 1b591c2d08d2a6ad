// Puts batches into the file of an hour: one transaction, by DuckDB's own vectors, into which columns are copied as their thread has made them
// (event-columns.ts). Chunks and memory are reused, because making them costs more than filling them.
import {
  type DuckDBAppender,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBUUIDValue,
  UBIGINT,
  UHUGEINT,
  USMALLINT,
  UTINYINT,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { EventColumns } from './event-columns.ts'
import { batchColumns, eventColumns, typesOf } from './schema.ts'

/** DuckDB's STANDARD_VECTOR_SIZE: rows of one chunk. */
const CHUNK_ROWS = 2048
/** Columns are handed on before so many bytes of them wait in memory. */
const eventTypes = typesOf(eventColumns)
const batchTypes = typesOf(batchColumns)
const names = Object.keys(eventColumns) as Name[]

export interface ArrivedBatch {
  /** Of the register, and what the device calls itself. */
  readonly device: number
  readonly deviceUuid: string
  /** Of the register. */
  readonly member: number
  readonly sequence: number
  /** SHA-256 of the frame. */
  readonly hash: Uint8Array
  readonly messages: number
  /** Of the frame. */
  readonly bytes: number
  /** JSON. */
  readonly accounting: string
  readonly clock: number
  readonly events: EventColumns
}

export interface NumberedBatch extends ArrivedBatch {
  /** In the file of the hour. */
  readonly number: number
  /** Number in the file of each of `events.reasons`. */
  readonly reasonNumbers: readonly number[]
}

type Name = keyof typeof eventColumns

/** Elements of a typed array that make a value. */
function stagingFor(name: Name): { values: Uint8Array | Uint16Array | Uint32Array; width: number } {
  switch (eventColumns[name].type) {
    case UTINYINT:
      return { values: new Uint8Array(CHUNK_ROWS), width: 1 }
    case USMALLINT:
      return { values: new Uint16Array(CHUNK_ROWS), width: 1 }
    case UHUGEINT:
      return { values: new Uint32Array(CHUNK_ROWS * 4), width: 4 }
    case UBIGINT:
      return { values: new Uint32Array(CHUNK_ROWS * 2), width: 2 }
    default:
      return { values: new Uint32Array(CHUNK_ROWS), width: 1 }
  }
}

/** Batches are put together in memory of ours until a chunk is full: each call into DuckDB costs more than a small batch. */
export class Writer {
  private readonly connection: DuckDBConnection
  private readonly chunk = DuckDBDataChunk.create(eventTypes)
  private readonly columns = names.map(name => ({
    name,
    ...stagingFor(name),
    bits: eventColumns[name].sql.endsWith('NOT NULL') ? undefined : new Uint8Array(CHUNK_ROWS / 8),
  }))
  private filled = 0

  constructor(connection: DuckDBConnection) {
    this.connection = connection
  }

  /** Inside a transaction of the connection. */
  async write(catalog: string, batches: readonly NumberedBatch[], arrivedAt: number): Promise<void> {
    const rows = await this.connection.createAppender('batches', 'main', catalog)
    for (let at = 0; at < batches.length; at += CHUNK_ROWS) {
      const chunk = DuckDBDataChunk.create(batchTypes)
      chunk.setRows(batches.slice(at, at + CHUNK_ROWS).map(batch => rowOf(batch, arrivedAt)))
      rows.appendDataChunk(chunk)
    }
    rows.closeSync()
    const events = await this.connection.createAppender('events', 'main', catalog)
    this.filled = 0
    for (const batch of batches)
      for (let from = 0; from < batch.events.rows; ) {
        const count = Math.min(batch.events.rows - from, CHUNK_ROWS - this.filled)
        this.stage(batch, from, count)
        from += count
        if (this.filled === CHUNK_ROWS) this.flush(events)
      }
    if (this.filled > 0) this.flush(events)
    events.closeSync()
  }

  private stage(batch: NumberedBatch, from: number, count: number): void {
    const { filled } = this
    const { events, reasonNumbers } = batch
    for (const { name, values, width, bits } of this.columns) {
      if (name === 'batch') values.fill(batch.number, filled, filled + count)
      else if (name === 'member') values.fill(batch.member, filled, filled + count)
      else if (name === 'reason') for (let row = 0; row < count; row++) values[filled + row] = reasonNumbers[events.reason[from + row]]
      else {
        values.set(events.values[name].subarray(from * width, (from + count) * width), filled * width)
        if (bits !== undefined) copyBits(bits, filled, events.validity[name], from, count)
      }
    }
    this.filled += count
  }

  private flush(appender: DuckDBAppender): void {
    const raw = this.chunk.chunk
    const rows = this.filled
    duckdb.data_chunk_reset(raw)
    duckdb.data_chunk_set_size(raw, rows)
    this.columns.forEach(({ values, width, bits }, i) => {
      const vector = duckdb.data_chunk_get_vector(raw, i)
      duckdb.copy_data_to_vector(vector, 0, values.buffer as ArrayBuffer, 0, rows * width * values.BYTES_PER_ELEMENT)
      if (bits === undefined) return
      duckdb.vector_ensure_validity_writable(vector)
      duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer as ArrayBuffer, 0, Math.ceil(rows / 64) * 8)
    })
    appender.appendDataChunk(this.chunk)
    this.filled = 0
  }
}

/** `from` undefined: all are 1. */
function copyBits(to: Uint8Array, at: number, from: Uint8Array | undefined, start: number, count: number): void {
  if ((at & 7) === 0 && (start & 7) === 0) {
    const bytes = Math.ceil(count / 8)
    if (from === undefined) to.fill(0xff, at / 8, at / 8 + bytes)
    else to.set(from.subarray(start / 8, start / 8 + bytes), at / 8)
    return
  }
  for (let row = 0; row < count; row++) {
    const isSet = from === undefined || (from[(start + row) >> 3] & (1 << ((start + row) & 7))) !== 0
    const bit = 1 << ((at + row) & 7)
    if (isSet) to[(at + row) >> 3] |= bit
    else to[(at + row) >> 3] &= ~bit
  }
}

function rowOf(batch: NumberedBatch, arrivedAt: number) {
  return [
    batch.number,
    batch.device,
    DuckDBUUIDValue.fromUint128(BigInt(`0x${batch.deviceUuid.replaceAll('-', '')}`)),
    batch.member,
    BigInt(batch.sequence),
    new DuckDBBlobValue(batch.hash),
    BigInt(arrivedAt),
    batch.events.rows,
    BigInt(batch.messages),
    batch.bytes,
    batch.accounting,
    batch.clock,
  ]
}
