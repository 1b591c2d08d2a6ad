// How much room the disk of a folder has.
import { statfsSync } from 'node:fs'
import type { Disk } from '../limits/room.ts'

export function readDisk(folder: string): Disk {
  const { bavail, blocks, bsize } = statfsSync(folder)
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
}
