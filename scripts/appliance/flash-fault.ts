// What stops flashing, as a message for the user; anything else that is thrown is a bug of the program.

export class FlashFault extends Error {}

/** What the kernel's codes mean for a disk that is being written or read (errno(3)). */
const meanings: Readonly<Record<string, string>> = {
  EACCES: 'may not be opened by you: run the same command with sudo',
  EPERM: 'may not be written: run the same command with sudo, and look whether a container or a policy forbids it',
  EBUSY: 'is in use by the kernel (a filesystem, swap, RAID, LVM, ZFS): unmount or stop that first',
  EROFS: 'is write-protected: look for a small switch at its side',
  ENOMEDIUM: 'has no medium in it',
  ENXIO: 'is gone: it was unplugged, or its cable or reader failed',
  ENODEV: 'is gone: it was unplugged, or its cable or reader failed',
  ENOENT: 'is gone: it was unplugged, or its cable or reader failed',
  EIO: 'answered with an error: it was unplugged, or it is worn out or broken. Try another port, then another disk',
  EREMOTEIO: 'answered with an error: it was unplugged, or it is worn out or broken. Try another port, then another disk',
  ENOSPC: 'ended early: it is smaller than it claims, as counterfeit memory sticks are',
}

/** `error` as a fault about `path`; what is not about a disk is handed back as it is. */
export function faultAbout(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const meaning = meanings[code]
  return meaning === undefined ? error : new FlashFault(`${path} ${meaning} (${code}).`, { cause: error })
}

/** Text that a disk or a file brought along must not move the cursor, nor turn the reading order. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, 200)
