// Columns of numbers in the forms in which they are written (README.md, notation): how many there are is known before they
// are read, and a column has these and nothing else.
import { ByteReader } from '../lib/byte-writer.ts'
import type { ColumnName } from './layout.ts'

/** The bytes of each column. */
export type Parts = Readonly<Record<ColumnName, Uint8Array>>

/** `count` varints, none above `max`. */
export function varints(bytes: Uint8Array, count: number, max: number): Float64Array<ArrayBuffer> {
  if (bytes.length < count) throw new RangeError('a column ends too early')
  const reader = new ByteReader(bytes)
  const values = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    values[i] = reader.varint()
    if (values[i] > max) throw new RangeError('a number is out of bounds')
  }
  if (!reader.atEnd) throw new RangeError('a column has the wrong length')
  return values
}

/** `count` numbers in planes, of a width that follows from the length. */
export function unplane(bytes: Uint8Array, count: number, minWidth: number, maxWidth: number): Uint32Array<ArrayBuffer> {
  const values = new Uint32Array(count)
  const width = count === 0 ? minWidth : bytes.length / count
  if (!Number.isInteger(width) || width < minWidth || width > maxWidth || bytes.length !== width * count)
    throw new RangeError('a column has the wrong length')
  for (let plane = 0; plane < width; plane++) for (let i = 0; i < count; i++) values[i] += bytes[plane * count + i] * 2 ** (plane * 8)
  return values
}
