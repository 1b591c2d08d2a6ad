// The disk with the data: how much of it is free, and what its file system says of itself.
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineFacts } from '../facts.ts'
import { namesIn, numberIn, smallFile } from './small-file.ts'

export function freeOf(path: string): MachineFacts['disk'] {
  try {
    const { bavail, blocks, ffree, files } = statfsSync(path)
    if (blocks === 0) return undefined
    // btrfs and xfs with a few files say 0, or make inodes as they need them
    return { freePercent: (100 * bavail) / blocks, freeInodesPercent: files === 0 ? undefined : (100 * ffree) / files }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

interface Mount {
  readonly device: string
  readonly isReadOnly: boolean
}

/** Line of mountinfo (proc_pid_mountinfo(5)): `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`. */
const LINE = /^\d+ \d+ (\d+:\d+) \S+ \S+ (\S+) .*?- \S+ \S+ (\S+)$/

/** The mount that holds the path, by its device. Only the file system's own state counts: a mount may be read-only for one service. */
export function mountOf(mountInfo: string, device: string): Mount | undefined {
  for (const line of mountInfo.split('\n')) {
    const found = LINE.exec(line)
    if (found?.[1] === device) return { device, isReadOnly: found[3].split(',')[0] === 'ro' }
  }
  return undefined
}

/** As `stat` numbers it: 12 bits of major, 20 of minor, in two parts each (gnu_dev_major of glibc). */
function deviceOf(path: string): string | undefined {
  try {
    const device = BigInt(statSync(path, { bigint: true }).dev)
    const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)
    const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n)
    return `${major}:${minor}`
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

export function fileSystemOf(path: string, { proc, sys }: { proc: string; sys: string }): Pick<MachineFacts, 'isReadOnly' | 'diskErrors'> {
  const device = deviceOf(path)
  if (device === undefined) return { isReadOnly: undefined, diskErrors: undefined }
  const mount = mountOf(smallFile(join(proc, 'self/mountinfo')) ?? '', device)
  return { isReadOnly: mount?.isReadOnly, diskErrors: ext4ErrorsOf(device, sys) }
}

/** errors_count of ext4 (Documentation/ABI/testing/sysfs-fs-ext4): it outlives a restart, and only a check of the file system resets it. */
function ext4ErrorsOf(device: string, sys: string): number | undefined {
  const name = namesIn(join(sys, 'fs/ext4')).find(one => smallFile(join(sys, 'class/block', one, 'dev'))?.trim() === device)
  return name === undefined ? undefined : numberIn(join(sys, 'fs/ext4', name, 'errors_count'))
}
