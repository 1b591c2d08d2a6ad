// Reads a stream-optimized VMDK from front to back as an importer does and reports what is wrong with it: header, text,
// every grain unpacked, the tables against the grains, footer and end.
import { inflateSync } from 'node:zlib'
import type { Cursor } from './cursor.ts'
import { type Fault, type FaultCode, fault } from './faults.ts'
import {
  DIRECTORY_AT_END,
  GRAIN_BYTES,
  GRAIN_SECTORS,
  isSparse,
  Marker,
  readHeader,
  SECTOR,
  SPARSE_FLAGS,
  SPARSE_VERSION,
  type SparseHeader,
  TABLE_ENTRIES,
  TABLE_SECTORS,
} from './vmdk-layout.ts'

export interface DiskReport {
  readonly faults: readonly Fault[]
  readonly capacityBytes: number
  readonly populatedBytes: number
}

/** 2 TiB: the most that this format can state, and more than we would ever ship. */
const MAX_CAPACITY_SECTORS = 2 ** 32

export async function examineDisk(cursor: Cursor, name: string): Promise<DiskReport> {
  const faults: Fault[] = []
  const addFault = (code: FaultCode, text: string): void => void faults.push(fault(code, `${name}: ${text}`))
  const begin = cursor.position
  const first = await cursor.take(SECTOR)
  const header = first === undefined ? undefined : readHeader(first)
  if (header === undefined || !isSparse(header)) {
    addFault('disk-format', 'is not a sparse VMDK')
    return { faults, capacityBytes: 0, populatedBytes: 0 }
  }
  for (const text of headerFaults(header)) addFault('disk-header', text)
  const capacityBytes = header.capacitySectors * SECTOR
  const grains = new Map<number, number>()
  const report = (): DiskReport => ({ faults, capacityBytes, populatedBytes: grains.size * GRAIN_BYTES })
  if (faults.length > 0) return report()
  const head = await cursor.take((header.overheadSectors - 1) * SECTOR)
  const from = (header.descriptorSector - 1) * SECTOR
  const text = head?.toString('utf8', from, from + header.descriptorSectors * SECTOR).replace(/\0[\s\S]*$/, '') ?? ''
  for (const wrong of descriptorFaults(text, header.capacitySectors)) addFault('disk-descriptor', wrong)

  const wrong = await walk(cursor, begin, header, grains)
  if (wrong !== undefined) addFault('disk-stream', wrong)
  return report()
}

function headerFaults(header: SparseHeader): string[] {
  const wrong: string[] = []
  const expect = (what: string, is: number | bigint, due: number | bigint): void => {
    if (is !== due) wrong.push(`${what} is ${is}, not ${due}`)
  }
  expect('version', header.version, SPARSE_VERSION)
  expect('flags', header.flags, SPARSE_FLAGS)
  expect('grain size in sectors', header.grainSectors, GRAIN_SECTORS)
  expect('entries of a grain table', header.tableEntries, TABLE_ENTRIES)
  expect('compression', header.compression, 1)
  expect('place of the grain directory', header.directorySector, DIRECTORY_AT_END)
  if (header.newlines !== '\n \r\n') wrong.push('the newline check does not hold: the file went through a text conversion')
  if (header.capacitySectors % GRAIN_SECTORS !== 0 || header.capacitySectors === 0 || header.capacitySectors > MAX_CAPACITY_SECTORS)
    wrong.push(`capacity of ${header.capacitySectors} sectors is not a sensible number of whole grains`)
  const { overheadSectors, descriptorSector, descriptorSectors } = header
  if (overheadSectors < 2 || overheadSectors > 2048 || descriptorSector < 1 || descriptorSector + descriptorSectors > overheadSectors)
    wrong.push('the descriptor does not lie between header and grains')
  return wrong
}

function descriptorFaults(text: string, capacitySectors: number): string[] {
  const wrong: string[] = []
  const value = (key: string): string | undefined => new RegExp(`^${key}\\s*=\\s*"?([^"\\n]*)"?\\s*$`, 'm').exec(text)?.[1]
  if (value('createType') !== 'streamOptimized') wrong.push(`createType is ${value('createType')}, not streamOptimized`)
  if (value('parentCID') !== 'ffffffff') wrong.push('the disk has a parent')
  if (!/^[0-9a-f]{8}$/.test(value('CID') ?? '') || /^f{7}[ef]$/.test(value('CID') ?? ''))
    wrong.push(`CID ${value('CID')} can't stand for a content`)
  const adapter = value('ddb\\.adapterType') ?? 'nothing'
  if (!['lsilogic', 'buslogic', 'pvscsi'].includes(adapter)) wrong.push(`adapterType is ${adapter}, but the disk is attached to SCSI`)
  const extents = [...text.matchAll(/^(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\S+)/gm)]
  if (extents.length !== 1 || extents[0][1] !== 'RW' || extents[0][3] !== 'SPARSE' || Number(extents[0][2]) !== capacitySectors)
    wrong.push(`its extent is not one of ${capacitySectors} sectors that can be written`)
  return wrong
}

/** Fills `grains` (number of the grain: sector of the file). The first thing that is wrong, or undefined. */
async function walk(cursor: Cursor, begin: number, header: SparseHeader, grains: Map<number, number>): Promise<string | undefined> {
  const tables = new Map<number, Buffer>()
  let directory: { readonly sector: number; readonly entries: Buffer } | undefined
  let footer: SparseHeader | undefined
  let last = -1
  for (;;) {
    const sector = (cursor.position - begin) / SECTOR
    const block = await cursor.take(SECTOR)
    if (block === undefined) return 'ends without an end-of-stream marker'
    const value = Number(block.readBigUInt64LE(0))
    const length = block.readUInt32LE(8)
    if (length > 0) {
      const grain = value / GRAIN_SECTORS
      if (!Number.isInteger(grain) || value >= header.capacitySectors) return `a grain claims sector ${value}, which is none of the disk's`
      if (grain <= last) return `the grain of sector ${value} comes after one of sector ${last * GRAIN_SECTORS}`
      if (length > 2 * GRAIN_BYTES) return `the grain of sector ${value} is ${length} bytes long when packed`
      const rest = await cursor.take(Math.max(0, Math.ceil((12 + length) / SECTOR) - 1) * SECTOR)
      if (rest === undefined) return `ends inside the grain of sector ${value}`
      if (!unpacks(Buffer.concat([block, rest]).subarray(12, 12 + length)))
        return `the grain of sector ${value} does not unpack to ${GRAIN_BYTES} bytes`
      grains.set(grain, sector)
      last = grain
      continue
    }
    const type = block.readUInt32LE(12)
    if (type === Marker.endOfStream) break
    if (value === 0 || value > 2048) return `a marker of type ${type} is followed by ${value} sectors`
    const data = await cursor.take(value * SECTOR)
    if (data === undefined) return `ends behind a marker of type ${type}`
    if (type === Marker.grainTable && value === TABLE_SECTORS) tables.set(sector + 1, data)
    else if (type === Marker.grainDirectory) directory = { sector: sector + 1, entries: data }
    else if (type === Marker.footer && value === 1) footer = readHeader(data)
    else return `a marker of type ${type} with ${value} sectors is unknown`
  }
  if (cursor.position !== cursor.end) return `${cursor.end - cursor.position} bytes follow the end-of-stream marker`
  if (directory === undefined || footer === undefined) return 'has no grain directory or no footer'
  const { directorySector, ...rest } = footer
  if (directorySector !== BigInt(directory.sector)) return 'the footer does not point at the grain directory'
  if (Object.entries(rest).some(([key, value]) => header[key as keyof SparseHeader] !== value)) return 'the footer contradicts the header'
  return tableFault(header, directory.entries, tables, grains)
}

function tableFault(
  header: SparseHeader,
  directory: Buffer,
  tables: ReadonlyMap<number, Buffer>,
  grains: ReadonlyMap<number, number>,
): string | undefined {
  const count = Math.ceil(header.capacitySectors / GRAIN_SECTORS / TABLE_ENTRIES)
  if (directory.length < count * 4) return `the grain directory has no room for ${count} tables`
  for (let t = 0; t < count; t++) {
    const at = directory.readUInt32LE(t * 4)
    const table = at === 0 ? undefined : tables.get(at)
    if (at !== 0 && table === undefined) return `entry ${t} of the grain directory points at no grain table`
    for (let i = 0; i < TABLE_ENTRIES; i++) {
      const grain = t * TABLE_ENTRIES + i
      const is = table?.readUInt32LE(i * 4) ?? 0
      if (is !== (grains.get(grain) ?? 0))
        return `the grain table says that grain ${grain} is at sector ${is}, it is at ${grains.get(grain) ?? 'none'}`
    }
  }
  return undefined
}

interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

const isInflated = (value: unknown): value is Inflated =>
  typeof value === 'object' && value !== null && 'buffer' in value && 'engine' in value

function unpacks(packed: Buffer): boolean {
  try {
    // With `info` Node.js returns how much of the input was used; its types lack that.
    const inflated: unknown = inflateSync(packed, { maxOutputLength: GRAIN_BYTES, info: true })
    return isInflated(inflated) && inflated.buffer.length === GRAIN_BYTES && inflated.engine.bytesWritten === packed.length
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}
