// The clocks of this machine (clock.ts says what is made of them).
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import type { Reading } from './clock.ts'

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** `wall` is central's clock. The monotonic one is CLOCK_BOOTTIME: it goes on while the machine is suspended. */
export function machineClock(wall: () => number): () => Reading {
  const boot = readBoot()
  return () => ({ wallMs: wall(), monotonicMs: Math.round(uptime() * 1000), boot })
}

/** Where it cannot be read, each start of central counts as one of the machine: a long pause is confirmed first. */
function readBoot(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim()
  } catch {
    return crypto.randomUUID()
  }
}
