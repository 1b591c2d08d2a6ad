// The head of a device's chain: what its next batch has to follow.
import * as z from 'zod'
import type { Reader, Transaction } from '../register/register.ts'
import { blobOf, hexBlob } from '../register/values.ts'

/** The last batch of a device, stored or shed: sequence 0 and 32 zero bytes before the first. */
export interface Head {
  readonly sequence: number
  /** Hexadecimal. */
  readonly hash: string
}

export const noHead: Head = { sequence: 0, hash: '00'.repeat(32) }

const headSchema = z.object({ sequence: z.int(), hash: hexBlob })

/** By the register's number of the device. */
export function headOf(reader: Reader, deviceId: number): Head {
  return reader.read(headSchema, 'SELECT sequence, hash FROM heads WHERE device = $deviceId', { deviceId })[0]
}

export function headOfUuid(reader: Reader, device: string): Head {
  const sql = 'SELECT h.sequence, h.hash FROM heads h JOIN devices d ON d.id = h.device WHERE d.device = $device'
  return reader.read(headSchema, sql, { device })[0]
}

export function moveHead(transaction: Transaction, deviceId: number, { sequence, hash }: Head): void {
  const sql = 'UPDATE heads SET sequence = $sequence, hash = $hash WHERE device = $deviceId'
  transaction.run(sql, { deviceId, sequence, hash: blobOf(hash) })
}
