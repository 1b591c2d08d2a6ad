// Finds a USB stick without a driver of the kernel ever reading what is on it: which disks there are is told by /sys, and what
// is on one by its first sector. Nothing is mounted.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** Partitions of our own disk (it may be a stick that the image was flashed onto): such a disk is never written to. */
const ownPartitions = ['bios', 'boot', 'root-a', 'root-b', 'config', 'data']
/** Disks of other kinds, by the names that their drivers give: ram, loop, device mapper, optical, floppy, software RAID. */
const notDisks = /^(ram|loop|dm-|zram|sr|fd|md|nbd)/
const DISKS_MAX = 64
const SECTOR_BYTES = 512

export type Format = 'fat' | 'exfat' | 'ntfs' | 'unreadable' | 'unknown'

/** A place on a stick that may hold files. */
export interface Volume {
  /** The block device, e.g. /dev/sdb1. */
  readonly device: string
  readonly isReadOnly: boolean
  readonly format: Format
}

/** Text of an attribute in /sys; empty if there is none. */
function attribute(...path: string[]): string {
  const file = join(...path)
  return existsSync(file) ? readFileSync(file, 'latin1').slice(0, 4096).trim() : ''
}

const partitionsOf = (folder: string, disk: string): string[] =>
  readdirSync(folder)
    .filter(name => name.startsWith(disk) && existsSync(join(folder, name, 'partition')))
    .sort((a, b) => Number(attribute(folder, a, 'partition')) - Number(attribute(folder, b, 'partition')))

/** Sticks say `removable`; disks in a USB case do not, but hang on a USB port. */
function isStick(folder: string): boolean {
  return attribute(folder, 'removable') === '1' || /\/usb\d/.test(realpathSync(folder))
}

const isOurs = (folder: string, partitions: readonly string[]): boolean => {
  const names = partitions.map(name => /^PARTNAME=(.*)$/m.exec(attribute(folder, name, 'uevent'))?.[1] ?? '')
  const isHeld = [folder, ...partitions.map(name => join(folder, name))].some(
    one => existsSync(join(one, 'holders')) && readdirSync(join(one, 'holders')).length > 0,
  )
  return isHeld || names.filter(name => ownPartitions.includes(name)).length >= 2
}

/** What may be a stick and what is on it, the partitions of a disk in their order, then the disk itself. */
export function findVolumes(root: string): Volume[] {
  const blocks = join(root, 'sys/block')
  if (!existsSync(blocks)) return []
  const disks = readdirSync(blocks)
    .filter(name => !notDisks.test(name))
    .sort()
    .slice(0, DISKS_MAX)
  return disks.flatMap(disk => {
    const folder = join(blocks, disk)
    // a card reader without a card is a disk of no size
    if (!isStick(folder) || Number(attribute(folder, 'size')) === 0) return []
    const partitions = partitionsOf(folder, disk)
    if (isOurs(folder, partitions)) return []
    const isReadOnly = attribute(folder, 'ro') === '1'
    return [...partitions, disk].map(name => {
      const device = join(root, 'dev', name)
      return { device, isReadOnly, format: formatOf(device) }
    })
  })
}

function formatOf(device: string): Format {
  const sector = Buffer.alloc(SECTOR_BYTES)
  try {
    const file = openSync(device, 'r')
    try {
      if (readSync(file, sector, 0, SECTOR_BYTES, 0) < SECTOR_BYTES) return 'unknown'
    } finally {
      closeSync(file)
    }
  } catch (error) {
    // pulled out between two looks, or broken
    if (error instanceof Error && 'code' in error) return 'unreadable'
    throw error
  }
  return formatOfSector(sector)
}

/**
 * By the boot sector: FAT as Microsoft's "FAT32 File System Specification" 1.03 page 7 has it, exFAT and NTFS by the name at
 * offset 3. The partition table of a whole disk (MBR) has the same last two bytes, and no file system's numbers.
 */
export function formatOfSector(sector: Buffer): Format {
  if (sector.readUInt16LE(510) !== 0xaa55) return 'unknown'
  const name = sector.toString('latin1', 3, 11)
  if (name === 'EXFAT   ') return 'exfat'
  if (name === 'NTFS    ') return 'ntfs'
  const bytesPerSector = sector.readUInt16LE(11)
  const sectorsPerCluster = sector[13]
  const isFat =
    (sector[0] === 0xeb || sector[0] === 0xe9) &&
    [512, 1024, 2048, 4096].includes(bytesPerSector) &&
    sectorsPerCluster > 0 &&
    (sectorsPerCluster & (sectorsPerCluster - 1)) === 0 &&
    (sector[16] === 1 || sector[16] === 2) &&
    sector.readUInt16LE(14) > 0
  return isFat ? 'fat' : 'unknown'
}
