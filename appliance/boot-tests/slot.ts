// A slot of a disk that is not running, to look into.
import { mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import * as ground from './ground.ts'

/** Mounts the partition, read-only, for as long as `look` takes. Throws where files cannot be mounted. */
export function withSlot(disk: string, partition: string, look: (place: string) => void): void {
  const place = mkdtempSync(join(ground.folder, 'slot-'))
  try {
    ground.tool('mount', '-o', `ro,loop,offset=${ground.partition(disk, partition).offset}`, disk, place)
    try {
      look(place)
    } finally {
      ground.tool('umount', place)
    }
  } finally {
    rmdirSync(place)
  }
}

/** The same for a test, which says so and does not look where files cannot be mounted. */
export function lookInto(t: Test, disk: string, partition: string, look: (place: string) => void): void {
  let isMounted = false
  try {
    withSlot(disk, partition, place => {
      isMounted = true
      look(place)
    })
  } catch (error) {
    if (isMounted) throw error
    t.skip(`a file cannot be mounted here: ${error}`, async () => undefined)
  }
}
