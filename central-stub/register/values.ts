// Shapes of what SQLite gives back, for the modules' queries.
import * as z from 'zod'

/** A BLOB, as hexadecimal text. */
export const hexBlob = z
  .instanceof(Uint8Array)
  .transform(bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex'))

/** An INTEGER that is 0 or 1. */
export const flag = z.int().transform(value => value !== 0)

export const blobOf = (hex: string): Uint8Array => Buffer.from(hex, 'hex')
