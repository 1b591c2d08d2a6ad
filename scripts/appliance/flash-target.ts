// From a path to what may be written: what it is, and then the open disk. It is opened for this program alone, which the kernel
// refuses while anything of it is in use (open(2), O_EXCL on a block device), and looked at again after it was opened: names
// like /dev/sdb go to another disk when sticks are swapped.
import { constants, realpathSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Roots, readDisk } from './flash-facts.ts'
import { FlashFault, faultAbout } from './flash-fault.ts'
import type { Target } from './flash-rules.ts'

/** makedev(3): twelve bits of the major and eight of the minor number, the rest of the minor above. */
export const numberText = (device: number): string => `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`

export const system: Roots = {
  sys: '/sys',
  proc: '/proc',
  udev: '/run/udev',
  numberOf: path => {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isBlockDevice() ? numberText(found.rdev) : undefined
  },
}

/** Links, as in /dev/disk/by-id, are followed: what is shown, asked and written is what they lead to. */
export function lookAt(asked: string, wantsFile: boolean, roots: Roots = system): Target {
  const given = resolve(asked)
  const found = statSync(given, { throwIfNoEntry: false })
  if (found === undefined) return { kind: 'absent', path: given }
  const path = realpathSync(given)
  if (found.isFile() && wantsFile) return { kind: 'file', path, bytes: found.size }
  if (!found.isBlockDevice() || wantsFile) return { kind: 'other', path, what: wantsFile ? 'not a regular file' : 'not a disk' }
  const disk = readDisk(numberText(found.rdev), roots)
  return disk === undefined
    ? { kind: 'other', path, what: 'a device that the kernel does not know (any more)' }
    : { kind: 'disk', path, disk }
}

export async function openTarget(target: Target, roots: Roots = system): Promise<FileHandle> {
  const { path } = target
  try {
    const exclusive = target.kind === 'disk' ? constants.O_EXCL : 0
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | exclusive)
    if (target.kind === 'disk') {
      const number = numberText((await handle.stat()).rdev)
      const now = readDisk(number, roots)
      const { disk } = target
      if (number !== disk.number || now?.sequence !== disk.sequence || now.bytes !== disk.bytes || now.serial !== disk.serial) {
        await handle.close()
        throw new FlashFault(`${path} is now a different disk from the one you confirmed. Nothing was written.`)
      }
    }
    return handle
  } catch (error) {
    throw faultAbout(path, error)
  }
}
