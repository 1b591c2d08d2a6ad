// The bytes of a stream-optimized VMDK that are not data: header, descriptor, markers, grain tables. VMware's 'Virtual Disk
// Format 5.0', chapters 'Hosted Sparse Extents' and 'Stream-Optimized Compressed Sparse Extents'. Pure.

export const SECTOR = 512
/** 128 sectors a grain and 512 entries a table are the only numbers that VMware's own disk library reads in this format. */
export const GRAIN_SECTORS = 128
export const GRAIN_BYTES = GRAIN_SECTORS * SECTOR
export const TABLE_ENTRIES = 512
export const TABLE_SECTORS = (TABLE_ENTRIES * 4) / SECTOR
/** Grains begin here: header, descriptor and room up to a whole grain. */
export const OVERHEAD_SECTORS = 128
export const DESCRIPTOR_SECTOR = 1
const DESCRIPTOR_SECTORS = 20
/** In the header: the directory is found through the footer, because the file is written from front to back. */
export const DIRECTORY_AT_END = 0xffff_ffff_ffff_ffffn

export const Marker = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const

const MAGIC = 0x564d444b
/** Version 3: what ESXi takes. Version 1, as some tools write, is 'Not a supported disk format (sparse VMDK version too old)'. */
export const SPARSE_VERSION = 3
/** Newline detection (bit 0), compressed grains (bit 16), markers (bit 17). */
export const SPARSE_FLAGS = 0x30001
const DEFLATE = 1

export interface SparseHeader {
  readonly magic: number
  readonly version: number
  readonly flags: number
  readonly capacitySectors: number
  readonly grainSectors: number
  readonly descriptorSector: number
  readonly descriptorSectors: number
  readonly tableEntries: number
  readonly directorySector: bigint
  readonly overheadSectors: number
  readonly newlines: string
  readonly compression: number
}

/** Header, and footer with the directory's place known. */
export function formatHeader(capacitySectors: number, directorySector: bigint): Buffer {
  const header = Buffer.alloc(SECTOR)
  header.writeUInt32LE(MAGIC, 0)
  header.writeUInt32LE(SPARSE_VERSION, 4)
  header.writeUInt32LE(SPARSE_FLAGS, 8)
  header.writeBigUInt64LE(BigInt(capacitySectors), 12)
  header.writeBigUInt64LE(BigInt(GRAIN_SECTORS), 20)
  header.writeBigUInt64LE(BigInt(DESCRIPTOR_SECTOR), 28)
  header.writeBigUInt64LE(BigInt(DESCRIPTOR_SECTORS), 36)
  header.writeUInt32LE(TABLE_ENTRIES, 44)
  // rgdOffset stays 0: there is no redundant directory in this format.
  header.writeBigUInt64LE(directorySector, 56)
  header.writeBigUInt64LE(BigInt(OVERHEAD_SECTORS), 64)
  header.write('\n \r\n', 73, 'latin1')
  header.writeUInt16LE(DEFLATE, 77)
  return header
}

/** What stands in 512 bytes; it is for the reader of it to judge. */
export function readHeader(header: Buffer): SparseHeader {
  return {
    magic: header.readUInt32LE(0),
    version: header.readUInt32LE(4),
    flags: header.readUInt32LE(8),
    capacitySectors: Number(header.readBigUInt64LE(12)),
    grainSectors: Number(header.readBigUInt64LE(20)),
    descriptorSector: Number(header.readBigUInt64LE(28)),
    descriptorSectors: Number(header.readBigUInt64LE(36)),
    tableEntries: header.readUInt32LE(44),
    directorySector: header.readBigUInt64LE(56),
    overheadSectors: Number(header.readBigUInt64LE(64)),
    newlines: header.toString('latin1', 73, 77),
    compression: header.readUInt16LE(77),
  }
}
export const isSparse = (header: SparseHeader): boolean => header.magic === MAGIC

/** One sector in front of metadata. `sectors` of it follow. */
export function formatMarker(type: number, sectors: number): Buffer {
  const marker = Buffer.alloc(SECTOR)
  marker.writeBigUInt64LE(BigInt(sectors), 0)
  marker.writeUInt32LE(type, 12)
  return marker
}

/** A grain as it stands in the file: its sector, its length, its zlib stream (RFC 1950), filled up to a sector. */
export function formatGrain(sector: number, compressed: Buffer): Buffer {
  const grain = Buffer.alloc(Math.ceil((12 + compressed.length) / SECTOR) * SECTOR)
  grain.writeBigUInt64LE(BigInt(sector), 0)
  grain.writeUInt32LE(compressed.length, 8)
  compressed.copy(grain, 12)
  return grain
}

/** The text behind the header. `contentId` is 32 hexadecimal digits that stand for what the disk holds. */
export function formatDescriptor(fileName: string, capacitySectors: number, contentId: string): Buffer {
  // 255 heads of 63 sectors: what every BIOS translates a disk of this size to.
  const cylinders = Math.min(65535, Math.ceil(capacitySectors / (255 * 63)))
  const text = [
    '# Disk DescriptorFile',
    'version=1',
    'encoding="UTF-8"',
    `CID=${contentId.slice(24)}`,
    'parentCID=ffffffff',
    'createType="streamOptimized"',
    '',
    '# Extent description',
    `RW ${capacitySectors} SPARSE "${fileName}"`,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    'ddb.adapterType = "lsilogic"',
    `ddb.geometry.cylinders = "${cylinders}"`,
    'ddb.geometry.heads = "255"',
    'ddb.geometry.sectors = "63"',
    `ddb.longContentID = "${contentId}"`,
    // The guest's own open-vm-tools; without it vSphere offers to install its tools.
    'ddb.toolsVersion = "2147483647"',
    // Nothing newer than ESX 3 reads it, and a number above the machine's own would be refused.
    'ddb.virtualHWVersion = "4"',
    '',
  ].join('\n')
  const descriptor = Buffer.alloc(DESCRIPTOR_SECTORS * SECTOR)
  if (Buffer.byteLength(text) > descriptor.length) throw new Error(`the name ${fileName} is too long for a descriptor`)
  descriptor.write(text, 'utf8')
  return descriptor
}
