// For tests: rows of arrivals in short, put into the hour that is now.
import { generateKeyPairSync } from 'node:crypto'
import type { Arrivals } from '../arrivals/arrivals.ts'
import { batchOf, type TestEvent } from '../arrivals/test-batches.ts'
import { type AuditKey, auditKeyOf } from '../audit/key.ts'

export const newAuditKey = (): AuditKey => auditKeyOf(generateKeyPairSync('ed25519').privateKey)

export interface Row {
  readonly member?: number
  /** The last byte of an address in 203.0.113.0/24; none if null. */
  readonly source?: number | null
  readonly action?: number
  readonly gateway?: number
  readonly rule?: number
  readonly time?: number
}

/** 203.0.113.x as a number. */
export const address = (last: number): number => 0xcb00_7100 + last
/** The same as arrivals and the register have it. */
export const addressNumber = (last: number): bigint => 0xffff_0000_0000n + BigInt(address(last))
export const addressBytes = (last: number): Buffer => Buffer.from(addressNumber(last).toString(16).padStart(32, '0'), 'hex')

let sequence = 0

/** Each row in a batch of its own. */
export async function addRows(arrivals: Arrivals, nowMs: number, rows: readonly Row[]): Promise<void> {
  await arrivals.append(
    rows.map(({ member = 1, source = 1, action = 2, gateway = 1, rule = -1, time = nowMs / 1000 + 5 }) => {
      const event: TestEvent = {
        time,
        action,
        gateway,
        rule,
        destination: 0xc633_6405,
        destinationPort: 22,
        reason: 'blocked-from-outside',
      }
      return batchOf([source === null ? event : { ...event, source: address(source), sourcePort: 40_000 }], {
        member,
        sequence: ++sequence,
      })
    }),
  )
}
