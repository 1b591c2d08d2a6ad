// Puts batches into the file of an hour: one transaction, by DuckDB's own vectors. A chunk of a batch is filled by copying columns that
// its thread has made (event-columns.ts); chunks and vectors are reused, because making them costs more than filling them.

import { DuckDBBlobValue, type DuckDBConnection, DuckDBDataChunk, DuckDBUUIDValue } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { EventColumns, Packed, PackedName } from './event-columns.ts'
import { batchColumns, eventColumns, typesOf } from './schema.ts'

/** DuckDB's STANDARD_VECTOR_SIZE: rows of one chunk. */
const CHUNK_ROWS = 2048
/** Columns are handed on before so many bytes of them wait in memory. */
const eventTypes = typesOf(eventColumns)
const batchTypes = typesOf(batchColumns)
const names = Object.keys(eventColumns) as (keyof typeof eventColumns)[]

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

export class Writer {
  private readonly connection: DuckDBConnection
  private readonly chunk = DuckDBDataChunk.create(eventTypes)
  private readonly constants = new Uint32Array(CHUNK_ROWS)
  private readonly reasons = new Uint16Array(CHUNK_ROWS)
  private readonly allValid = new Uint8Array(CHUNK_ROWS / 8).fill(0xff)

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
    for (const batch of batches)
      for (let from = 0; from < batch.events.rows; from += CHUNK_ROWS) {
        this.fill(batch, from, Math.min(batch.events.rows - from, CHUNK_ROWS))
        events.appendDataChunk(this.chunk)
      }
    events.closeSync()
  }

  private fill(batch: NumberedBatch, from: number, rows: number): void {
    const raw = this.chunk.chunk
    duckdb.data_chunk_reset(raw)
    duckdb.data_chunk_set_size(raw, rows)
    names.forEach((name, i) => {
      const vector = duckdb.data_chunk_get_vector(raw, i)
      if (name === 'batch' || name === 'member') {
        this.constants.fill(name === 'batch' ? batch.number : batch.member, 0, rows)
        copy(vector, this.constants, 0, rows, 1)
      } else if (name === 'reason') {
        for (let row = 0; row < rows; row++) this.reasons[row] = batch.reasonNumbers[batch.events.reason[from + row]]
        copy(vector, this.reasons, 0, rows, 1)
      } else this.copyColumn(vector, name, batch.events, from, rows)
    })
  }

  private copyColumn(vector: duckdb.Vector, name: PackedName, events: EventColumns, from: number, rows: number): void {
    const values = events.values[name]
    copy(vector, values, from, rows, values.length / events.rows)
    const valid = events.validity[name]
    const isNullable = !eventColumns[name].sql.endsWith('NOT NULL')
    if (valid === undefined && !isNullable) return
    // a chunk that is used again may have marks of the batch before
    const bits = valid === undefined ? this.allValid : valid.subarray(from / 8, from / 8 + Math.ceil(rows / 64) * 8)
    duckdb.vector_ensure_validity_writable(vector)
    duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer, bits.byteOffset, Math.ceil(rows / 64) * 8)
  }
}

/** `width`: elements of the array that make a value. */
function copy(vector: duckdb.Vector, values: Packed, from: number, rows: number, width: number): void {
  const bytes = values.BYTES_PER_ELEMENT * width
  duckdb.copy_data_to_vector(vector, 0, values.buffer, values.byteOffset + from * bytes, rows * bytes)
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
