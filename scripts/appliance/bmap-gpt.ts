// The partitions of a disk as its GUID partition table states them (UEFI 2.10 §5.3). Pure, and only as much as the block map
// needs: where each one begins and ends. What does not look sound gives undefined, and then nothing is assumed.

export const SECTOR = 512
/** Protective MBR, header and 128 entries of 128 bytes. */
export const GPT_HEAD_BYTES = 34 * SECTOR

export interface Partition {
  readonly name: string
  readonly start: number
  /** The first byte behind it. */
  readonly end: number
}

/** `head` is the first GPT_HEAD_BYTES of the disk. */
export function readPartitions(head: Buffer, diskBytes: number): readonly Partition[] | undefined {
  if (head.length < GPT_HEAD_BYTES || head.toString('latin1', SECTOR, SECTOR + 8) !== 'EFI PART') return undefined
  const header = head.subarray(SECTOR, 2 * SECTOR)
  const entries = header.readUInt32LE(80)
  if (header.readBigUInt64LE(72) !== 2n || entries > 128 || header.readUInt32LE(84) !== 128) return undefined
  const partitions: Partition[] = []
  for (let i = 0; i < entries; i++) {
    const entry = head.subarray(2 * SECTOR + i * 128, 2 * SECTOR + (i + 1) * 128)
    if (entry.subarray(0, 16).every(byte => byte === 0)) continue
    const start = Number(entry.readBigUInt64LE(32)) * SECTOR
    const end = (Number(entry.readBigUInt64LE(40)) + 1) * SECTOR
    if (start < GPT_HEAD_BYTES || end <= start || end > diskBytes) return undefined
    partitions.push({ name: entry.toString('utf16le', 56, 128).replace(/\0.*$/s, ''), start, end })
  }
  return partitions
}
