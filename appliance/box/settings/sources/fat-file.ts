// Reads a file of a FAT file system with mtools, and overwrites it where it lies. The kernel's driver never sees what a
// stranger wrote. Before a byte is written, what lies there is compared with what mtools read: if the two differ, nothing is.
import { type FileHandle, open } from 'node:fs/promises'
import type { RunTool } from '../../tools.ts'

export type FatResult =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'none' }
  | { readonly kind: 'fault'; readonly fault: string }

export async function readFatFile(run: RunTool, device: string, name: string, maxBytes: number): Promise<FatResult> {
  const result = await run('mcopy', ['-i', device, `::/${name}`, '-'], { maxBytes })
  if (result.kind === 'absent') return { kind: 'fault', fault: 'cannot be read: mtools is missing' }
  if (result.kind === 'failed') return { kind: 'fault', fault: `cannot be read: ${result.text}` }
  if (result.code === 0) return { kind: 'bytes', bytes: result.out }
  // mtools ends with 1 for every fault: nothing but its text tells a missing file from a broken one
  if (/ not found$/m.test(result.error)) return { kind: 'none' }
  return { kind: 'fault', fault: `cannot be read: ${result.error.split('\n')[0].replaceAll(device, 'it')}` }
}

/** No volume for settings has more in front of its files; what a stranger wrote there may be any number. */
const DATA_AT_MAX = 2 ** 40

interface Extent {
  readonly position: number
  readonly length: number
}

/** Where the clusters of a volume lie, from its first sector (Microsoft FAT specification 1.03, "Boot Sector and BPB"). */
function volumeOf(sector: Buffer): { dataAt: number; clusterBytes: number } | undefined {
  const sectorBytes = sector.readUInt16LE(11)
  const clusterBytes = sector[13] * sectorBytes
  const fatSectors = sector.readUInt16LE(22) || sector.readUInt32LE(36)
  const rootSectors = Math.ceil((sector.readUInt16LE(17) * 32) / Math.max(1, sectorBytes))
  const dataAt = (sector.readUInt16LE(14) + sector[16] * fatSectors + rootSectors) * sectorBytes
  return clusterBytes === 0 || dataAt === 0 || dataAt > DATA_AT_MAX ? undefined : { dataAt, clusterBytes }
}

/** The pieces of the device in which a file of `length` bytes lies, in its order; undefined if that cannot be told. */
async function extentsOf(run: RunTool, file: FileHandle, device: string, name: string, length: number): Promise<Extent[] | undefined> {
  const sector = Buffer.alloc(512)
  await file.read(sector, 0, 512, 0)
  const volume = volumeOf(sector)
  const shown = await run('mshowfat', ['-i', device, `::/${name}`])
  if (volume === undefined || shown.kind !== 'done' || shown.code !== 0) return undefined
  const extents: Extent[] = []
  let left = length
  for (const [, first, last = first] of shown.out.toString('latin1').matchAll(/<(\d+)(?:-(\d+))?>/g)) {
    const count = Number(last) - Number(first) + 1
    const bytes = Math.min(left, count * volume.clusterBytes)
    if (Number(first) < 2 || count < 1 || bytes === 0) break
    extents.push({ position: volume.dataAt + (Number(first) - 2) * volume.clusterBytes, length: bytes })
    left -= bytes
  }
  return left === 0 ? extents : undefined
}

/** Overwrites a file with each of `versions` in turn, all as long as `now`, which is what it holds. False: nothing was written. */
export async function overwriteFatFile(
  run: RunTool,
  device: string,
  name: string,
  now: Buffer,
  versions: readonly Buffer[],
): Promise<boolean> {
  const file = await open(device, 'r+')
  try {
    const extents = await extentsOf(run, file, device, name, now.length)
    if (extents === undefined) return false
    const there = await Promise.all(
      extents.map(async ({ position, length }) => (await file.read(Buffer.alloc(length), 0, length, position)).buffer),
    )
    if (!Buffer.concat(there).equals(now)) return false
    for (const version of versions) {
      if (version.length !== now.length) return false
      let from = 0
      for (const { position, length } of extents) {
        await file.write(version, from, length, position)
        from += length
      }
      await file.sync()
    }
    return true
  } finally {
    await file.close()
  }
}
