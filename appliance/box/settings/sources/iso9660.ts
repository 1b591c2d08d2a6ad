// Finds one file in the root folder of an ISO 9660 image (ECMA-119), from bytes that a stranger may have made: every length is
// bounded, nothing is followed but the root folder, and what does not fit is as if the file were not there.

const SECTOR_BYTES = 2048
const FIRST_DESCRIPTOR = 16
const DESCRIPTORS_MAX = 32
const FOLDER_MAX_BYTES = 64 * 1024
const PRIMARY = 1
const END = 255
const IS_FOLDER = 2
/** Of a directory record, without its name. */
const RECORD_BYTES = 33

/** Bytes at a position; fewer than asked for at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>

interface Extent {
  readonly position: number
  readonly bytes: number
}

/** ECMA-119 9.1: a directory record's extent and length, in sectors of the primary descriptor's block size (2048 in practice). */
const extentAt = (record: Buffer): Extent => ({ position: record.readUInt32LE(2) * SECTOR_BYTES, bytes: record.readUInt32LE(10) })

async function rootFolder(read: ReadAt): Promise<Extent | undefined> {
  for (let number = FIRST_DESCRIPTOR; number < FIRST_DESCRIPTOR + DESCRIPTORS_MAX; number++) {
    const descriptor = await read(number * SECTOR_BYTES, SECTOR_BYTES)
    if (descriptor.length < SECTOR_BYTES || descriptor.toString('latin1', 1, 6) !== 'CD001' || descriptor[0] === END) return undefined
    if (descriptor[0] === PRIMARY) return extentAt(descriptor.subarray(156, 190))
  }
  return undefined
}

/** The bytes of the first file in the root folder whose name (without `;1`) fits; undefined if there is none up to `maxBytes`. */
export async function readIsoFile(read: ReadAt, name: RegExp, maxBytes: number): Promise<Buffer | undefined> {
  const root = await rootFolder(read)
  if (root === undefined) return undefined
  const folder = await read(root.position, Math.min(root.bytes, FOLDER_MAX_BYTES))
  for (let at = 0; at + RECORD_BYTES < folder.length; ) {
    const length = folder[at]
    // a record does not cross a sector; the rest of the sector is zero (ECMA-119 6.8.1.1)
    if (length === 0) {
      at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES
      continue
    }
    const record = folder.subarray(at, at + length)
    // a length byte that leaves no room for what every record has (9.1) is damage, and so is a name that leaves the record
    if (record.length < length || length < RECORD_BYTES || length < RECORD_BYTES + record[32]) return undefined
    const nameBytes = record[32]
    const extent = extentAt(record)
    const isFile = (record[25] & IS_FOLDER) === 0
    if (isFile && name.test(record.toString('latin1', RECORD_BYTES, RECORD_BYTES + nameBytes).replace(/\.?;\d+$/, ''))) {
      if (extent.bytes > maxBytes) return undefined
      const bytes = await read(extent.position, extent.bytes)
      return bytes.length === extent.bytes ? bytes : undefined
    }
    at += length
  }
  return undefined
}
