// How much room the disk of a folder has, and what of it may be used.
import { statfsSync } from 'node:fs'
import { type Disk, type Room, reserveFor, roomOf } from './limits/room.ts'
import { Refusal } from './refusals.ts'

export const FULL_RETRY_SECONDS = 60

export function readDisk(folder: string): Disk {
  const { bavail, blocks, bsize } = statfsSync(folder)
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
}

export class FolderRoom {
  readonly reserveBytes: number
  private readonly folder: string

  /** `reserveBytes`: free room that only the operator's commands may use; by default a part of the disk. */
  constructor(folder: string, reserveBytes?: number) {
    this.folder = folder
    this.reserveBytes = reserveBytes ?? reserveFor(readDisk(folder))
  }

  get room(): Room {
    return roomOf(readDisk(this.folder), this.reserveBytes)
  }

  /** For the operator. */
  get disk() {
    return { ...readDisk(this.folder), reserveBytes: this.reserveBytes, room: this.room }
  }

  /** Refusal central-full if what room there is is the reserve. */
  check(): void {
    if (this.room === 'none') throw new Refusal('central-full', { retryAfterSeconds: FULL_RETRY_SECONDS })
  }
}
