// A slot of a disk that is not running, to look into.
import type { Test } from 'tap'
import * as ground from './ground.ts'

/** Mounts the partition for as long as `look` takes; where files cannot be mounted, the test says so and does not look. */
export function lookInto(t: Test, disk: string, partition: string, look: (place: string) => void): void {
  const place = ground.folderOf('slot')
  try {
    ground.tool('mount', '-o', `ro,loop,offset=${ground.partition(disk, partition).offset}`, disk, place)
  } catch (error) {
    t.skip(`a file cannot be mounted here: ${error}`, async () => undefined)
    return
  }
  try {
    look(place)
  } finally {
    ground.tool('umount', place)
  }
}
