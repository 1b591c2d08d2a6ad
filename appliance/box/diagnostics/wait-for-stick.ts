// Waits until a USB stick is there that this box can use.
import { setTimeout as sleep } from 'node:timers/promises'
import { StickFault } from './stick-fault.ts'
import { findVolumes, type Volume } from './usb.ts'

const LOOK_EVERY_MS = 500

/** The first volume that can be read, or written. A stick that cannot is told only when the time is over: a better one may come. */
export async function waitForStick(root: string, waitMs: number, signal: AbortSignal, use: 'read' | 'write'): Promise<Volume> {
  const deadline = performance.now() + waitMs
  for (;;) {
    const volumes = findVolumes(root)
    const volume = volumes.find(one => one.format === 'fat' && (use === 'read' || !one.isReadOnly))
    if (volume !== undefined) return volume
    if (performance.now() >= deadline || signal.aborted) throw faultOf(volumes)
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined) // an end is seen above
  }
}

function faultOf(volumes: readonly Volume[]): StickFault {
  if (volumes.length === 0) return new StickFault('stick-missing', 'No USB stick was found.')
  if (volumes.some(one => one.format === 'fat')) return new StickFault('stick-write-protected', 'The stick is write-protected.')
  const other = volumes.find(one => one.format === 'exfat' || one.format === 'ntfs')
  if (other !== undefined)
    return new StickFault(
      'stick-format-wrong',
      `The stick is formatted as ${other.format === 'exfat' ? 'exFAT' : 'NTFS'}, which this box does not know.`,
    )
  return new StickFault('stick-format-wrong', 'There is no FAT file system on the stick.')
}
