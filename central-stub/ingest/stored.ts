// What the register holds of batches and of statements about shed ones: the queries, each with the shape of its rows.
import * as z from 'zod'
import { noHead } from '../devices/head.ts'
import type { Reader } from '../register/register.ts'
import { blobOf, hexBlob } from '../register/values.ts'
import type { Stored } from './chain.ts'

const storedSchema = z
  .object({ hash: hexBlob, stored_at: z.int() })
  .transform((row): Stored => ({ hash: row.hash, storedAt: row.stored_at }))

export function storedBatch(reader: Reader, deviceId: number, sequence: number): Stored | undefined {
  const sql = 'SELECT hash, stored_at FROM batches WHERE device = $deviceId AND sequence = $sequence'
  return reader.read(storedSchema, sql, { deviceId, sequence })[0]
}

export function storedShed(reader: Reader, deviceId: number, hash: string): Stored | undefined {
  const sql = 'SELECT hash, stored_at FROM sheds WHERE device = $deviceId AND hash = $hash'
  return reader.read(storedSchema, sql, { deviceId, hash: blobOf(hash) })[0]
}

/** The batch of a number, stored or the last of a shed statement; undefined if its hash is not known. */
export function onFile(reader: Reader, deviceId: number, sequence: number): Stored | undefined {
  if (sequence === noHead.sequence) return { hash: noHead.hash, storedAt: 0 }
  const sql = `SELECT hash, stored_at FROM batches WHERE device = $deviceId AND sequence = $sequence
    UNION ALL SELECT last_hash AS hash, stored_at FROM sheds WHERE device = $deviceId AND last = $sequence`
  return reader.read(storedSchema, sql, { deviceId, sequence })[0]
}

const heldSchema = z.object({ rows: z.number(), messages: z.number() })

/** What central has of a device from one batch to another, or has a statement about. */
export function heldIn(reader: Reader, deviceId: number, first: number, last: number): z.infer<typeof heldSchema> {
  const sql = `SELECT total(rows) AS rows, total(messages) AS messages FROM (
    SELECT rows, messages FROM batches WHERE device = $deviceId AND sequence BETWEEN $first AND $last
    UNION ALL SELECT rows, messages FROM sheds WHERE device = $deviceId AND last BETWEEN $first AND $last)`
  return reader.read(heldSchema, sql, { deviceId, first, last })[0]
}
