// Turns a raw disk into a stream-optimized VMDK, the form that OVF packages for ESXi carry. Promises: what is zero is not
// stored; memory does not grow with the disk (200 MiB, most of it zlib's and Node's own); same disk, same Node, same bytes.
//
// Why not `qemu-img convert -o subformat=streamOptimized`: its content ID is random, so no build could be repeated; its
// directory is in front and no footer follows, where VMware's format book has it at the end; and it writes `ide` into a disk
// that is attached to SCSI by default. The format is small, and qemu-img is the test: it has to read back the same disk.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import {
  DESCRIPTOR_SECTOR,
  DIRECTORY_AT_END,
  formatDescriptor,
  formatGrain,
  formatHeader,
  formatMarker,
  GRAIN_BYTES,
  GRAIN_SECTORS,
  Marker,
  OVERHEAD_SECTORS,
  SECTOR,
  TABLE_ENTRIES,
  TABLE_SECTORS,
} from './vmdk-layout.ts'

const compress = promisify(deflate) as (data: Buffer, options: { level: number }) => Promise<Buffer>
/** So many are read, and compressed side by side, at a time. Divides the 512 of a table. */
const GRAINS_AT_ONCE = 16
const zeroes = Buffer.alloc(GRAIN_BYTES)

export interface VmdkResult {
  readonly fileBytes: number
  readonly capacityBytes: number
  readonly populatedBytes: number
  /** 32 hexadecimal digits. */
  readonly contentId: string
}

export interface VmdkOptions {
  /** zlib level; 9 by default: it is written once and downloaded often. */
  readonly level?: number
  /** Called now and then with bytes of the raw disk done, and all of them. */
  readonly progress?: (doneBytes: number, allBytes: number) => void
  /** How the extent is called inside; the name of the file in the OVA. */
  readonly extentName: string
}

/** Writes `vmdkPath` anew from the raw disk at `rawPath`. Throws if the disk is not whole MiB: ESXi rounds, and then sizes differ. */
export async function writeVmdk(rawPath: string, vmdkPath: string, options: VmdkOptions): Promise<VmdkResult> {
  const { level = 9, progress, extentName } = options
  await using raw = await open(rawPath, 'r')
  const capacityBytes = (await raw.stat()).size
  if (capacityBytes === 0 || capacityBytes % 1048576 !== 0)
    throw new Error(`${rawPath} is ${capacityBytes} bytes, which is not a whole number of MiB`)
  const capacitySectors = capacityBytes / SECTOR
  const grains = capacityBytes / GRAIN_BYTES
  await using out = await open(vmdkPath, 'w')
  let at = OVERHEAD_SECTORS
  const append = async (bytes: Buffer): Promise<void> => {
    await writeAll(out, bytes, at * SECTOR)
    at += bytes.length / SECTOR
  }
  const content = createHash('sha256').update(`${capacityBytes}`)
  const directory = Buffer.alloc(Math.ceil((Math.ceil(grains / TABLE_ENTRIES) * 4) / SECTOR) * SECTOR)
  const table = Buffer.alloc(TABLE_SECTORS * SECTOR)
  let populated = 0
  const batch = Buffer.alloc(GRAINS_AT_ONCE * GRAIN_BYTES)

  for (let first = 0; first < grains; first += GRAINS_AT_ONCE) {
    const count = Math.min(GRAINS_AT_ONCE, grains - first)
    await readAll(raw, batch.subarray(0, count * GRAIN_BYTES), first * GRAIN_BYTES)
    const pending: { readonly grain: number; readonly compressed: Promise<Buffer> }[] = []
    for (let i = 0; i < count; i++) {
      const data = batch.subarray(i * GRAIN_BYTES, (i + 1) * GRAIN_BYTES)
      if (data.equals(zeroes)) continue
      content.update(`:${first + i}:`).update(data)
      pending.push({ grain: first + i, compressed: compress(data, { level }) })
    }
    for (const [i, compressed] of (await Promise.all(pending.map(one => one.compressed))).entries()) {
      const { grain } = pending[i]
      table.writeUInt32LE(at, (grain % TABLE_ENTRIES) * 4)
      await append(formatGrain(grain * GRAIN_SECTORS, compressed))
      populated++
    }
    const next = first + count
    if (next % TABLE_ENTRIES === 0 || next === grains) {
      // A table without grains isn't written: its entry in the directory stays 0.
      if (table.some(byte => byte !== 0)) {
        await append(formatMarker(Marker.grainTable, TABLE_SECTORS))
        directory.writeUInt32LE(at, Math.floor((next - 1) / TABLE_ENTRIES) * 4)
        await append(table)
        table.fill(0)
      }
      progress?.(next * GRAIN_BYTES, capacityBytes)
    }
  }

  await append(formatMarker(Marker.grainDirectory, directory.length / SECTOR))
  const directorySector = BigInt(at)
  await append(directory)
  await append(formatMarker(Marker.footer, 1))
  await append(formatHeader(capacitySectors, directorySector))
  await append(formatMarker(Marker.endOfStream, 0))
  // ffffffff says 'no parent' and fffffffe is kept by VMware's tools; the digit in front keeps clear of both.
  const digest = content.digest('hex')
  const contentId = `${digest.slice(0, 24)}0${digest.slice(25, 32)}`
  await writeAll(out, formatHeader(capacitySectors, DIRECTORY_AT_END), 0)
  await writeAll(out, formatDescriptor(extentName, capacitySectors, contentId), DESCRIPTOR_SECTOR * SECTOR)
  await out.sync()
  return { fileBytes: at * SECTOR, capacityBytes, populatedBytes: populated * GRAIN_BYTES, contentId }
}

type File = Awaited<ReturnType<typeof open>>

async function readAll(file: File, into: Buffer, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) throw new Error('the raw disk became shorter while it was read')
    done += bytesRead
  }
}

async function writeAll(file: File, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}
