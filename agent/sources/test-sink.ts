// For tests: a sink that keeps what it is given as text, and lets a test wait for it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sink } from './source.ts'

const STEP_MS = 5
const PATIENCE_MS = 10_000

/** Waits until the condition is true; throws, with what it waited for, after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !condition(); waited += STEP_MS) {
    if (waited > PATIENCE_MS) throw new Error(`timed out waiting for ${what}`)
    await sleep(STEP_MS)
  }
}

export class TestSink implements Sink {
  /** `peer message`, or `peer !reason` for what was refused. */
  readonly received: string[] = []
  receivedAtMs = 0

  deliver(bytes: Uint8Array, start: number, end: number, peer: string): void {
    this.received.push(`${peer} ${Buffer.from(bytes.subarray(start, end)).toString('latin1')}`)
  }

  refuse(reason: string, peer: string): void {
    this.received.push(`${peer} !${reason}`)
  }

  async receives(text: string): Promise<void> {
    await until(() => this.received.some(line => line.includes(text)), `${text}; received: ${this.received.join(' | ').slice(0, 200)}`)
  }
}

export const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))
