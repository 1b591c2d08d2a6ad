// How much room the disk has to have. Central stops storing before the disk is full, not after: what is kept in reserve is
// for the database to write its log back, for the operator, and for revoking. Pure.

export interface Disk {
  readonly freeBytes: number
  readonly sizeBytes: number
}

const MIB = 1024 * 1024
/** Several times a DuckDB log, which is written back at 16 MiB, and a transaction of 32,768 rows. */
const RESERVE_LEAST_BYTES = 64 * MIB
const RESERVE_MOST_BYTES = 1024 * MIB

/** What is kept free of a disk if the operator names nothing else: a tenth; on a small disk more of it. */
export const reserveFor = ({ sizeBytes }: Disk): number =>
  Math.min(RESERVE_MOST_BYTES, Math.max(Math.min(RESERVE_LEAST_BYTES, sizeBytes / 4), sizeBytes / 10))

/** `scarce`: there is some, but not for those who have stored most; `none`: what is left is the reserve. */
export type Room = 'enough' | 'scarce' | 'none'

export function roomOf({ freeBytes }: Disk, reserveBytes: number): Room {
  if (freeBytes < reserveBytes) return 'none'
  return freeBytes < 2 * reserveBytes ? 'scarce' : 'enough'
}
