// How much of the disk is used.
import type { Setting } from '../setting.ts'
import { number } from '../shapes.ts'

export const storage = {
  'spool.quotaMiB': {
    scope: 'agent',
    category: 'storage',
    label: 'Queue limit',
    help: 'Disk space in MiB for batches that wait for central. When it is full, the oldest of low value are discarded and counted.',
    default: '2048',
    shape: number(1, 1_048_576),
    maxLength: 10,
  },
  'ledger.quotaMiB': {
    scope: 'agent',
    category: 'storage',
    label: 'Ledger limit',
    help: 'Disk space in MiB for the record of what left this machine. When it is full, the oldest entries are removed.',
    default: '512',
    shape: number(1, 1_048_576),
    maxLength: 10,
  },
} as const satisfies Readonly<Record<string, Setting>>
